/** The agent with pods that are addresses of loopback: what a question costs, and what memory it takes. */
import { setTimeout as delay } from 'node:timers/promises'
import { EXAMPLE } from '../../../test/rig/emulators/stage.ts'
import { childrenOf, readMemory } from '../../../test/rig/processes/memory.ts'
import { freePort } from '../../../test/rig/processes/process.ts'
import { startService, type Service } from '../../../test/rig/processes/service.ts'
import { startReference, type Reference } from '../../../test/rig/servers/reference.ts'
import { KUBERNETES_ROLE } from '../../../test/rig/servers/reference-vault.ts'
import { machineFacts } from '../machine.ts'
import { load, loadResult, type LoadResult, type Question, type Timings } from '../serve/load.ts'
import { ask } from './ask.ts'

export interface Counts {
  readonly rounds: number
  /** Kept answers on one connection, and on sixteen. */
  readonly one: number
  readonly sixteen: number
  /** New pods of an account that the agent knows, and as many bare logins. */
  readonly fresh: number
  readonly pods: number
  readonly accounts: number
}

/** MiB, as Pss: pages that several processes map count as a part for each. */
export interface Sizes {
  readonly agent: number
  /** With the processes of its exchanges. */
  readonly all: number
}

export interface Results {
  /** `YYYY-MM-DD` */
  readonly date: string
  readonly machine: Readonly<Record<string, string>>
  readonly kept: { readonly one: LoadResult; readonly sixteen: LoadResult }
  /** Milliseconds, one after the other in turns. */
  readonly fresh: { readonly loginMs: readonly number[]; readonly questionMs: readonly number[] }
  /** Pods that start together. */
  readonly node: {
    readonly pods: number
    readonly accounts: number
    readonly exchanges: number
    readonly lastMs: number
    readonly memory: { readonly started: Sizes; readonly most: Sizes; readonly idle: Sizes }
  }
}

const ROLE = 'agent'
const AUDIENCE = 'iam-ra-agent'
const TOKEN_SECONDS = 3600

export async function runAgent(
  executable: string,
  counts: Counts,
  report: (text: string) => void,
): Promise<Results> {
  const machine = machineFacts([])
  report('starting Vault and kube-apiserver')
  const reference = await startReference()
  try {
    await prepare(reference, counts.accounts)
    const [port, healthPort] = [await freePort(), await freePort()]
    const service = startService({
      argv: [executable, 'agent'],
      env: {
        ...reference.env,
        ...{ VAULT_ADDR: reference.server.url, VAULT_ROLE: ROLE },
        ...{ AGENT_ADDRS: `127.0.0.1:${port}`, HEALTH_ADDR: `127.0.0.1:${healthPort}` },
        ...{ AGENT_POD_RANGES: '127.0.0.0/8', AGENT_CLUSTER: EXAMPLE.cluster, AGENT_NODE: 'node-1' },
      },
      renewed: 'gave credentials',
    })
    try {
      await service.says('listening on')
      return {
        ...{ date: new Date().toISOString().slice(0, 10), machine },
        ...(await measure({ reference, service, port }, counts, report)),
      }
    } finally {
      await service.stop()
    }
  } finally {
    await reference.close()
  }
}

interface Scene {
  readonly reference: Reference
  readonly service: Service
  readonly port: number
}

async function prepare(
  { server, kubernetes, rolesAnywhereEmulator }: Reference,
  accounts: number,
): Promise<void> {
  await server.write(`auth/kubernetes/role/${ROLE}`, {
    ...KUBERNETES_ROLE,
    ...{ bound_service_account_names: ['*'], audience: AUDIENCE },
    ...{
      token_type: 'batch',
      token_ttl: '1m',
      token_max_ttl: '1m',
      token_period: 0,
      token_explicit_max_ttl: 0,
    },
  })
  rolesAnywhereEmulator.options.roles = [{ arn: EXAMPLE.roleArn, trusts: () => true }]
  for (let one = 0; one < accounts; one += 1)
    await kubernetes.makeServiceAccount(EXAMPLE.namespace, nameOf(one))
}

async function measure(
  scene: Scene,
  counts: Counts,
  report: (text: string) => void,
): Promise<Pick<Results, 'kept' | 'fresh' | 'node'>> {
  report(`${counts.pods} pods of ${counts.accounts} accounts start together`)
  const node = await startTogether(scene, counts)
  report('kept answers')
  const kept = await askKept(scene, counts)
  report('new pods of known accounts, and bare logins')
  return { node, kept, fresh: await askFresh(scene, counts) }
}

async function startTogether(
  { reference, service, port }: Scene,
  { pods, accounts }: Counts,
): Promise<Results['node']> {
  const tokens: string[] = []
  for (let pod = 0; pod < pods; pod += 1) tokens.push(await tokenFor(reference, pod % accounts))
  const started = sizes(service.pid)
  const { created } = reference.rolesAnywhereEmulator
  const before = created.length
  const watch = watchSizes(service.pid)
  const begun = performance.now()
  await Promise.all(tokens.map((token, pod) => untilGiven(port, token, addressOf(pod))))
  const lastMs = Math.round(performance.now() - begun)
  const most = await watch.end()
  await delay(2000)
  return {
    ...{ pods, accounts, exchanges: created.length - before, lastMs },
    memory: { started, most, idle: sizes(service.pid) },
  }
}

async function askKept(
  { reference, port }: Scene,
  { rounds, one, sixteen }: Counts,
): Promise<Results['kept']> {
  const token = await tokenFor(reference, 0)
  await untilGiven(port, token, '127.0.0.1')
  const question: Question = {
    ...{ method: 'GET' as const, path: `/v1/credentials?role=${EXAMPLE.roleArn}`, status: 200 },
    headers: { Authorization: token },
  }
  const timings: Record<'one' | 'sixteen', Timings[]> = { one: [], sixteen: [] }
  for (let round = 0; round <= rounds; round += 1) {
    const [ones, sixteens] = [
      await load(port, question, 'one', one),
      await load(port, question, 'sixteen', sixteen),
    ]
    // The first warms up.
    if (round === 0) continue
    timings.one.push(ones)
    timings.sixteen.push(sixteens)
  }
  return { one: loadResult(timings.one), sixteen: loadResult(timings.sixteen) }
}

/** In turns, so that both meet the same load. */
async function askFresh({ reference, port }: Scene, { fresh }: Counts): Promise<Results['fresh']> {
  const [loginMs, questionMs]: [number[], number[]] = [[], []]
  const login = new URL(`${reference.server.url}/v1/auth/kubernetes/login`)
  for (let turn = 0; turn < fresh; turn += 1) {
    const jwt = await tokenFor(reference, 0)
    const begun = performance.now()
    const answer = await ask({ url: login, body: JSON.stringify({ role: ROLE, jwt }) })
    if (answer !== 200) throw new Error(`the bare login was answered with ${answer}`)
    loginMs.push(performance.now() - begun)
    const token = await tokenFor(reference, 0)
    const asked = performance.now()
    const status = await ask({ url: urlOf(port), token, from: addressOf(200 + turn) })
    if (status !== 200) throw new Error(`the first question was answered with ${status}`)
    questionMs.push(performance.now() - asked)
    // Below what the agent lets one address ask.
    await delay(100)
  }
  return { loginMs, questionMs }
}

async function untilGiven(port: number, token: string, from: string): Promise<void> {
  for (let attempt = 0; attempt < 120; attempt += 1) {
    if ((await ask({ url: urlOf(port), token, from })) === 200) return
    await delay(500)
  }
  throw new Error('no credentials within two minutes')
}

function urlOf(port: number): URL {
  return new URL(`http://127.0.0.1:${port}/v1/credentials?role=${EXAMPLE.roleArn}`)
}

function tokenFor({ kubernetes }: Reference, account: number): Promise<string> {
  return kubernetes.token(EXAMPLE.namespace, nameOf(account), AUDIENCE, TOKEN_SECONDS)
}

function nameOf(account: number): string {
  return `app-${account}`
}

function addressOf(pod: number): string {
  return `127.0.${1 + (pod >> 8)}.${1 + (pod & 127)}`
}

function sizes(pid: number): Sizes {
  const agent = readMemory(pid).share
  const children = childrenOf(pid).map((child) => shareOf(child))
  return { agent, all: children.reduce((sum, share) => sum + share, agent) }
}

function watchSizes(pid: number): { end(): Promise<Sizes> } {
  let [isOver, most] = [false, { agent: 0, all: 0 }]
  const watching = (async () => {
    while (!isOver) {
      const now = sizes(pid)
      if (now.all > most.all) most = now
      await delay(10)
    }
  })()
  return {
    async end() {
      isOver = true
      await watching
      return most
    },
  }
}

/** A child may end at any moment. */
function shareOf(pid: number): number {
  try {
    return readMemory(pid).share
  } catch {
    return 0
  }
}
