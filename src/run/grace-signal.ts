/** For requests that create something to revoke: a stopped run still waits for their answer. */
import { IamRaError } from '../errors.ts'
import type { Clock } from './runtime.ts'

/** How long a stopped run waits for an answer that creates something to revoke; revoking it then gets as long again. */
export const GRACE_MS = 1000

export interface GraceSignal {
  readonly signal: AbortSignal
  /** Must always be called, or the timer keeps running. */
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
  // A request that has not begun yet need not begin.
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

/** Why a run that failed with `error` ended: if it was stopped, the reason is the stop, not an error that came afterwards. */
export function reasonOfEnd(signal: AbortSignal, error: unknown): unknown {
  const reason: unknown = signal.reason
  return reason instanceof IamRaError && reason.code === 'INTERRUPTED' ? reason : error
}
