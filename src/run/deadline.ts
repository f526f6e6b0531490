/** One deadline and one stop signal over all steps of a run. */
import { IamRaError } from '../errors.ts'
import { seconds } from '../text/time.ts'

import type { Clock } from './runtime.ts'

/** The limits of a run: its signal is aborted by a process signal or when the deadline passes. */
export interface Bounds {
  readonly signal: AbortSignal
  /** Milliseconds until the deadline. */
  remainingMs(): number
  readonly deadlineMs: number
}

export interface RunBounds extends Bounds {
  /** Releases the deadline's timer. */
  release(): void
}

/** @param interrupt is aborted with an IamRaError: INTERRUPTED by a process signal, INTERNAL by a bug */
export function createBounds(deadlineMs: number, clock: Clock, interrupt: AbortSignal): RunBounds {
  const startMs = clock.elapsed()
  const ended = new AbortController()
  const released = new AbortController()
  const onInterrupt = (): void => ended.abort(interrupt.reason)
  if (interrupt.aborted) onInterrupt()
  interrupt.addEventListener('abort', onInterrupt, { once: true })
  clock.sleep(deadlineMs, released.signal).then(
    () => ended.abort(deadlinePassed(deadlineMs)),
    () => undefined,
  )
  return {
    signal: ended.signal,
    deadlineMs,
    remainingMs: () => deadlineMs - (clock.elapsed() - startMs),
    release: () => {
      interrupt.removeEventListener('abort', onInterrupt)
      released.abort()
    },
  }
}

function deadlinePassed(deadlineMs: number): IamRaError {
  return new IamRaError('DEADLINE', 'internal', `DEADLINE of ${seconds(deadlineMs)} ran out`, {
    hint: 'raise DEADLINE, or run with --verbose to see which step is slow',
  })
}
