/** Pods that ask by annotation, most of them made by controllers, with the policies of k8s/injection as they are shipped. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { applyOverlay, BASE, send, startAnnotated, untilAnswered } from './annotated.ts'
import { container, cronJob, deployment, IDENTITY, job, pod, template, type Workload } from './askers.ts'
import { until } from './cluster.ts'
import { inNamespaces } from './namespaces.ts'
import {
  callerIn,
  completedPod,
  isReady,
  podsOf,
  sessionOf,
  sidecarOf,
  untilLogged,
  untilPod,
  type Pod,
} from './pods.ts'

await inNamespaces(import.meta.filename)

const TEAM = 'team'
const OPEN = 'open'
const PLAIN = 'plain'
/** What `app` of TEAM and what `app` of OPEN may assume; each is permitted in that namespace alone. */
const READER = 'iam-ra-reader'
const WRITER = 'iam-ra-writer'
const MODES = ['init', 'renew', 'serve', 'imds'] as const

const cluster = await startAnnotated([
  { name: TEAM, enforces: 'restricted', role: 'reader' },
  { name: OPEN, enforces: 'privileged', role: 'writer' },
  { name: PLAIN, enforces: 'restricted', labels: {} },
])

const injection = suite('pods that ask by annotation, on a real node')
injection.after(() => cluster.stop())

const asker = (mode: string, spec: object = {}) => template(READER, { 'iam-ra/mode': mode }, spec)
const QUIET = { containers: [container('app', 'exec sleep 3600')] }
/** With the API server's defaults alone, those for volumes and images among them. */
const OTHER = pod('other', template(undefined, {}, { ...QUIET, automountServiceAccountToken: false }))

await untilAnswered(cluster, TEAM, pod('try', asker('init')), isInjected)
await untilAnswered(cluster, TEAM, pod('try', template(WRITER)), ({ refusal }) => refusal !== '')
await apply(TEAM, [
  ...MODES.map((mode) => pod(mode, asker(mode))),
  deployment('rolled', asker('serve')),
  deployment('refused', template(WRITER)),
  ...[job('refused', template(WRITER)), job('init', asker('init')), job('serve', asker('serve'))],
  cronJob('yearly', '@yearly', asker('init')),
  pod('several', several()),
  pod('no-automount', asker('init', { automountServiceAccountToken: false })),
])
await apply(OPEN, [pod('host', template(WRITER, {}, { hostNetwork: true }))])
await apply(PLAIN, [pod('asks', asker('serve', QUIET))])
await beDue('yearly')

for (const mode of MODES) {
  injection(`in mode ${mode} the app has the role that its pod asks for`, async () => {
    await untilIdentity(mode, READER)
    const { metadata } = await untilPod(cluster, [TEAM, mode], 'ready', isReady)
    assert.is(metadata.annotations?.['iam-ra/injected'], `${BASE}${READER}`)
  })
}

injection('pods of Jobs and of CronJobs have it, and complete', async () => {
  for (const name of ['init', 'serve', await jobOf('yearly')]) {
    const { metadata, status } = await completedPod(cluster, [TEAM, name])
    await untilIdentity(metadata.name, READER)
    assert.is(status.initContainerStatuses?.[0]?.state.terminated?.exitCode, 0, name)
  }
})

injection(
  'each container has it, init containers and native sidecars too, but for one that is skipped',
  async () => {
    for (const name of ['before', 'proxy', 'first', 'second']) await untilIdentity('several', READER, name)
    await untilLogged(cluster, [TEAM, 'several'], 'other', /Could not load credentials from any providers/)
  },
)

injection("without the API server's token a pod has its role all the same", async () => {
  await untilIdentity('no-automount', READER)
})

injection("in the node's network a pod gets a file, and is refused an endpoint", async () => {
  await untilIdentity('host', WRITER, 'app', OPEN)
  const served = template(WRITER, { 'iam-ra/mode': 'serve' }, { hostNetwork: true })
  const { refusal } = await send(cluster, OPEN, pod('served', served))
  assert.match(refusal, /denied request: host-network: /)
})

injection(
  "what is not permitted is refused at creation, in the Deployment's condition and the Job's event",
  async () => {
    const reason = `not-permitted: namespace ${TEAM} does not permit ${BASE}${WRITER}`
    assert.match(await replicaFailure('refused'), reason)
    for (const kind of ['ReplicaSet', 'Job']) assert.match(await failedCreate(kind, 'refused'), reason)
    assert.equal(await podsOf(cluster, TEAM, 'app=refused'), [])
    assert.equal(await podsOf(cluster, TEAM, 'batch.kubernetes.io/job-name=refused'), [])
  },
)

injection('a pod that asks for nothing is what it would be without the policies', async () => {
  const [inTeam, elsewhere] = [await send(cluster, TEAM, OTHER), await send(cluster, PLAIN, OTHER)]
  assert.is(inTeam.refusal, '')
  assert.equal(inTeam, elsewhere)
})

injection('in a namespace without the label, a pod that asks is left alone', async () => {
  const { metadata, status } = await untilPod(cluster, [PLAIN, 'asks'], 'ready', isReady)
  assert.is(status.initContainerStatuses, undefined)
  const keys = Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith('iam-ra/'))
  assert.equal(keys, ['iam-ra/mode'])
})

injection(
  'a rollout changes the mode; one to a role that is not permitted leaves the pods that run',
  async () => {
    const before = await readyPod('rolled')
    await untilIdentity(before.metadata.name, READER)
    await roll({ 'iam-ra/mode': 'init' })
    await cluster.kubectl(['rollout', 'status', '--namespace', TEAM, 'deployment/rolled', '--timeout=60s'])
    const after = await readyPod('rolled', (one) => one.metadata.name !== before.metadata.name)
    assert.ok(sidecarOf(after).state.terminated, 'its init container has ended')
    assert.match(await callerIn(cluster, [TEAM, after.metadata.name]), identityOf(READER))
    await roll({ 'iam.amazonaws.com/role': WRITER })
    assert.match(await replicaFailure('rolled'), 'not-permitted: ')
    assert.match(await callerIn(cluster, [TEAM, after.metadata.name]), identityOf(READER))
    await cluster.kubectl(['rollout', 'undo', '--namespace', TEAM, 'deployment/rolled'])
    await cluster.kubectl(['rollout', 'status', '--namespace', TEAM, 'deployment/rolled', '--timeout=60s'])
  },
)

for (const [name, resource] of [
  ['settings', ['configmap', '--namespace', 'iam-ra', 'iam-ra-injection']],
  ['injecting', ['mutatingadmissionpolicy', 'iam-ra-inject']],
] as const) {
  injection(
    `without ${resource.at(-1)} what asks is refused until it is back, and nothing else is`,
    async () => {
      await cluster.kubectl(['delete', ...resource])
      await untilAnswered(cluster, TEAM, pod('try', asker('init')), ({ refusal }) => refusal !== '')
      await apply(TEAM, [
        deployment(`asks-${name}`, asker('init')),
        deployment(`other-${name}`, template(undefined, {}, QUIET)),
      ])
      assert.match(await replicaFailure(`asks-${name}`), 'not-injected: ')
      const { status } = await readyPod(`other-${name}`)
      assert.is(status.initContainerStatuses, undefined)
      await applyOverlay(cluster)
      await untilIdentity((await readyPod(`asks-${name}`)).metadata.name, READER)
    },
  )
}

injection(
  'without the refusing policy, what may not have its role starts without it and says so',
  async () => {
    const writer = template(WRITER, {}, QUIET)
    await cluster.kubectl(['delete', 'validatingadmissionpolicy', 'iam-ra'])
    await untilAnswered(cluster, TEAM, pod('try', writer), ({ refusal }) => refusal === '')
    await apply(TEAM, [
      deployment('asks-refusing', asker('init')),
      pod('may-not', writer),
      deployment('other-refusing', template(undefined, {}, QUIET)),
    ])
    const { metadata, status } = await untilPod(cluster, [TEAM, 'may-not'], 'ready', isReady)
    assert.is(status.initContainerStatuses, undefined)
    assert.match(metadata.annotations?.['iam-ra/refused'] ?? '', /^not-permitted: /)
    await untilIdentity((await readyPod('asks-refusing')).metadata.name, READER)
    await readyPod('other-refusing')
    await applyOverlay(cluster)
    await untilAnswered(cluster, TEAM, pod('try', writer), ({ refusal }) => refusal !== '')
  },
)

injection.run()

function isInjected({ annotations }: { readonly annotations: object }): boolean {
  return 'iam-ra/injected' in annotations
}

function several() {
  return template(
    READER,
    { 'iam-ra/skip-containers': 'other' },
    {
      initContainers: [container('before', IDENTITY), { ...container('proxy'), restartPolicy: 'Always' }],
      containers: ['first', 'second', 'other'].map((name) => container(name)),
    },
  )
}

async function apply(namespace: string, items: readonly Workload[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  await cluster.kubectl(['apply', '--namespace', namespace, '--warnings-as-errors', '--filename', '-'], list)
}

async function patch(resource: readonly string[], change: object): Promise<void> {
  const flags = ['--namespace', TEAM, '--type', 'merge', '--patch', JSON.stringify(change)]
  await cluster.kubectl(['patch', ...resource, ...flags])
}

/** As if its last run had been long ago: the controller makes up for one at once. */
async function beDue(name: string): Promise<void> {
  const lastScheduleTime = new Date(Date.now() - 400 * 24 * 3600_000).toISOString()
  await patch(['cronjob', name, '--subresource', 'status'], { status: { lastScheduleTime } })
}

async function roll(annotations: Readonly<Record<string, string>>): Promise<void> {
  await patch(['deployment', 'rolled'], { spec: { template: { metadata: { annotations } } } })
}

function identityOf(role: string): RegExp {
  return sessionOf(`arn:aws:iam::${EXAMPLE.account}:role/${role}`)
}

async function untilIdentity(name: string, role: string, at = 'app', namespace = TEAM): Promise<void> {
  await untilLogged(cluster, [namespace, name], at, identityOf(role))
}

function eventsOf(): Promise<string> {
  return cluster.kubectl(['get', 'events', '--namespace', TEAM])
}

async function readyPod(app: string, isIt: (pod: Pod) => boolean = () => true): Promise<Pod> {
  return await until(
    `a pod of ${app}`,
    async () => (await podsOf(cluster, TEAM, `app=${app}`)).find((one) => isReady(one) && isIt(one)),
    () => cluster.kubectl(['describe', 'replicasets,pods', '--namespace', TEAM, '--selector', `app=${app}`]),
  )
}

async function jobOf(name: string): Promise<string> {
  interface Job {
    readonly metadata: { readonly name: string; readonly ownerReferences?: readonly { name: string }[] }
  }
  return await until(
    `a Job of ${name}`,
    async () => {
      const { items } = await cluster.request('GET', `/apis/batch/v1/namespaces/${TEAM}/jobs`)
      const isOf = ({ metadata }: Job): boolean => metadata.ownerReferences?.[0]?.name === name
      return (items as readonly Job[]).find(isOf)?.metadata.name
    },
    eventsOf,
  )
}

/** What the Deployment's condition says. */
async function replicaFailure(name: string): Promise<string> {
  interface Status {
    readonly conditions?: readonly { readonly type: string; readonly message: string }[]
  }
  return await until(
    `ReplicaFailure of ${name}`,
    async () => {
      const { status } = await cluster.request('GET', `/apis/apps/v1/namespaces/${TEAM}/deployments/${name}`)
      return (status as Status).conditions?.find(({ type }) => type === 'ReplicaFailure')?.message
    },
    eventsOf,
  )
}

/** What an event says of the object, or of one that a Deployment of that name made. */
async function failedCreate(kind: string, name: string): Promise<string> {
  interface Event {
    readonly involvedObject: { readonly name: string }
    readonly message: string
  }
  const selector = encodeURIComponent(`reason=FailedCreate,involvedObject.kind=${kind}`)
  return await until(
    `the event of ${kind} ${name}`,
    async () => {
      const { items } = await cluster.request(
        'GET',
        `/api/v1/namespaces/${TEAM}/events?fieldSelector=${selector}`,
      )
      return (items as readonly Event[]).find(({ involvedObject }) => involvedObject.name.startsWith(name))
        ?.message
    },
    eventsOf,
  )
}
