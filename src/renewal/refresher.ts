/** Keeps credentials fresh: one run after another, each when it is due, whatever the result of the one before. */
import type { Obtained, SessionCredentials } from '../credentials.ts'
import { asIamRaError, type IamRaError } from '../errors.ts'
import { createBounds, type Bounds } from '../run/deadline.ts'
import type { Logger } from '../run/log.ts'
import type { Runtime } from '../run/runtime.ts'
import { seconds } from '../text/time.ts'
import { createFailureLog } from './failure-log.ts'
import { createLeases } from './leases.ts'
import { createLoop } from './loop.ts'
import { createJumpWatch, momentIn, momentOf, untilMs } from './moment.ts'
import { renewOrObtain } from './obtain.ts'
import { renewalPauseMs } from './schedule.ts'
import { hold, INITIAL, step, type Event, type Held } from './state.ts'
import { statusOf, type RefreshStatus } from './status.ts'

export interface RefresherOptions {
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly logger: Logger
  /** For each run, including storing. */
  readonly deadlineMs: number
  /** Gets credentials; never called again before it has settled. @throws IamRaError */
  obtain(bounds: Bounds): Promise<Obtained>
  /**
   * Puts them where apps find them; absent if apps read `current`. If it fails, the credentials are kept for the next
   * run until they are due for renewal: AWS need not be asked again because a disk is full. @throws IamRaError
   */
  store?(obtained: Obtained, bounds: Bounds): Promise<void>
}

export interface Refresher {
  status(): RefreshStatus
  /** The credentials in use, as long as they are valid by both clocks; undefined before the first and once they expire. */
  current(): SessionCredentials | undefined
  /**
   * Requests a run that begins from now on, so that it reads what has changed. A run in flight does not count: one more
   * follows it, however many requests arrive meanwhile.
   */
  renewNow(): void
  /**
   * Runs until `interrupt` is aborted with INTERRUPTED, and resolves once the run in flight has finished and every
   * lease has been ended.
   * @param firstInMs delay before the first run, unless one is requested
   * @throws IamRaError INTERNAL, for a bug that stopped it
   */
  run(interrupt: AbortSignal, firstInMs: number): Promise<void>
}

/** How often the clocks are compared: random between this and twice this, so that the pods of a resumed node spread out. */
const SLICE_MS = 15_000
/** After a jump, pods whose credentials are not due anyway renew within this time. */
const JUMP_SPREAD_MS = 60_000

export function createRefresher(options: RefresherOptions): Refresher {
  const { logger, deadlineMs } = options
  const { clock, random } = options.runtime
  const leases = createLeases(clock)
  const failureLog = createFailureLog(clock, logger)
  const loop = createLoop({ clock, pauseMs, turn })
  const jumps = createJumpWatch(clock)
  let state = INITIAL
  const note = (event: Event): void => void (state = step(state, event))

  async function turn(interrupt: AbortSignal): Promise<void> {
    const { isAsked } = state
    // A requested run gets new keys instead of extending the lease: the Vault role may have changed. If it fails, the
    // lease and any credentials still to be stored are kept for the next run.
    const held = isAsked ? undefined : state.latest
    note({ kind: 'begin' })
    const bounds = createBounds(deadlineMs, clock, interrupt)
    try {
      const next = isToBeStored(held) ? held : await obtain(held, bounds)
      await options.store?.(next.obtained, bounds)
      note({ kind: 'succeed', at: momentOf(clock) })
      failureLog.succeeded()
    } catch (error) {
      interrupt.throwIfAborted()
      fail(asIamRaError(error), isAsked)
    } finally {
      bounds.release()
    }
  }

  function isAlive(held: Held | undefined): held is Held {
    return held !== undefined && untilMs(held.endsAt, clock) > 0
  }

  function isToBeStored(held: Held | undefined): held is Held {
    return held !== undefined && held !== state.inUse && untilMs(held.renewAt, clock) > 0
  }

  async function obtain(held: Held | undefined, bounds: Bounds): Promise<Held> {
    const lease = isAlive(held) ? held.obtained.lease : undefined
    const obtained = await renewOrObtain(lease, (within) => options.obtain(within), bounds, logger)
    const next = hold(obtained, momentOf(clock), random())
    if (obtained.lease !== undefined) leases.hold(obtained.lease, next.lifeMs)
    note({ kind: 'hold', held: next })
    return next
  }

  function fail(failure: IamRaError, wasAsked: boolean): void {
    const { inUse, failedInARow } = state
    const leftMs = inUse === undefined ? 0 : untilMs(inUse.endsAt, clock)
    const pauseMs = renewalPauseMs(failedInARow + 1, leftMs, random(), failure.retryAfterMs)
    note({ kind: 'fail', failure, pauseMs, at: momentOf(clock) })
    const left = inUse && { expiresAtMs: inUse.obtained.credentials.expiresAtMs, leftMs }
    failureLog.failed(failure, pauseMs, left, wasAsked)
  }

  function pauseMs(): number {
    noticeJump()
    leases.endLapsed()
    note({ kind: 'look', at: momentOf(clock) })
    const leftMs = state.due === undefined ? 0 : untilMs(state.due, clock)
    return leftMs > 0 ? Math.min(leftMs, SLICE_MS * (1 + random())) : 0
  }

  function noticeJump(): void {
    const jumpMs = jumps.jumpedMs()
    if (jumpMs === 0) return
    const by = seconds(Math.abs(jumpMs))
    logger.warn(
      jumpMs > 0
        ? `the clock jumped ahead by ${by}, as after a suspend: renewing`
        : `the clock was set back by ${by}: renewing`,
    )
    note({ kind: 'jump', comeBackAt: momentIn(random() * JUMP_SPREAD_MS, clock) })
  }

  return {
    status: () => statusOf(state),
    current: () => (isAlive(state.inUse) ? state.inUse.obtained.credentials : undefined),
    renewNow: () => {
      note({ kind: 'ask' })
      loop.wake()
    },
    run: async (interrupt, firstInMs) => {
      // Clock changes before the start do not count.
      jumps.jumpedMs()
      note({ kind: 'start', firstAt: momentIn(firstInMs, clock) })
      try {
        await loop.run(interrupt)
      } finally {
        await leases.endAll()
      }
    },
  }
}
