/** The settings and the policies removed one at a time, others added, and what they say of workloads and namespaces. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  ADMISSION,
  asker,
  collectionOf,
  exported,
  isInjected,
  policies,
  rendered,
  SETTINGS,
  startCluster,
  type Pod,
} from './cluster.ts'
import { asking, OTHER, others, refused, underLoad } from './load.ts'

const removed = suite('policies and settings that are missing, and the optional ones')
const cluster = await startCluster()
removed.after(() => cluster.kubernetes.stop())

const V1 = 'admissionregistration.k8s.io/v1'
const ALL = { 'iam.amazonaws.com/permitted': '.*' }
await cluster.namespace('team', ALL)
await cluster.namespace('outside', ALL, { 'iam-ra/injection': 'off' })

async function put(kind: string, name: string): Promise<void> {
  const manifest = policies().find((one) => one.kind === kind && one.metadata.name === name)
  if (manifest === undefined) throw new Error(`there is no ${kind} ${name}`)
  await cluster.kubernetes.request('POST', collectionOf(manifest), manifest)
}

/** Pods of all kinds are sent before, meanwhile and after. */
async function without(path: string, kind: string, name: string): Promise<void> {
  const senders = [
    asking(cluster, 'team', ['not-injected']),
    refused(cluster, 'team', ['not-injected', 'role-invalid']),
    ...others(cluster, 'team', 'outside'),
  ]
  await underLoad(senders, async () => {
    await cluster.kubernetes.request('DELETE', `${path}/${name}`)
    try {
      await cluster.sendUntil('team', asker('r'), ({ status }) => status > 299)
    } finally {
      await put(kind, name)
    }
    await cluster.sendUntil('team', asker('r'), isInjected)
  })
}

removed('without the settings pods that ask are refused, and no others', () =>
  without(SETTINGS, 'ConfigMap', 'iam-ra-injection'),
)

removed('without the mutating policy pods that ask are refused, and no others', () =>
  without(`${ADMISSION}/mutatingadmissionpolicies`, 'MutatingAdmissionPolicy', 'iam-ra-inject'),
)

removed('without its binding pods that ask are refused, and no others', () =>
  without(`${ADMISSION}/mutatingadmissionpolicybindings`, 'MutatingAdmissionPolicyBinding', 'iam-ra-inject'),
)

removed('without the mutating policy an exported pod is looked at too', async () => {
  const { pod } = await cluster.send('team', asker('r', { 'iam-ra/image': 'registry.example/aws-iam-ra' }))
  const sent = exported(pod)
  const [container] = sent.spec['initContainers'] as readonly [Record<string, unknown>]
  const env = container['env'] as readonly object[]
  const mounts = container['volumeMounts'] as readonly object[]
  const with_ = (change: object): Pod => ({
    ...sent,
    spec: { ...sent.spec, initContainers: [{ ...container, ...change }] },
  })
  await cluster.kubernetes.request('DELETE', `${ADMISSION}/mutatingadmissionpolicies/iam-ra-inject`)
  try {
    await cluster.sendUntil('team', asker('r'), ({ status }) => status > 299)
    assert.is((await cluster.send('team', sent)).status, 201)
    for (const change of [
      { image: 'registry.example/mine' },
      { restartPolicy: 'Always', lifecycle: { postStart: { exec: { command: ['/bin/sh'] } } } },
      { restartPolicy: 'Always' },
      { args: ['serve'] },
      { securityContext: { ...(container['securityContext'] as object), runAsUser: 0 } },
      { securityContext: undefined },
      { volumeMounts: [...mounts, { name: 'iam-ra-token', mountPath: '/usr/local/bin' }] },
      { env: [...env, { name: 'VAULT_AWS_PATH', value: 'aws' }] },
      { env: [...env, { name: 'ROLE_ARN', value: 'arn:aws:iam::123456789012:role/other' }] },
      { env: env.slice(0, 1) },
      { envFrom: [{ configMapRef: { name: 'mine' } }] },
      { command: ['/bin/sh'] },
      { args: ['--role-arn=x'] },
      { name: 'other' },
    ]) {
      const { codes, says } = await cluster.send('team', with_(change))
      assert.equal(codes, ['not-injected'], says)
    }
    const another = {
      ...sent.metadata,
      annotations: { ...sent.metadata.annotations, 'iam-ra/injected': 'x' },
    }
    assert.equal((await cluster.send('team', { ...sent, metadata: another })).codes, ['not-injected'])
  } finally {
    await put('MutatingAdmissionPolicy', 'iam-ra-inject')
  }
  await cluster.sendUntil('team', asker('r'), isInjected)
})

removed('without the mutating policy both containers of mode metadata are looked at', async () => {
  const { pod } = await cluster.send('team', asker('r', { 'iam-ra/mode': 'metadata' }))
  const sent = exported(pod)
  const [address, ours] = sent.spec['initContainers'] as readonly [object, object]
  const inits = (...initContainers: readonly object[]): Pod => ({
    ...sent,
    spec: { ...sent.spec, initContainers },
  })
  await cluster.kubernetes.request('DELETE', `${ADMISSION}/mutatingadmissionpolicies/iam-ra-inject`)
  try {
    await cluster.sendUntil('team', asker('r'), ({ status }) => status > 299)
    assert.is((await cluster.send('team', sent)).status, 201)
    for (const change of [
      { image: 'registry.example/mine' },
      { args: [] },
      { command: ['/bin/sh'] },
      { env: [{ name: 'A', value: 'b' }] },
      { volumeMounts: [{ name: 'iam-ra-token', mountPath: '/token' }] },
      { securityContext: { runAsUser: 0, privileged: true } },
    ]) {
      const { codes, says } = await cluster.send('team', inits({ ...address, ...change }, ours))
      assert.equal(codes, ['not-injected'], says)
    }
    for (const other of [
      inits(ours),
      inits(address),
      inits(address, { ...ours, image: 'registry.example/mine' }),
    ])
      assert.equal((await cluster.send('team', other)).codes, ['not-injected'])
  } finally {
    await put('MutatingAdmissionPolicy', 'iam-ra-inject')
  }
  await cluster.sendUntil('team', asker('r'), isInjected)
})

for (const kind of ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding']) {
  removed(`without the ${kind} a pod says itself why it got nothing`, async () => {
    const senders = [asking(cluster, 'team'), ...others(cluster, 'team', 'outside')]
    const path = collectionOf({ apiVersion: V1, kind, metadata: { name: 'iam-ra' } })
    await underLoad(senders, async () => {
      await cluster.kubernetes.request('DELETE', `${path}/iam-ra`)
      const { pod } = await cluster.sendUntil('team', asker(' '), ({ status }) => status < 300)
      assert.match(pod.metadata.annotations?.['iam-ra/refused'] ?? '', /^role-invalid: /)
      await put(kind, 'iam-ra')
      await cluster.sendUntil('team', asker(' '), ({ status }) => status > 299)
    })
  })
}

removed('a namespace without the label is left alone', async () => {
  const answer = await cluster.send('outside', asker('r', { 'iam-ra/mode': 'x' }))
  assert.is(answer.status, 201)
  assert.not.ok(isInjected(answer))
})

const PATTERNS = { '[': /error parsing regexp/, 'x)|(?:.*': /error parsing regexp/ }

removed('wrong patterns are refused on the namespace, and a wrong one can still be removed', async () => {
  await cluster.namespace('had-it-before', { 'iam.amazonaws.com/permitted': '[' })
  await cluster.namespace(
    'labelled-later',
    { 'iam.amazonaws.com/permitted': '[' },
    { 'iam-ra/injection': 'off' },
  )
  await apply('k8s/injection/namespaces')
  const send = (permitted: string, allowed = '["r"]'): Promise<string> =>
    refusal('POST', '/api/v1/namespaces?dryRun=All', {
      metadata: {
        name: 'patterns',
        labels: { 'iam-ra/injection': 'enabled' },
        annotations: { 'iam.amazonaws.com/permitted': permitted, 'iam.amazonaws.com/allowed-roles': allowed },
      },
    })
  await until(async () => (await send('[')) !== '')
  for (const [pattern, says] of Object.entries(PATTERNS)) assert.match(await send(pattern), says)
  assert.match(await send('.*', '["r"'), /allowed-roles-invalid: /)
  assert.is(await send('a|b'), '')
  const change = (name: string, permitted: string): Promise<string> =>
    refusal('PUT', `/api/v1/namespaces/${name}`, {
      metadata: {
        ...{ name, labels: { 'iam-ra/injection': 'enabled', more: 'x' } },
        annotations: { 'iam.amazonaws.com/permitted': permitted },
      },
    })
  assert.match(await change('labelled-later', '['), /error parsing regexp/)
  assert.is(await change('had-it-before', '['), '')
  assert.is(await change('had-it-before', '.*'), '')
})

removed('with the optional policy, pods that ask for none get the default role or are refused', async () => {
  await apply('k8s/injection/default-role')
  await cluster.namespace('default-role', {}, { 'iam-ra/default-role': 'on' })
  const { pod } = await cluster.sendUntil('default-role', OTHER, isInjected)
  assert.is(pod.metadata.annotations?.['iam-ra/injected'], 'arn:aws:iam::123456789012:role/everyone')
  assert.is((await cluster.send('team', OTHER)).pod.metadata.annotations, undefined)
  await cluster.kubernetes.request('DELETE', `${SETTINGS}/iam-ra-default-role`)
  await cluster.sendUntil('default-role', OTHER, ({ codes }) => codes.includes('not-injected'))
})

removed('what would not work is warned of', async () => {
  const deployment = (annotations: object, spec: object, own: object = {}): object => ({
    metadata: { name: 'd', annotations: own },
    spec: {
      selector: { matchLabels: { a: 'b' } },
      template: { metadata: { labels: { a: 'b' }, annotations }, spec },
    },
  })
  const role = { 'iam.amazonaws.com/role': 'r' }
  const { spec } = OTHER
  const keys = { containers: [{ name: 'app', image: 'nginx', env: [{ name: 'AWS_PROFILE', value: 'x' }] }] }
  const withEnv = (name: string): object => ({
    containers: [{ name: 'app', image: 'nginx', env: [{ name, value: 'true' }] }],
  })
  for (const [sent, expected] of [
    [deployment(role, spec), []],
    [deployment({}, keys), []],
    [deployment({}, spec, role), [/annotation of the workload/]],
    [deployment(role, keys), [/AWS_ACCESS_KEY_ID/]],
    [deployment(role, { ...spec, os: { name: 'windows' } }), [/Windows/]],
    [deployment({ ...role, 'iam-ra/mode': 'imds' }, spec), []],
    [
      deployment({ ...role, 'iam-ra/mode': 'imds' }, withEnv('AWS_EC2_METADATA_DISABLED')),
      [/AWS_EC2_METADATA_DISABLED/],
    ],
    [deployment({ ...role, 'iam-ra/mode': 'serve' }, withEnv('AWS_EC2_METADATA_DISABLED')), []],
    [
      deployment(
        { ...role, 'iam-ra/mode': 'metadata', 'iam-ra/skip-containers': 'app' },
        withEnv('AWS_EC2_METADATA_SERVICE_ENDPOINT'),
      ),
      [/may not ask 169\.254\.169\.254/, /skip-containers has no effect/],
    ],
    ...(['metadata', 'serve'] as const).map(
      (mode) =>
        [
          deployment(
            { ...role, 'iam-ra/mode': mode },
            { containers: [{ name: 'app', image: 'nginx', ports: [{ containerPort: 80 }] }] },
          ),
          mode === 'metadata' ? [/169\.254\.169\.254:80 is in use/] : [],
        ] as const,
    ),
    [
      deployment({ ...role, 'iam-ra/Mode': 'x', 'iam.amazonaws.com/external-id': 'e' }, spec),
      [/external id/, /not known/],
    ],
  ] as const) {
    const warnings = await warningsOf('/apis/apps/v1/namespaces/team/deployments?dryRun=All', sent)
    assert.is(warnings.length, expected.length, warnings.join())
    for (const [index, one] of expected.entries()) assert.match(warnings[index] ?? '', one)
  }
})

removed('a misspelt annotation of a namespace is warned of', async () => {
  const namespace = (annotations: object, injection = 'enabled'): object => ({
    metadata: { name: 'misspelt', annotations, labels: { 'iam-ra/injection': injection } },
  })
  const path = '/api/v1/namespaces?dryRun=All'
  const misspelt = {
    ...ALL,
    'iam-ra/vault-rolle': 'x',
    'iam-ra/skip-containers': 'app',
    'iam-ra/mode': 'serve',
  }
  const [warning = '', ...others] = await warningsOf(path, namespace(misspelt))
  assert.match(warning, /iam-ra\/vault-rolle/)
  assert.match(warning, /iam-ra\/skip-containers/)
  assert.not.match(warning, /iam-ra\/mode/)
  assert.equal(others, [])
  const known = { ...ALL, 'iam-ra/vault-role': 'x', 'iam-ra/base-role-arn': 'y', 'iam-ra/anchor-arn': 'z' }
  assert.equal(await warningsOf(path, namespace(known)), [])
  assert.equal(await warningsOf(path, namespace(misspelt, 'off')), [])
})

async function apply(directory: string): Promise<void> {
  for (const manifest of rendered(directory)) {
    await cluster.kubernetes.request('POST', collectionOf(manifest), manifest)
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; !(await holds());) {
    if (Date.now() > deadline) throw new Error('still not in force')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Empty if there was none. */
async function refusal(method: string, path: string, body: object): Promise<string> {
  const { status, json } = await cluster.call(method, path, body)
  return status < 300 ? '' : String(json['message'])
}

async function warningsOf(path: string, body: object): Promise<readonly string[]> {
  const { status, warnings } = await cluster.call('POST', path, body)
  assert.is(status, 201)
  return warnings
}

removed.run()
