/**
 * The steps of pipeline.ts by which a pod gets credentials, with the servers reduced to numbers: log in, sign, revoke,
 * CreateSession.
 */
import { createBounds } from '../../../src/run/deadline.ts'
import { IamRaError, type Stage } from '../../../src/errors.ts'
import { pauseMs, type RetryContext } from '../../../src/run/retry.ts'
import { drawnMs, type Delay } from '../../../test/rig/chance.ts'
import type { Policy } from './policies.ts'
import type { Server } from './servers.ts'
import type { VirtualClock } from '../../../test/rig/virtual-clock.ts'

export interface World {
  readonly clock: VirtualClock
  random(): number
  readonly vault: Server
  readonly vaultDelay: Delay
  readonly aws: Server
  readonly awsDelay: Delay
  /** The certificate's lifetime; a wait that outlasts it starts over with a login. */
  readonly certificateMs: number
}

/** For all pods together. */
export interface Counts {
  logins: number
}

const NOT_STOPPED = new AbortController().signal
const SILENT: RetryContext['logger'] = { step: () => undefined, warn: () => undefined }

/** @returns whether it gets credentials before its deadline */
export async function obtain(
  world: World,
  policy: Policy,
  deadlineMs: number,
  counts: Counts,
): Promise<boolean> {
  const bounds = createBounds(deadlineMs, world.clock, NOT_STOPPED)
  const context: RetryContext = { runtime: world, bounds, logger: SILENT }
  try {
    for (let count = 0; ; count += 1) {
      try {
        await obtainOnce(world, policy, context, counts)
        return true
      } catch (error) {
        if (!(error instanceof IamRaError)) throw error
        if (error.code !== 'OUTLIVED') return false
        const waitMs = count === 0 ? 0 : pauseMs(count, undefined, world.random())
        if (waitMs >= bounds.remainingMs()) return false
        await world.clock.sleep(waitMs)
      }
    }
  } finally {
    bounds.release()
  }
}

async function obtainOnce(
  world: World,
  policy: Policy,
  context: RetryContext,
  counts: Counts,
): Promise<void> {
  const { clock, vault, vaultDelay, aws, awsDelay } = world
  const ask = (stage: Stage, server: Server, delay: Delay, timeoutMs: number): Promise<void> =>
    exchange(world, context, stage, server, delay, timeoutMs)
  await policy('login', 'identity', context, async (timeoutMs) => {
    counts.logins += 1
    await ask('identity', vault, vaultDelay, timeoutMs)
  })
  await policy('sign', 'certificate', context, (timeoutMs) =>
    ask('certificate', vault, vaultDelay, timeoutMs),
  )
  // In parallel with the next step, which does not wait for it.
  void clock
    .sleep(drawnMs(vaultDelay, world.random))
    .then(() => vault.arrive(clock.elapsed(), Number.POSITIVE_INFINITY))
  const notAfterMs = clock.elapsed() + world.certificateMs
  await policy('CreateSession', 'exchange', context, async (timeoutMs) => {
    if (clock.elapsed() >= notAfterMs) throw new IamRaError('OUTLIVED', 'exchange', 'the certificate expired')
    await ask('exchange', aws, awsDelay, timeoutMs)
  })
}

/** A round trip; a refusal takes just as long. */
async function exchange(
  { clock, random }: World,
  { bounds }: RetryContext,
  stage: Stage,
  server: Server,
  delay: Delay,
  timeoutMs: number,
): Promise<void> {
  let leftMs = timeoutMs
  const pass = async (ms: number): Promise<void> => {
    await clock.sleep(Math.min(ms, leftMs), bounds.signal)
    leftMs -= ms
    if (leftMs <= 0) throw new IamRaError('TIMEOUT', stage, 'no complete answer', { retryable: true })
  }
  await pass(drawnMs(delay, random))
  const verdict = server.arrive(clock.elapsed(), leftMs)
  await pass(drawnMs(delay, random) + (verdict.kind === 'answered' ? verdict.afterMs : 0))
  if (verdict.kind === 'answered') return
  if (verdict.kind === 'down')
    throw new IamRaError('UNAVAILABLE', stage, 'answered 503', { retryable: true, status: 503 })
  throw new IamRaError('THROTTLED', stage, 'answered 429', {
    retryable: true,
    status: 429,
    retryAfterMs: verdict.retryAfterMs,
  })
}
