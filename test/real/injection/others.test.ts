/** Next to what else a cluster has: a mesh that adds its containers, the Pod Security Standard, an older version. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  asker,
  collectionOf,
  exported,
  renderedForOlder,
  startCluster,
  type Manifest,
  type Pod,
} from './cluster.ts'

const others = suite('injection next to others')
const cluster = await startCluster()
others.after(() => cluster.kubernetes.stop())
const ALL = { 'iam.amazonaws.com/permitted': '.*' }

interface Container {
  readonly name: string
  readonly env?: readonly { readonly name: string }[]
}

function containersOf(pod: Pod): readonly Container[] {
  return pod.spec['containers'] as readonly Container[]
}

function initsOf(pod: Pod): readonly Container[] {
  return pod.spec['initContainers'] as readonly Container[]
}

/** The API server runs policies in no certain order, and again if a later one has changed the pod. */
const MESH = `
  (object.spec.containers.exists(c, c.name == 'mesh') ? [] : [
    JSONPatch{op: 'add', path: '/spec/containers/-', value: Object.spec.containers{name: 'mesh', image: 'proxy'}}])
  + (has(object.spec.initContainers) ? [] : [JSONPatch{op: 'add', path: '/spec/initContainers', value: []}])
  + (object.spec.?initContainers.orValue([]).exists(c, c.name == 'mesh-init') ? [] : [
    JSONPatch{op: 'add', path: '/spec/initContainers/0', value: Object.spec.initContainers{name: 'mesh-init', image: 'proxy'}}])`

async function addMesh(): Promise<void> {
  const rules = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }
  const policy = {
    failurePolicy: 'Fail',
    reinvocationPolicy: 'IfNeeded',
    matchConstraints: { namespaceSelector: { matchLabels: { mesh: 'on' } }, resourceRules: [rules] },
    mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: MESH } }],
  }
  const apiVersion = 'admissionregistration.k8s.io/v1'
  for (const [kind, spec] of [
    ['MutatingAdmissionPolicy', policy],
    ['MutatingAdmissionPolicyBinding', { policyName: 'mesh' }],
  ] as const) {
    const manifest: Manifest = { apiVersion, kind, metadata: { name: 'mesh' }, spec }
    await cluster.kubernetes.request('POST', collectionOf(manifest), manifest)
  }
}

others("a mesh's containers get the credentials too, and may be skipped before they are there", async () => {
  await cluster.namespace('mesh', ALL, { mesh: 'on' })
  await addMesh()
  const bare: Pod = { metadata: {}, spec: { containers: [{ name: 'app', image: 'nginx' }] } }
  await cluster.sendUntil('mesh', bare, ({ pod }) => containersOf(pod).length === 2)
  const { pod, says } = await cluster.send('mesh', asker('r'))
  assert.is(says, '')
  assert.equal(
    containersOf(pod).map(({ env = [] }) => env.map(({ name }) => name)),
    [['AWS_SHARED_CREDENTIALS_FILE'], ['AWS_SHARED_CREDENTIALS_FILE']],
  )
  const skipping = { 'iam-ra/after': 'mesh-init', 'iam-ra/skip-containers': 'mesh, mesh-init' }
  const skipped = await cluster.send('mesh', asker('r', skipping))
  assert.is(skipped.says, '')
  assert.equal(
    containersOf(skipped.pod).map(({ env = [] }) => env.length),
    [1, 0],
  )
  assert.equal(
    initsOf(skipped.pod).map(({ name }) => name),
    ['mesh-init', 'aws-iam-ra'],
  )
  assert.not.ok('iam-ra/refused' in (skipped.pod.metadata.annotations ?? {}))
  const again = await cluster.send('mesh', exported(skipped.pod))
  assert.equal(exported(again.pod), exported(skipped.pod))
})

const SECURE: Pod = {
  metadata: {},
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        ...{ name: 'app', image: 'nginx' },
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
}

for (const mode of ['init', 'renew', 'serve', 'imds']) {
  others(`mode ${mode} passes the Pod Security Standard restricted`, async () => {
    await cluster.namespace(`restricted-${mode}`, ALL, { 'pod-security.kubernetes.io/enforce': 'restricted' })
    const { metadata } = asker('r', { 'iam-ra/mode': mode })
    const { status, says } = await cluster.send(`restricted-${mode}`, { ...SECURE, metadata })
    assert.is(status, 201, says)
  })
}

others('a pod without a name of its own is injected', async () => {
  await cluster.namespace('generated', ALL)
  const { metadata, spec } = asker('r')
  const { status, pod } = await cluster.send('generated', {
    metadata: { ...metadata, name: undefined, generateName: 'import-' },
    spec,
  })
  assert.is(status, 201)
  assert.is(initsOf(pod)[0]?.name, 'aws-iam-ra')
})

others('a mirror of a static pod is left alone', async () => {
  const { metadata, spec } = asker('r', { 'kubernetes.io/config.mirror': 'x' })
  const { status, says, pod } = await cluster.send('generated', {
    metadata,
    spec: { ...spec, nodeName: 'n' },
  })
  assert.is(status, 201, says)
  assert.is(pod.spec['initContainers'], undefined)
})

others('the component for older clusters changes the version of the mutating policies alone', () => {
  const directories = ['k8s/injection', 'k8s/injection/default-role', 'k8s/injection/namespaces']
  const policies = renderedForOlder(directories).filter(({ kind }) => kind.includes('AdmissionPolicy'))
  assert.is(policies.length, 15)
  for (const { apiVersion, kind } of policies) {
    assert.is(
      apiVersion,
      `admissionregistration.k8s.io/${kind.startsWith('Mutating') ? 'v1beta1' : 'v1'}`,
      kind,
    )
  }
})

others.run()
