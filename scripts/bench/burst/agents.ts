/** A cluster whose pods ask the agents of their nodes, all at once: the real agent on a virtual clock. */
import { createAgent, type Agent } from '../../../src/agent/agent.ts'
import { MOST_PAUSE_MS } from '../../../src/agent/obtaining.ts'
import type { Identity } from '../../../src/agent/identity.ts'
import { parseArn, type Arn } from '../../../src/aws/arn.ts'
import { pauseMs } from '../../../src/commands/wait/run.ts'
import { createBounds } from '../../../src/run/deadline.ts'
import { IamRaError } from '../../../src/errors.ts'
import { retry } from '../../../src/run/retry.ts'
import { seededRandom } from '../../../test/rig/chance.ts'
import { virtualClock } from '../../../test/rig/virtual-clock.ts'
import {
  AWS_DELAY,
  BURST,
  CERTIFICATE_MS,
  leastMs,
  PER_SECOND,
  SEED,
  VAULT_DELAY,
  VAULT_PER_SECOND,
  type JobOutcome,
} from './job.ts'
import { logIn, obtain, NOT_STOPPED, SILENT, type Counts, type World } from './pod.ts'
import { limited, queueing } from './servers.ts'

export interface Cluster {
  readonly pods: number
  readonly nodes: number
  /** Pods take turns in having them. */
  readonly accounts: number
  /** What an app does without credentials. */
  readonly client: Client
  /** When all agents start again, having forgotten everything; the pods then ask once more. */
  readonly restartedMs?: number
  /** Logins, each with its TokenReview, and signatures. */
  readonly vaultPerSecond?: number
  readonly seed?: number
}

/** @returns whether it got credentials */
export type Client = (ask: () => Promise<number>, world: World) => Promise<boolean>

/** botocore 1.4x: three attempts a second apart; the app then ends, and the kubelet starts it again ever later. */
export const BOTO3: Client = async (ask, { clock }) => {
  for (let restart = 0; restart < 12; restart += 1) {
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if (attempt > 0) await clock.sleep(1000)
      if ((await ask()) === 200) return true
    }
    await clock.sleep(Math.min(300_000, 10_000 * 2 ** restart))
  }
  return false
}

/** `aws-iam-ra wait`, with a DEADLINE that is long enough. */
export const WAIT: Client = async (ask, { clock, random }) => {
  for (let count = 1; count < 1000; count += 1) {
    if ((await ask()) === 200) return true
    await clock.sleep(pauseMs(count, random()))
  }
  return false
}

/** The default of DEADLINE. */
const DEADLINE_MS = 60_000
const LOGIN_MS = 10_000
const START_MS = Date.parse('2026-01-01T00:00:00Z')
const ISSUER = 'https://kubernetes.default.svc'
const ARNS = 'arn:aws:rolesanywhere:eu-west-1:111122223333'
const ROLE = 'arn:aws:iam::111122223333:role/app'
const ANCHOR = arn(`${ARNS}:trust-anchor/11111111-2222-3333-4444-555555555555`)
const PROFILE = arn(`${ARNS}:profile/66666666-7777-8888-9999-000000000000`)

/** @returns times from the start, or the restart; the minimum is that of one exchange of each account on each node */
export async function runCluster(cluster: Cluster): Promise<JobOutcome> {
  const { pods, nodes, accounts, client, restartedMs = 0, vaultPerSecond = VAULT_PER_SECOND } = cluster
  const clock = virtualClock(START_MS)
  const random = seededRandom(cluster.seed ?? SEED)
  const aws = limited({ perSecond: PER_SECOND, burst: BURST })
  const world: World = {
    ...{ clock, random, aws, awsDelay: AWS_DELAY, vaultDelay: VAULT_DELAY, certificateMs: CERTIFICATE_MS },
    vault: queueing(vaultPerSecond, 'dropped'),
  }
  const counts: Counts = { logins: 0 }
  const podsOfNode = Math.ceil(pods / nodes)
  const agents = Array.from({ length: nodes }, (_, node) => agentOn(nodeName(node), world, counts))
  let [succeeded, lastMs] = [0, 0]
  const pairs = new Set<string>()
  const pod = async (number: number): Promise<void> => {
    const node = Math.floor(number / podsOfNode)
    const account = number % accounts
    pairs.add(`${node}/${account}`)
    const token = tokenOf(number, nodeName(node), account, clock.now())
    const ask = async (): Promise<number> => {
      await clock.sleep(1)
      const answer = await agents[node]?.handler({
        method: 'GET',
        target: `/v1/credentials?role=${ROLE}`,
        headers: ['Host', '169.254.170.23:9911', 'Authorization', token],
        port: 9911,
        address: `10.${node >> 8}.${node & 255}.${(number % podsOfNode) + 1}`,
      })
      return answer?.status ?? 0
    }
    if (restartedMs > 0) {
      await client(ask, world)
      await clock.sleep(restartedMs - clock.elapsed())
    }
    if (!(await client(ask, world))) return
    succeeded += 1
    lastMs = clock.elapsed() - restartedMs
  }
  const all = Array.from({ length: pods }, (_, number) => pod(number))
  const restart = async (): Promise<{ readonly requests: number; readonly logins: number }> => {
    if (restartedMs === 0) return { requests: 0, logins: 0 }
    await clock.sleep(restartedMs)
    for (const agent of agents) agent.forgetAll()
    return { requests: aws.requests, logins: counts.logins }
  }
  const before = restart()
  await clock.run()
  await Promise.all(all)
  const { requests, logins } = await before
  return {
    ...{ succeeded, failed: pods - succeeded, lastMs },
    leastMs: leastMs(pairs.size),
    requests: aws.requests - requests,
    logins: counts.logins - logins,
  }
}

function agentOn(node: string, world: World, counts: Counts): Agent {
  const { clock, random } = world
  return createAgent({
    settings: {
      podRanges: [{ network: '10.0.0.0', prefix: 8, family: 'ipv4' }],
      offer: {
        ...{ anchor: ANCHOR, profile: PROFILE, durationSeconds: 3600 },
        ...{ anchors: [ANCHOR], profiles: [PROFILE] },
      },
      token: { audience: 'iam-ra-agent', node, issuer: ISSUER },
    },
    hosts: ['169.254.170.23'],
    runtime: { clock, random },
    logger: SILENT,
    async logIn({ namespace, account, uid }) {
      const bounds = createBounds(LOGIN_MS, clock, NOT_STOPPED)
      try {
        await logIn(world, retry, bounds, counts)
        return { cluster: 'demo', namespace, account, uid }
      } finally {
        bounds.release()
      }
    },
    async exchange(_token, identity: Identity) {
      if (!(await obtain(world, retry, DEADLINE_MS, counts, MOST_PAUSE_MS)))
        throw new IamRaError('DEADLINE', 'exchange', 'AWS answered 429 until the deadline', {
          retryable: true,
        })
      return {
        credentials: {
          ...{ accessKeyId: 'ASIA', secretAccessKey: identity.account, sessionToken: 'token' },
          ...{ expiresAtMs: clock.now() + 3_600_000, roleArn: ROLE, sessionName: 'app' },
        },
        certificate: { serialHex: 'aa', requestId: 'r' },
      }
    },
  })
}

function nodeName(node: number): string {
  return `node-${node}`
}

/** Unsigned: Vault is simulated. */
function tokenOf(pod: number, node: string, account: number, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1000)
  const name = `app-${account}`
  const claims = {
    ...{ aud: ['iam-ra-agent'], iss: ISSUER, iat: seconds, exp: seconds + 24 * 3600 },
    sub: `system:serviceaccount:team:${name}`,
    'kubernetes.io': {
      namespace: 'team',
      node: { name: node },
      pod: { name: `pod-${pod}`, uid: `pod-${pod}` },
      serviceaccount: { name, uid: `uid-${account}` },
    },
  }
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part(claims)}.AA`
}

function arn(text: string): Arn {
  const parsed = parseArn(text)
  if (parsed === undefined) throw new Error('not an ARN')
  return parsed
}
