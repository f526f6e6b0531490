/** A pod's way to credentials: the real source of them, with the servers as numbers and the retries by a policy. */
import type { IssuedCertificate } from '../../../src/credentials.ts'
import { createBounds, type Bounds } from '../../../src/run/deadline.ts'
import { IamRaError, type Stage } from '../../../src/errors.ts'
import type { RetryContext } from '../../../src/run/retry.ts'
import { systemRuntime } from '../../../src/run/runtime.ts'
import type { RunContext } from '../../../src/run/watch.ts'
import { obtainFrom } from '../../../src/sources/pipeline.ts'
import { vaultPki, type VaultPkiParts, type VaultPkiSource } from '../../../src/sources/vault-pki.ts'
import type { VaultSession } from '../../../src/vault/session.ts'
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
  /** What the certificate lives; a wait that outlives it begins again with a login. */
  readonly certificateMs: number
}

/** For all pods together. */
export interface Counts {
  logins: number
}

export const NOT_STOPPED = new AbortController().signal
const nothing = (): void => undefined
export const SILENT: RunContext['logger'] = { step: nothing, info: nothing, warn: nothing, error: nothing }
const SYSTEM = systemRuntime(process)

const ARN = { text: '', partition: '', service: '', region: '', account: '', resource: '' }
/** Asked of no server. */
const SETTINGS: VaultPkiSource = {
  vault: { addr: new URL('https://vault'), role: '', authMethod: 'jwt', authMount: '', tokenFile: '' },
  certificate: { pkiMount: '', pkiRole: '', commonName: '', dnsSans: [], uriSans: [] },
  exchange: { roleArn: ARN, anchorArn: ARN, profileArn: ARN, region: '', endpoint: new URL('https://aws') },
}
/** Valid from long ago. */
const CERTIFICATE: Omit<IssuedCertificate, 'notAfterMs'> = {
  leaf: new Uint8Array(),
  chain: [],
  keyAlgorithm: 'ecdsa',
  serialHex: '',
  subject: '',
  issuer: '',
  chainSubjects: [],
  validFromMs: 0,
  requestId: '',
  sign: notSimulated,
}

function notSimulated(): Promise<never> {
  return Promise.reject(new RangeError('not simulated'))
}

/** @returns whether it has credentials before its deadline */
export async function obtain(
  world: World,
  policy: Policy,
  deadlineMs: number,
  counts: Counts,
  mostPauseMs?: number,
): Promise<boolean> {
  const { clock, random } = world
  const bounds = createBounds(deadlineMs, clock, NOT_STOPPED)
  const source = vaultPki(SETTINGS, partsOf(world, policy, counts))
  try {
    await obtainFrom(source, {
      ...{ runtime: { ...SYSTEM, clock, random }, bounds, logger: SILENT },
      ...(mostPauseMs !== undefined && { mostPauseMs }),
    })
    return true
  } catch (error) {
    if (!(error instanceof IamRaError)) throw error
    return false
  } finally {
    bounds.release()
  }
}

function partsOf(world: World, policy: Policy, counts: Counts): VaultPkiParts {
  const { clock, vault, vaultDelay, aws, awsDelay } = world
  return {
    async login(_settings, { bounds }) {
      await logIn(world, policy, bounds, counts)
      return sessionIn(world)
    },
    // What a processor does takes no time here.
    prepare: () =>
      Promise.resolve(async (_session, context) => {
        await policy('sign', 'certificate', context, (timeoutMs) =>
          exchange(world, context, 'certificate', vault, vaultDelay, timeoutMs),
        )
        return { ...CERTIFICATE, notAfterMs: clock.now() + world.certificateMs }
      }),
    async createSession(_settings, { notAfterMs }, context) {
      await policy('CreateSession', 'exchange', context, async (timeoutMs) => {
        if (clock.now() >= notAfterMs) throw new IamRaError('OUTLIVED', 'exchange', 'the certificate ended')
        await exchange(world, context, 'exchange', aws, awsDelay, timeoutMs)
      })
      return { accessKeyId: '', secretAccessKey: '', expiresAtMs: 0 }
    },
  }
}

export async function logIn(world: World, policy: Policy, bounds: Bounds, counts: Counts): Promise<void> {
  const { clock, random, vault, vaultDelay } = world
  const context = { runtime: { ...SYSTEM, clock, random }, bounds, logger: SILENT }
  await policy('login', 'identity', context, async (timeoutMs) => {
    counts.logins += 1
    await exchange(world, context, 'identity', vault, vaultDelay, timeoutMs)
  })
}

function sessionIn({ clock, random, vault, vaultDelay }: World): VaultSession {
  return {
    hasEnded: () => false,
    remainingMs: () => Number.POSITIVE_INFINITY,
    isBatch: false,
    policies: [],
    metadata: {},
    read: notSimulated,
    write: notSimulated,
    renew: notSimulated,
    async end() {
      await clock.sleep(drawnMs(vaultDelay, random))
      vault.arrive(clock.elapsed(), Number.POSITIVE_INFINITY)
    },
  }
}

/** There and back; a refusal costs the whole way too. */
async function exchange(
  { clock, random }: World,
  { bounds }: Pick<RetryContext, 'bounds'>,
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
