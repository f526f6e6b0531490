/** One deadline for everything, exponential back-off with full jitter, and the server's own Retry-After. */
import { IamRaError, type Stage } from '../errors.ts'
import type { Bounds } from './deadline.ts'
import { seconds } from '../text/time.ts'
import type { Logger } from './log.ts'
import type { Runtime } from './runtime.ts'

export interface RetryContext {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly bounds: Bounds
  readonly logger: Pick<Logger, 'step' | 'warn'>
  /** The number of the failed attempt that is logged as a warning; the others are steps. Absent: all are steps. */
  readonly warnAt?: number
  /** No pause is longer, but for a Retry-After. Absent: it depends on the failure and on the time left. */
  readonly mostPauseMs?: number
}

const FIRST_CEILING_MS = 500
/** A server that is down or unreachable is tried again soon. */
const CEILING_MS = 15_000
/**
 * Throttling, and timeouts that look like a full queue, mean a crowd: back off further the more time is left. With 10,000
 * pods at once each asks 16 times instead of 70, and the last one is served at 1.04 times the minimum instead of 1.02.
 * docs/large-jobs.md compares other ceilings.
 */
const CROWD_SHARE = 1 / 4
const CROWD_CEILING_MS = 120_000
/** Jitter may come out as zero; a refused connection must not become a busy loop. */
const FLOOR_MS = 50

/** Limit for one attempt: a TokenReview or a loaded Vault may take seconds; a dropped packet must not use up DEADLINE. */
export const ATTEMPT_MS = 15_000

/** The last attempt ends this much before the deadline, so that the error names the server that did not answer. */
const SPARE_MS = 50

/** If the deadline cut an attempt to less than this, its timeout says less than the previous error. */
const SHORT_MS = 1000

/** A pause ends at least this long before the deadline, so that one more attempt can still be answered. */
const LAST_MS = 250

/**
 * Runs `attempt` until it succeeds, fails for good, or the deadline leaves no time for another.
 * @param attempt gets the milliseconds that it may take
 * @throws IamRaError: the attempt's own if it is final, DEADLINE with the last one's sentence if time ran out
 */
export async function retry<T>(
  what: string,
  stage: Stage,
  { runtime, bounds, logger, warnAt, mostPauseMs = Infinity }: RetryContext,
  attempt: (timeoutMs: number) => Promise<T>,
): Promise<T> {
  let last: IamRaError | undefined
  // From the latest answer only: an attempt without an answer asks for nothing.
  let askedMs: number | undefined
  for (let count = 1; ; count += 1) {
    const timeoutMs = Math.min(ATTEMPT_MS, Math.max(1, bounds.remainingMs() - SPARE_MS))
    try {
      return await attempt(timeoutMs)
    } catch (error) {
      if (error instanceof IamRaError && error.code === 'DEADLINE')
        throw last === undefined ? unanswered(what, stage, error) : outOfTime(stage, bounds, count, last)
      if (!(error instanceof IamRaError) || !error.retryable) throw error
      last = last !== undefined && error.code === 'TIMEOUT' && timeoutMs < SHORT_MS ? last : error
      askedMs = error.retryAfterMs
    }
    // If a process signal came first, report the stop, even if the last attempt failed after it.
    const stopped: unknown = bounds.signal.reason
    if (stopped instanceof IamRaError && stopped.code === 'INTERRUPTED') throw stopped
    const roomMs = bounds.remainingMs() - LAST_MS - (askedMs ?? 0)
    if (roomMs < FLOOR_MS) throw outOfTime(stage, bounds, count, last, askedMs)
    const waitMs = pauseMs(count, askedMs, runtime.random(), Math.min(mostPauseMs, ceilingMs(last, roomMs)))
    logger[count === warnAt ? 'warn' : 'step'](
      `${what} failed, next attempt in ${seconds(waitMs)}: ${last.message}`,
      {
        stage,
        attempt: count,
      },
    )
    try {
      await runtime.clock.sleep(waitMs, bounds.signal)
    } catch (error) {
      if (error instanceof IamRaError && error.code === 'DEADLINE')
        throw outOfTime(stage, bounds, count, last)
      throw error
    }
  }
}

/** @param roomMs time that the deadline leaves for the pause; it is random, so that pods do not all return at its end */
function ceilingMs({ code }: IamRaError, roomMs: number): number {
  if (code !== 'THROTTLED' && code !== 'TIMEOUT') return Math.min(roomMs, CEILING_MS)
  return Math.min(roomMs, Math.max(CEILING_MS, Math.min(CROWD_CEILING_MS, roomMs * CROWD_SHARE)))
}

/** Full jitter: anywhere between zero and a ceiling that doubles; a server's Retry-After is the minimum. */
export function pauseMs(
  attempt: number,
  retryAfterMs: number | undefined,
  random: number,
  greatestMs = CEILING_MS,
): number {
  const ceiling = Math.min(greatestMs, FIRST_CEILING_MS * 2 ** (attempt - 1))
  return Math.max(FLOOR_MS, random * ceiling) + (retryAfterMs ?? 0)
}

/** The deadline passed during the first attempt, before the attempt itself gave up. */
function unanswered(what: string, stage: Stage, deadline: IamRaError): IamRaError {
  return new IamRaError('DEADLINE', stage, `no complete answer to ${what}: ${deadline.message}`, {
    cause: deadline,
    hint: deadline.hint,
  })
}

function outOfTime(
  stage: Stage,
  bounds: Bounds,
  attempts: number,
  last: IamRaError,
  askedMs?: number,
): IamRaError {
  const asked = askedMs === undefined ? '' : `; the server asked to wait ${seconds(askedMs)}`
  const tries = attempts === 1 ? 'one attempt' : `${attempts} attempts`
  return new IamRaError(
    'DEADLINE',
    stage,
    `${last.message} (gave up after ${tries}: DEADLINE of ${seconds(bounds.deadlineMs)} is used up${asked})`,
    { cause: last, hint: last.hint, retryAfterMs: last.retryAfterMs },
  )
}
