/** For requests that make something which has to be taken back: a run that is stopped still hears what became of them. */
import { IamRaError } from '../errors.ts'
import type { Clock } from './runtime.ts'

/** What is made at the moment of a stop is known within this; revoking it has as long again. */
export const GRACE_MS = 1000

export interface GraceSignal {
  readonly signal: AbortSignal
  /** To be called in any case, or the moment goes on being waited for. */
  release(): void
}

/** Aborted like `signal`, with its reason, but a moment later. */
export function graceSignal(signal: AbortSignal, clock: Pick<Clock, 'sleep'>): GraceSignal {
  const late = new AbortController()
  const released = new AbortController()
  const onAbort = (): void => {
    clock.sleep(GRACE_MS, released.signal).then(
      () => late.abort(signal.reason),
      () => undefined,
    )
  }
  // What has not begun yet need not begin.
  if (signal.aborted) late.abort(signal.reason)
  else signal.addEventListener('abort', onAbort, { once: true })
  return {
    signal: late.signal,
    release: () => {
      signal.removeEventListener('abort', onAbort)
      released.abort()
    },
  }
}

/** Why a run ends that failed with `error`: what came after a stop is not the reason, the stop is. */
export function reasonOfEnd(signal: AbortSignal, error: unknown): unknown {
  const reason: unknown = signal.reason
  return reason instanceof IamRaError && reason.code === 'INTERRUPTED' ? reason : error
}
