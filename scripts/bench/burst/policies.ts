/** Other retry policies than ours, for comparison: the loop is theirs, the errors and the bounds are the product's. */
import { IamRaError } from '../../../src/errors.ts'
import { ATTEMPT_MS, type retry } from '../../../src/run/retry.ts'

export type Policy = typeof retry

export interface Pause {
  /** The failed attempt, from 1. */
  readonly attempt: number
  readonly error: IamRaError
  readonly remainingMs: number
  random(): number
}

/** @param pauseMs returns undefined to give up */
export function policy(pauseMs: (pause: Pause) => number | undefined): Policy {
  return async (_what, stage, { runtime, bounds }, attempt) => {
    for (let count = 1; ; count += 1) {
      try {
        return await attempt(Math.min(ATTEMPT_MS, Math.max(1, bounds.remainingMs() - 50)))
      } catch (error) {
        if (!(error instanceof IamRaError) || !error.retryable) throw error
        const remainingMs = bounds.remainingMs()
        const waitMs = pauseMs({ attempt: count, error, remainingMs, random: runtime.random })
        if (waitMs === undefined) throw error
        if (waitMs >= remainingMs) throw new IamRaError('DEADLINE', stage, 'no time is left')
        await runtime.clock.sleep(waitMs, bounds.signal)
      }
    }
  }
}

/** Full jitter below a ceiling that doubles from half a second, whatever failed; it gives up if the pause is too long. */
export function fullJitter(ceilingMs: number): Policy {
  return policy(
    ({ attempt, error, random }) =>
      Math.max(50, random() * Math.min(ceilingMs, 500 * 2 ** (attempt - 1))) + (error.retryAfterMs ?? 0),
  )
}

/** AWS's signing helper 1.8.0 and its Go SDK's standard retryer: three attempts, ignoring Retry-After. */
export const HELPER: Policy = policy(({ attempt, random }) =>
  attempt < 3 ? random() * Math.min(20_000, 1000 * 2 ** attempt) : undefined,
)
