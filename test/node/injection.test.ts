/** Pods that ask by annotation, most of them made by controllers, with the policies of k8s/injection as they are shipped. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { applyOverlay, BASE, send, startAnnotated, untilAnswered } from './annotated.ts'
import { container, cronJob, deployment, IDENTITY, job, pod, template, type Workload } from './askers.ts'
import { until } from './cluster.ts'
import { failedCreate, jobOf, replicaFailure } from './controllers.ts'
import { inNamespaces } from './namespaces.ts'
import {
  callerIn,
  completedPod,
  inPod,
  isReady,
  podsOf,
  sessionOf,
  sidecarOf,
  untilLogged,
  untilPod,
  type ContainerStatus,
  type Pod,
} from './pods.ts'
import { killContainer, killPod } from './restarts.ts'

await inNamespaces(import.meta.filename)

const TEAM = 'team'
const OPEN = 'open'
const PLAIN = 'plain'
const GUARDED = 'guarded'
/** What `app` of TEAM and what `app` of OPEN may assume; each is permitted in that namespace alone. */
const READER = 'iam-ra-reader'
const WRITER = 'iam-ra-writer'
const CREDENTIALS = 'iam/security-credentials/'
const MODES = ['init', 'renew', 'serve', 'imds'] as const

const cluster = await startAnnotated([
  { name: TEAM, enforces: 'restricted', role: 'reader' },
  { name: OPEN, enforces: 'privileged', role: 'writer' },
  { name: PLAIN, enforces: 'restricted', labels: {} },
  { name: GUARDED, enforces: 'baseline' },
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
  pod('other-uid', otherUid()),
  pod('no-automount', asker('init', { automountServiceAccountToken: false })),
])
await apply(OPEN, [
  pod('host', template(WRITER, {}, { hostNetwork: true })),
  pod('root', root()),
  pod('metadata', metadata()),
  pod('metadata-v1', metadata({ 'iam-ra/imds-v1': 'true', 'iam-ra/metadata-region': EXAMPLE.region })),
])
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
  for (const name of ['init', 'serve', await jobOf(cluster, [TEAM, 'yearly'])]) {
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

injection('an app that runs as root or as another user reads what is meant for it', async () => {
  await untilIdentity('root', WRITER, 'app', OPEN)
  await untilIdentity('other-uid', READER)
})

injection('in mode metadata an SDK that is told nothing finds credentials at 169.254.169.254', async () => {
  for (const name of ['metadata', 'metadata-v1']) await untilIdentity(name, WRITER, 'app', OPEN)
  assert.match(await asked('metadata', CREDENTIALS), /401 Unauthorized/)
})

injection(
  'with IMDSv1 a request without a token is answered, and one for what is unknown is not',
  async () => {
    assert.is(await asked('metadata-v1', CREDENTIALS), WRITER)
    assert.match(await asked('metadata-v1', `${CREDENTIALS}${WRITER}`), /"AccessKeyId" ?: ?"ASIA/)
    assert.is(await asked('metadata-v1', 'placement/region'), EXAMPLE.region)
    assert.match(await asked('metadata-v1', 'ami-id'), /404 Not Found/)
  },
)

injection('a metadata service that is killed comes back, and so does the whole pod', async () => {
  const name = [OPEN, 'metadata-v1'] as const
  const before = await untilPod(cluster, name, 'ready', isReady)
  killContainer(lastInit(before).containerID ?? '')
  await untilPod(cluster, name, 'killed and back', (now) => isReady(now) && lastInit(now).restartCount === 1)
  assert.is(await asked('metadata-v1', CREDENTIALS), WRITER)
  killPod(before.metadata.uid)
  const started = sidecarOf(before).containerID
  await untilPod(
    cluster,
    name,
    'started again',
    (now) => isReady(now) && sidecarOf(now).containerID !== started,
  )
  assert.is(await asked('metadata-v1', CREDENTIALS), WRITER)
})

injection('a namespace that enforces baseline refuses mode metadata, as it allows no NET_ADMIN', async () => {
  const { refusal } = await send(cluster, GUARDED, pod('metadata', metadata({}, READER)))
  assert.match(refusal, /denied request: pod-security: .*NET_ADMIN/)
})

injection(
  "what is not permitted is refused at creation, in the Deployment's condition and the Job's event",
  async () => {
    const reason = `not-permitted: namespace ${TEAM} does not permit ${BASE}${WRITER}`
    const name = [TEAM, 'refused'] as const
    assert.match(await replicaFailure(cluster, name), reason)
    for (const kind of ['ReplicaSet', 'Job'] as const) {
      assert.match(await failedCreate(cluster, kind, name), reason)
    }
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
    assert.match(await replicaFailure(cluster, [TEAM, 'rolled']), 'not-permitted: ')
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
      assert.match(await replicaFailure(cluster, [TEAM, `asks-${name}`]), 'not-injected: ')
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

/** As apps were before Pod Security: root, with the runtime's capabilities. */
function root() {
  const { securityContext: _, ...app } = container('app')
  return template(WRITER, {}, { securityContext: { runAsUser: 0 }, containers: [app] })
}

/** The group of the volume lets the app read what another user writes. */
function otherUid() {
  const { securityContext, ...app } = container('app')
  return template(
    READER,
    { 'iam-ra/mode': 'serve', 'iam-ra/file-mode': '0640' },
    {
      securityContext: { runAsNonRoot: true, fsGroup: 2000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [{ ...app, securityContext: { ...(securityContext as object), runAsUser: 1000 } }],
    },
  )
}

function metadata(annotations: Readonly<Record<string, string>> = {}, role = WRITER) {
  return template(role, { 'iam-ra/mode': 'metadata', ...annotations })
}

/** What a program without any SDK gets there, or how it is refused. */
async function asked(name: string, path: string): Promise<string> {
  const url = `http://169.254.169.254/latest/meta-data/${path}`
  return await inPod(cluster, [OPEN, name], ['/bin/sh', '-c', `/bin/busybox wget -qO- ${url} 2>&1 || true`])
}

/** In mode metadata the sidecar comes after the container that adds the address. */
function lastInit({ status }: Pod): ContainerStatus {
  const last = status.initContainerStatuses?.at(-1)
  if (last === undefined) throw new Error('the pod has no init container yet')
  return last
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

async function readyPod(app: string, isIt: (pod: Pod) => boolean = () => true): Promise<Pod> {
  return await until(
    `a pod of ${app}`,
    async () => (await podsOf(cluster, TEAM, `app=${app}`)).find((one) => isReady(one) && isIt(one)),
    () => cluster.kubectl(['describe', 'replicasets,pods', '--namespace', TEAM, '--selector', `app=${app}`]),
  )
}
