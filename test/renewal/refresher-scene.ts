/** A refresher in virtual time: the wall clock may be set and the machine suspended, and each run does what the test says. */
import { virtualClock } from '../rig/virtual-clock.ts'
import { IamRaError } from '../../src/errors.ts'
import { createRefresher, type Refresher, type RefresherOptions } from '../../src/renewal/refresher.ts'
import type { Clock } from '../../src/run/runtime.ts'
import type { Lease, Obtained } from '../../src/credentials.ts'
import { FAKE_NOW_MS, recordingLogger, type RecordingLogger } from '../support/fake-runtime.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE

export interface SceneClock extends Clock {
  /** Lets that much time pass for those who sleep. */
  pass(ms: number): Promise<void>
  /** Sets the wall clock alone; a suspended machine looks the same, since its timers stand still. */
  jump(ms: number): void
}

function sceneClock(): SceneClock {
  const clock = virtualClock(FAKE_NOW_MS)
  let offsetMs = 0
  return {
    now: () => clock.now() + offsetMs,
    elapsed: clock.elapsed,
    sleep: clock.sleep,
    jump: (ms) => void (offsetMs += ms),
    pass: async (ms) => {
      const untilMs = clock.elapsed() + ms
      // Someone is awake at the end, so that the clock comes to it.
      const last = clock.sleep(ms)
      await clock.run(untilMs)
      await last
    },
  }
}

export interface Scene {
  readonly clock: SceneClock
  readonly logger: RecordingLogger
  readonly refresher: Refresher
  /** When each call of `obtain` began, in milliseconds since the start. */
  readonly begun: readonly number[]
  /** How often `store` was called. */
  readonly stores: readonly Obtained[]
  /** Begins, the first run after `firstInMs`; rejects as the refresher's `run` does. Default at once. */
  start(firstInMs?: number): void
  /** SIGTERM, or another reason, and whatever comes of it. */
  stop(reason?: unknown): Promise<void>
}

export interface SceneOptions {
  readonly random?: () => number
  readonly deadlineMs?: number
  /** @param run from 1 */
  obtain(
    run: number,
    scene: Scene,
    ...rest: Parameters<RefresherOptions['obtain']>
  ): Promise<Obtained> | Obtained
  store?(store: number, scene: Scene): Promise<void> | void
}

export const STOPPED = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })

export function stage({ random = () => 0.5, deadlineMs = MINUTE, obtain, store }: SceneOptions): Scene {
  const clock = sceneClock()
  const logger = recordingLogger()
  const interrupt = new AbortController()
  const begun: number[] = []
  const stores: Obtained[] = []
  let running = Promise.resolve()
  let isRunning = true
  const scene: Scene = {
    clock,
    logger,
    begun,
    stores,
    refresher: createRefresher({
      runtime: { clock, random },
      logger,
      deadlineMs,
      obtain: async (bounds) => await obtain(begun.push(clock.elapsed()), scene, bounds),
      ...(store && { store: async (obtained) => await store(stores.push(obtained), scene) }),
    }),
    start: (firstInMs = 0) => {
      running = scene.refresher.run(interrupt.signal, firstInMs)
      // Looked at when the scene is stopped.
      running.catch(() => undefined)
    },
    stop: async (reason = STOPPED) => {
      interrupt.abort(reason)
      // What a run does after the stop may take its time.
      const ended = running.finally(() => (isRunning = false))
      ended.catch(() => undefined)
      for (let minutes = 0; isRunning && minutes < 60; minutes += 1) await clock.pass(MINUTE)
      await ended
    },
  }
  return scene
}

/** Credentials from now on, told apart by their number. */
export function obtained(
  { clock }: Pick<Scene, 'clock'>,
  number: number,
  lifeMs = HOUR,
  lease?: Lease,
): Obtained {
  return {
    credentials: {
      accessKeyId: `key-${number}`,
      secretAccessKey: 'canary-secret',
      sessionToken: 'canary-token',
      expiresAtMs: clock.now() + lifeMs,
    },
    ...(lease && { lease }),
  }
}

export const AWAY = new IamRaError('UNREACHABLE', 'identity', 'cannot reach Vault', {
  hint: 'look at VAULT_ADDR',
  retryable: true,
})
