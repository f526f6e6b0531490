/** The node agent of k8s/agent as it is shipped, asked by pods of two namespaces and three accounts. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { client, clientJob, credentialsUrl, IPV6, type Client } from './agent-clients.ts'
import { AGENT, BACKEND, HOSTS, readyAgent, REPORTS, ROLES, startAgentCluster } from './agent-cluster.ts'
import { container, IDENTITY, pod, template, type Workload } from './askers.ts'
import { until } from './cluster.ts'
import { BRIDGE, command } from './ground.ts'
import { memoryOf, processOf } from './measure.ts'
import { inNamespaces } from './namespaces.ts'
import {
  appOf,
  callerIn,
  inPod,
  isReady,
  podsOf,
  sessionOf,
  sidecarOf,
  untilLogged,
  untilPod,
  type Pod,
  type PodName,
} from './pods.ts'

await inNamespaces(import.meta.filename)

const { namespace, serviceAccount } = EXAMPLE
const PODS = 50
/** Of k8s/agent/daemon-set.yaml. */
const [REQUEST_MIB, LIMIT_MIB] = [64, 256]

const cluster = await startAgentCluster()
const agents = suite('the node agent, on a real node')
agents.after(() => cluster.stop())

const OF_FRONTEND: Client = { account: serviceAccount, role: ROLES.frontend }
const OF_REPORTS: Client = { account: REPORTS, role: ROLES.reports }
const OF_BACKEND: Client = { account: serviceAccount, role: ROLES.backend }
/** A pod of each account. */
const KNOWN: readonly (readonly [...PodName, role: string])[] = [
  [namespace, 'frontend', ROLES.frontend],
  [namespace, 'reports', ROLES.reports],
  [BACKEND, 'backend', ROLES.backend],
]

const idle = memoryOf(agentId(await readyAgent(cluster)))
await cluster.apply('test/node/overlay/agent-wait')
const waiting = await podOf('app=s3-service', (one) => one.status.initContainerStatuses !== undefined)
await untilLogged(cluster, nameOf(waiting), 'aws-iam-ra-wait', /503|Vault/)
const whileDown = await podOf('app=s3-service')
await cluster.vault.relay.open()
await apply(namespace, [client('frontend', OF_FRONTEND), client('reports', OF_REPORTS)])
await apply(namespace, [
  client('six', { ...OF_FRONTEND, host: `[${IPV6}]` }),
  client('thief', { ...OF_REPORTS, role: ROLES.backend, script: `${IDENTITY}; exec sleep 3600` }),
])
await apply(BACKEND, [client('backend', OF_BACKEND)])
await apply(HOSTS, [
  pod('tokenless', template(undefined, {}, { ...hostNetwork(), serviceAccountName: serviceAccount })),
])

agents('it is ready while Vault is down, with the addresses that its init container has added', async () => {
  const agent = await readyAgent(cluster)
  assert.equal([sidecarOf(agent).state.terminated?.exitCode, appOf(agent).restartCount], [0, 0])
  assert.match(loopback(), /inet 169\.254\.170\.23\/32 /)
  assert.match(loopback(), /inet6 fd00:ec2::23\/128 /)
})

agents('it runs as user 65532 without capabilities', async () => {
  const status = readFileSync(`/proc/${processOf(agentId(await readyAgent(cluster)))}/status`, 'utf8')
  assert.match(status, /^Uid:(\t65532){4}$/m)
  assert.match(status, /^CapEff:\t0+$/m)
  assert.match(status, /^CapBnd:\t0+$/m)
})

agents('an app that waits starts once there are credentials', async () => {
  assert.is(appOf(whileDown).state.waiting?.reason, 'PodInitializing')
  const after = await untilPod(cluster, nameOf(waiting), 'ready', isReady)
  assert.is(sidecarOf(after).state.terminated?.exitCode, 0)
  assert.match(await callerIn(cluster, nameOf(after)), sessionOf(ROLES.frontend))
})

agents('pods of each account have their own identity, in namespaces that enforce restricted', async () => {
  for (const [of, name, role] of KNOWN) {
    const { status } = await untilPod(cluster, [of, name], 'ready', isReady)
    assert.is(status.initContainerStatuses, undefined)
    assert.match(await untilAnswered([of, name]), sessionOf(role))
  }
})

agents('more pods of an account make no exchange, and have the same session', async () => {
  const before = exchanges()
  await cluster.apply('k8s/examples/agent')
  const path = ['--namespace', namespace, 'deployment/s3-service', '--timeout=60s']
  await cluster.kubectl(['rollout', 'status', ...path])
  const callers = []
  for (const one of await podsOf(cluster, namespace, 'app=s3-service')) {
    callers.push(await callerIn(cluster, nameOf(one)))
  }
  assert.is(callers.length, 3)
  assert.equal(new Set(callers), new Set([await callerIn(cluster, [namespace, 'frontend'])]))
  assert.is(exchanges(), before)
})

agents("a pod that asks for another's role is refused, and the log says why", async () => {
  await untilLogged(cluster, [namespace, 'thief'], 'app', /Could not load|CredentialsProviderError|403/)
  const log = await untilLogged(cluster, nameOf(await readyAgent(cluster)), 'agent', /no session: /)
  const line = log.split('\n').find((one) => one.includes('no session: ')) ?? ''
  assert.match(line, 'account=reports')
  assert.match(line, /hint=/)
  assert.is(cluster.cloud.rolesAnywhere.created.filter(({ roleArn }) => roleArn === ROLES.backend).length, 1)
})

agents("a pod in the node's network gets nothing", async () => {
  await untilPod(cluster, [HOSTS, 'tokenless'], 'ready', isReady)
  const script = `fetch(process.argv[1]).then(async (answer) => console.log(answer.status, await answer.text()))`
  const node = ['/usr/local/bin/node', '-e', script, credentialsUrl(ROLES.frontend)]
  assert.match(await inPod(cluster, [HOSTS, 'tokenless'], node), /^403 /)
})

agents('it answers by IPv6 too', async () => {
  const one = await untilPod(cluster, [namespace, 'six'], 'ready', isReady)
  const inside = ['--net', `--target=${processOf(appOf(one).containerID ?? '')}`, 'ip', '-6']
  command('ip', 'address', 'add', 'fd88::1/64', 'dev', BRIDGE, 'nodad')
  command('nsenter', ...inside, 'address', 'add', 'fd88::2/64', 'dev', 'eth0', 'nodad')
  command('nsenter', ...inside, 'route', 'add', 'default', 'via', 'fd88::1')
  assert.match(await callerIn(cluster, nameOf(one)), sessionOf(ROLES.frontend))
})

agents('a Job of 50 pods makes one exchange', async () => {
  const before = exchanges()
  // No pod has asked for that duration yet.
  await apply(BACKEND, [clientJob('many', PODS, { ...OF_BACKEND, role: `${ROLES.backend}&duration=1800` })])
  const path = `/apis/batch/v1/namespaces/${BACKEND}/jobs/many`
  const { succeeded } = await until(
    'the end of the Job',
    async () => {
      const { status } = (await cluster.request('GET', path)) as {
        status: { succeeded?: number; failed?: number }
      }
      return status.succeeded === PODS || status.failed !== undefined ? status : undefined
    },
    () => cluster.kubectl(['get', 'pods', '--namespace', BACKEND]),
  )
  assert.is(succeeded, PODS)
  assert.is(exchanges(), before + 1)
})

agents('while Vault is down, pods that it knows are answered, and others are not', async () => {
  await cluster.vault.relay.close()
  await allAnswered()
  await apply(BACKEND, [client('late', { ...OF_BACKEND, script: `${IDENTITY}; exec sleep 3600` })])
  await untilLogged(cluster, [BACKEND, 'late'], 'app', /Could not load|CredentialsProviderError|503/)
  await cluster.vault.relay.open()
  assert.match(await untilAnswered([BACKEND, 'late']), sessionOf(ROLES.backend))
})

agents('it needs at rest what it requests, and stays far below its limit while exchanges run', async () => {
  const { residentMiB, peakMiB } = memoryOf(agentId(await readyAgent(cluster)))
  const figures = `at rest ${idle.residentMiB} MiB, now ${residentMiB}, at most ${peakMiB} beside the executable`
  assert.ok(idle.residentMiB <= REQUEST_MIB, figures)
  assert.ok(residentMiB + peakMiB <= LIMIT_MIB / 2, figures)
})

agents('once it was deleted and is back, pods go on', async () => {
  const before = await readyAgent(cluster)
  await cluster.kubectl(['delete', 'pod', '--namespace', AGENT, before.metadata.name])
  await readyAgent(cluster, before.metadata.uid)
  for (const [of, name, role] of KNOWN) assert.match(await untilAnswered([of, name]), sessionOf(role))
})

agents('removal takes the addresses away', async () => {
  for (const line of removalLines()) await cluster.kubectl(line.split(' ').slice(1))
  assert.not.match(loopback(), /169\.254\.170\.23|fd00:ec2::23/)
})

agents.run()

function hostNetwork(): object {
  return { hostNetwork: true, containers: [container('app', 'exec sleep 3600')] }
}

async function apply(where: string, objects: readonly Workload[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  await cluster.kubectl(['apply', '--namespace', where, '--warnings-as-errors', '--filename', '-'], list)
}

function nameOf({ metadata }: Pod): PodName {
  return [metadata.namespace, metadata.name]
}

function agentId(agent: Pod): string {
  return appOf(agent).containerID ?? ''
}

async function agentLog(): Promise<string> {
  return await cluster.kubectl(['logs', '--namespace', AGENT, `daemonset/${AGENT}`])
}

function loopback(): string {
  return command('ip', '-oneline', 'address', 'show', 'dev', 'lo')
}

/** What docs/agent.md has an operator run. */
function removalLines(): readonly string[] {
  const page = readFileSync(join(ROOT, 'docs/agent.md'), 'utf8')
  const block = /^## Removal$.*?^```sh$\n(.*?)^```$/ms.exec(page)?.[1] ?? ''
  return block.trim().split('\n')
}

function exchanges(): number {
  return cluster.cloud.rolesAnywhere.created.length
}

async function podOf(selector: string, isIt: (pod: Pod) => boolean = () => true): Promise<Pod> {
  return await until(
    `a pod with ${selector}`,
    async () => (await podsOf(cluster, namespace, selector)).find(isIt),
    () => cluster.kubectl(['describe', 'pod', '--namespace', namespace, '--selector', selector]),
  )
}

/** A pod of each account has its own identity, at once. */
async function allAnswered(): Promise<void> {
  for (const [of, name, role] of KNOWN) assert.match(await callerIn(cluster, [of, name]), sessionOf(role))
}

/** A first question may take longer than an SDK waits. */
async function untilAnswered(one: PodName): Promise<string> {
  return await until(
    `credentials for ${one.join('/')}`,
    () => callerIn(cluster, one).catch(() => undefined),
    () => agentLog(),
  )
}
