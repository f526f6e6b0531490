/** Keeps credentials fresh: one run after another, each at its moment, whatever became of the one before. */
import { createBounds, type Bounds } from '../run/deadline.ts'
import { seconds } from '../text/time.ts'
import { asIamRaError, IamRaError } from '../errors.ts'
import { createFailureLog } from './failure-log.ts'
import { createLeases } from './leases.ts'
import type { Logger } from '../run/log.ts'
import { renewalAt, renewalPauseMs } from './schedule.ts'
import type { Runtime } from '../run/runtime.ts'
import { createJumpWatch, earlier, momentIn, untilMs, type Moment } from './moment.ts'
import type { Obtained, SessionCredentials } from '../credentials.ts'
import type { RefreshStatus } from './status.ts'

export interface RefresherOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly logger: Logger
  /** Of each run, storing included. */
  readonly deadlineMs: number
  /** Brings credentials; never asked again before it has answered. @throws IamRaError */
  obtain(bounds: Bounds): Promise<Obtained>
  /**
   * Puts them where apps find them; absent where `current` is that place. While it fails, what was obtained is kept for
   * the next run until its own renewal is due: AWS need not be asked again because a disk is full. @throws IamRaError
   */
  store?(obtained: Obtained, bounds: Bounds): Promise<void>
}

export interface Refresher {
  status(): RefreshStatus
  /** Those in use while they are alive by both clocks; undefined before the first and after their end. */
  current(): SessionCredentials | undefined
  /**
   * Asks for a run that begins from now on: what changed is then read by it. So a run in flight does not do, and one more
   * follows it, however many ask meanwhile.
   */
  renewNow(): void
  /**
   * Runs until `interrupt` is aborted with INTERRUPTED, and resolves once the run in flight has ended and every lease was.
   * @param firstInMs until the first run, unless one is asked for
   * @throws IamRaError INTERNAL, for a bug that stopped it
   */
  run(interrupt: AbortSignal, firstInMs: number): Promise<void>
}

/** Credentials with what was found out when they came, before a slow or failing store could move it. */
interface Held {
  readonly obtained: Obtained
  readonly obtainedAtMs: number
  readonly renewAt: Moment
  readonly endsAt: Moment
}

/** How often the clocks are compared: random between this and twice it, so that the pods of a resumed node come apart. */
const SLICE_MS = 15_000
/** After a jump, those whose credentials are not due anyway come back within this. */
const JUMP_SPREAD_MS = 60_000
/** Who reloads us in a loop must not take the account's ten sessions a second. */
const ASKED_GAP_MS = 1000

export function createRefresher(options: RefresherOptions): Refresher {
  const { logger, deadlineMs } = options
  const { clock, random } = options.runtime
  const leases = createLeases(clock)
  const failureLog = createFailureLog(clock, logger)
  let inUse: Held | undefined
  /** What the next run goes on from: in use, or still to be stored. */
  let latest: Held | undefined
  let due: Moment | undefined
  let endedMs = Number.NEGATIVE_INFINITY
  let isAsked = false
  let [succeeded, failed, failedInARow] = [0, 0, 0]
  let failure: IamRaError | undefined
  let nap = new AbortController()

  async function refresh(interrupt: AbortSignal): Promise<void> {
    interrupt.throwIfAborted()
    // Other keys where a run was asked for, not those of a lease lengthened: Vault's role may be what changed. Where that
    // fails, the lease and what is still to be stored are there for the next run.
    const wasAsked = isAsked
    const held = wasAsked ? undefined : latest
    isAsked = false
    const bounds = createBounds(deadlineMs, clock, interrupt)
    try {
      const next = isToBeStored(held) ? held : hold(await obtain(held, bounds))
      latest = next
      await options.store?.(next.obtained, bounds)
      succeed(next)
    } catch (error) {
      interrupt.throwIfAborted()
      fail(asIamRaError(error), wasAsked)
    } finally {
      bounds.release()
      endedMs = clock.elapsed()
    }
  }

  function isAlive(held: Held | undefined): held is Held {
    return held !== undefined && untilMs(held.endsAt, clock) > 0
  }

  function isToBeStored(held: Held | undefined): held is Held {
    return held !== undefined && held !== inUse && untilMs(held.renewAt, clock) > 0
  }

  async function obtain(held: Held | undefined, bounds: Bounds): Promise<Obtained> {
    const lease = isAlive(held) ? held.obtained.lease : undefined
    if (lease === undefined) return await options.obtain(bounds)
    let refusal: IamRaError | undefined
    try {
      const credentials = await lease.renew(bounds)
      if (credentials !== undefined) return { credentials, lease }
    } catch (error) {
      refusal = asIamRaError(error)
      // Nothing is left of the time for a login.
      if (bounds.signal.aborted || refusal.code === 'DEADLINE') throw error
    }
    const obtained = await options.obtain(bounds)
    if (refusal !== undefined) {
      const { message, stage, code, hint } = refusal
      logger.warn(`the lease was not renewed, so new keys were made: ${message}`, { stage, code, hint })
    }
    return obtained
  }

  function hold(obtained: Obtained): Held {
    const obtainedAtMs = clock.now()
    const { expiresAtMs } = obtained.credentials
    const lifeMs = expiresAtMs - obtainedAtMs
    if (obtained.lease !== undefined) leases.hold(obtained.lease, lifeMs)
    const renewInMs = renewalAt({ obtainedAtMs, expiresAtMs }, random()) - obtainedAtMs
    return { obtained, obtainedAtMs, renewAt: momentIn(renewInMs, clock), endsAt: momentIn(lifeMs, clock) }
  }

  function succeed(next: Held): void {
    inUse = next
    succeeded += 1
    failedInARow = 0
    failure = undefined
    failureLog.succeeded()
    due = next.renewAt
  }

  function fail(error: IamRaError, wasAsked: boolean): void {
    failed += 1
    failedInARow += 1
    failure = error
    const leftMs = inUse === undefined ? 0 : untilMs(inUse.endsAt, clock)
    const pauseMs = renewalPauseMs(failedInARow, leftMs, random(), error.retryAfterMs)
    due = momentIn(pauseMs, clock)
    const left = inUse && { expiresAtMs: inUse.obtained.credentials.expiresAtMs, leftMs }
    failureLog.failed(error, pauseMs, left, wasAsked)
  }

  async function untilDue(interrupt: AbortSignal, noticeJump: () => void): Promise<void> {
    for (;;) {
      interrupt.throwIfAborted()
      noticeJump()
      leases.endLapsed()
      if (isAsked) advance(endedMs + ASKED_GAP_MS - clock.elapsed())
      const leftMs = due === undefined ? 0 : untilMs(due, clock)
      if (leftMs <= 0) return
      await sleep(Math.min(leftMs, SLICE_MS * (1 + random())), interrupt)
    }
  }

  function advance(ms: number): void {
    const moment = momentIn(Math.max(0, ms), clock)
    due = due === undefined ? moment : earlier(due, moment)
  }

  async function sleep(ms: number, interrupt: AbortSignal): Promise<void> {
    nap = new AbortController()
    const wake = (): void => nap.abort()
    interrupt.addEventListener('abort', wake, { once: true })
    try {
      await clock.sleep(ms, nap.signal)
    } catch (error) {
      if (!nap.signal.aborted) throw error
    } finally {
      interrupt.removeEventListener('abort', wake)
    }
  }

  /** Every end was reckoned with the clock as it was, and Vault's leases have no other. */
  function jumpNoticer(): () => void {
    const watch = createJumpWatch(clock)
    return () => {
      const jumpMs = watch.jumpedMs()
      if (jumpMs === 0) return
      const by = seconds(Math.abs(jumpMs))
      logger.warn(
        jumpMs > 0
          ? `the clock went ${by} ahead, as after a suspension: renewing`
          : `the clock was set back by ${by}: renewing`,
      )
      latest = inUse
      advance(random() * JUMP_SPREAD_MS)
    }
  }

  return {
    status: () => ({
      succeeded,
      failed,
      ...(inUse && { credentials: inUse.obtained.credentials, obtainedAtMs: inUse.obtainedAtMs }),
      ...(due && { nextRunAtMs: due.epochMs }),
      ...(failure && { failure }),
    }),
    current: () => (isAlive(inUse) ? inUse.obtained.credentials : undefined),
    renewNow: () => {
      isAsked = true
      nap.abort()
    },
    run: async (interrupt, firstInMs) => {
      const noticeJump = jumpNoticer()
      due = momentIn(firstInMs, clock)
      try {
        for (;;) {
          await untilDue(interrupt, noticeJump)
          await refresh(interrupt)
        }
      } catch (error) {
        if (!(error instanceof IamRaError) || error.code !== 'INTERRUPTED') throw error
      } finally {
        await leases.endAll()
      }
    },
  }
}
