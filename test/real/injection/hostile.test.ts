/** Pods that bring annotations, containers and volumes with our names to get a role that is not theirs. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asker, exported, startCluster, type Pod } from './cluster.ts'

const hostile = suite('hostile pods')
const cluster = await startCluster()
hostile.after(() => cluster.kubernetes.stop())

const PERMITTED = 'arn:aws:iam::123456789012:role/mine'
const OTHER = 'arn:aws:iam::123456789012:role/other'
await cluster.namespace('team', { 'iam.amazonaws.com/permitted': PERMITTED })

type Container = Readonly<Record<string, unknown>> & {
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly volumeMounts?: readonly object[]
  readonly ports?: readonly object[]
  readonly securityContext?: object
}

const [injected, served, withMetadata, withAgent] = await Promise.all(
  ['init', 'serve', 'metadata', 'agent'].map(async (mode) => {
    const { status, pod } = await cluster.send('team', asker('mine', { 'iam-ra/mode': mode }))
    assert.is(status, 201)
    return exported(pod)
  }),
)
if (!injected || !served || !withMetadata || !withAgent) throw new Error('nothing was injected')

/** A pod that was injected, exported and changed. */
function changed(pod: Pod, change: (container: Container) => object, name = 'aws-iam-ra'): Pod {
  const containers = pod.spec['initContainers'] as readonly Container[]
  const initContainers = containers.map((one) => (one['name'] === name ? { ...one, ...change(one) } : one))
  return { ...pod, spec: { ...pod.spec, initContainers } }
}

hostile('an exported pod that was not changed is accepted as is', async () => {
  for (const pod of [injected, served, withMetadata, withAgent]) {
    const { status, pod: again, says } = await cluster.send('team', pod)
    assert.is(status, 201, says)
    assert.equal(exported(again), pod)
  }
})

hostile('the label of mode agent does not stand for another mode', async () => {
  const { metadata, spec } = asker('mine')
  const labels = { 'iam-ra/credentials': 'agent' }
  const { pod } = await cluster.send('team', { metadata: { ...metadata, labels }, spec })
  assert.equal(pod.metadata.labels, { 'iam-ra/credentials': 'true' })
  assert.ok((pod.spec['initContainers'] as readonly Container[]).some((one) => one['name'] === 'aws-iam-ra'))
})

hostile('mode agent has no container of ours, not even a right one', async () => {
  for (const other of [injected, served, withMetadata]) {
    const annotations = { ...withAgent.metadata.annotations }
    const metadata = { ...other.metadata, annotations }
    const answer = await cluster.send('team', { ...other, metadata })
    assert.equal([...new Set(answer.codes)], ['own-container'], answer.says)
  }
})

hostile("an agent's token for another reader is refused", async () => {
  const text = JSON.stringify(withAgent.spec).replace('"audience":"iam-ra-agent"', '"audience":"vault"')
  assert.not.equal(JSON.parse(text), withAgent.spec)
  const answer = await cluster.send('team', { ...withAgent, spec: JSON.parse(text) as Pod['spec'] })
  assert.equal(answer.codes, ['own-volume'], answer.says)
})

const CHANGES: Readonly<Record<string, (container: Container) => object>> = {
  'another ROLE_ARN': ({ env = [] }) => ({
    env: env.map((one) => (one.name === 'ROLE_ARN' ? { name: 'ROLE_ARN', value: OTHER } : one)),
  }),
  'a second ROLE_ARN': ({ env = [] }) => ({ env: [...env, { name: 'ROLE_ARN', value: OTHER }] }),
  'a second ROLE_ARN before ours': ({ env = [] }) => ({ env: [{ name: 'ROLE_ARN', value: OTHER }, ...env] }),
  'no ROLE_ARN': ({ env = [] }) => ({ env: env.filter(({ name }) => name !== 'ROLE_ARN') }),
  'one more variable': ({ env = [] }) => ({ env: [...env, { name: 'VAULT_AWS_PATH', value: 'aws' }] }),
  "another account's name": ({ env = [] }) => ({
    env: env.map((one) => (one.name === 'VAULT_CERT_CN' ? { ...one, value: 'a.b.c' } : one)),
  }),
  'a field in place of a value': ({ env = [] }) => ({
    env: env.map(({ name, ...rest }) =>
      name === 'CLUSTER'
        ? { name, valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }
        : { name, ...rest },
    ),
  }),
  'variables from a ConfigMap': () => ({ envFrom: [{ configMapRef: { name: 'mine' } }] }),
  'a command': () => ({ command: ['/bin/sh'] }),
  arguments: () => ({ args: ['--role-arn', OTHER] }),
  'another image': () => ({ image: 'registry.example/mine' }),
  'a part of a volume': ({ volumeMounts = [] }) => ({
    volumeMounts: volumeMounts.map((mount) => ({ ...mount, subPath: 'mine' })),
  }),
  'one more mount': ({ volumeMounts = [] }) => ({
    volumeMounts: [...volumeMounts, { name: 'iam-ra-vault-ca', mountPath: '/usr/local/bin' }],
  }),
  'no mount': () => ({ volumeMounts: [] }),
  'a working directory': () => ({ workingDir: '/tmp' }),
  'a file for its last words': () => ({ terminationMessagePath: '/aws/credentials' }),
  'an input': () => ({ stdin: true }),
  'a terminal': () => ({ tty: true }),
  'one more port': ({ ports = [] }) => ({ ports: [...ports, { containerPort: 80 }] }),
  ...Object.fromEntries(
    [
      ...[{ privileged: true, allowPrivilegeEscalation: undefined }, { allowPrivilegeEscalation: true }],
      ...[
        { readOnlyRootFilesystem: false },
        { runAsNonRoot: false },
        { runAsUser: 0, runAsNonRoot: undefined },
      ],
      ...[{ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }, { capabilities: undefined }],
      ...[{ seccompProfile: { type: 'Unconfined' } }, { procMount: 'Unmasked' }],
      ...[{ appArmorProfile: { type: 'Unconfined' } }, { seLinuxOptions: { type: 'spc_t' } }],
    ].map((more) => [
      `${Object.keys(more)[0] ?? ''} changed`,
      ({ securityContext }: Container) => ({ securityContext: { ...securityContext, ...more } }),
    ]),
  ),
}

const EXEC = { exec: { command: ['/bin/sh'] } }
const ELSEWHERE = { httpGet: { path: '/livez', port: 9912, host: '192.0.2.1' } }
/** Those of a sidecar, which only that may have. */
const OF_SIDECARS: typeof CHANGES = {
  'a hook': () => ({ lifecycle: { postStart: EXEC } }),
  'a probe that runs something': () => ({ livenessProbe: EXEC }),
  'a readiness probe': () => ({ readinessProbe: ELSEWHERE }),
  'a probe of another host': () => ({
    startupProbe: { ...ELSEWHERE, periodSeconds: 1, failureThreshold: 120 },
  }),
  'no probe': () => ({ startupProbe: undefined }),
  'a port of the node': () => ({ ports: [{ name: 'iam-ra-health', containerPort: 9912, hostPort: 9912 }] }),
  'no restart': () => ({
    restartPolicy: undefined,
    ...{ startupProbe: undefined, livenessProbe: undefined },
  }),
}

function refusesChanges(pod: Pod, changes: typeof CHANGES, name = 'aws-iam-ra'): void {
  const mode = pod.metadata.annotations?.['iam-ra/mode'] ?? ''
  for (const [what, change] of Object.entries(changes)) {
    hostile(`${name} of mode ${mode} with ${what} is refused`, async () => {
      const sent = changed(pod, change, name)
      assert.not.equal(sent, pod)
      // Without a user namespace of the pod's own, the API server refuses an unmasked /proc itself.
      const spec = what.startsWith('procMount') ? { ...sent.spec, hostUsers: false } : sent.spec
      const answer = await cluster.send('team', { ...sent, spec })
      assert.equal([...new Set(answer.codes)], ['own-container'], answer.says)
    })
  }
}

for (const pod of [injected, served, withMetadata]) refusesChanges(pod, CHANGES)
for (const pod of [served, withMetadata]) refusesChanges(pod, OF_SIDECARS)
refusesChanges(injected, { 'a restart policy': () => ({ restartPolicy: 'Always' }) })
refusesChanges(
  withMetadata,
  {
    ...Object.fromEntries(
      Object.entries(CHANGES).filter(
        ([what]) => !/^(no|a part|another (account|ROLE)|a field|runAs|a second ROLE_ARN before)/.test(what),
      ),
    ),
    'no root': ({ securityContext }) => ({ securityContext: { ...securityContext, runAsUser: 65532 } }),
    'a restart policy': () => ({ restartPolicy: 'Always' }),
    'a token': () => ({ volumeMounts: [{ name: 'iam-ra-token', mountPath: '/var/run/secrets/vault' }] }),
  },
  'aws-iam-ra-address',
)

hostile('the two containers of mode metadata come together, and in their order', async () => {
  const both = withMetadata.spec['initContainers'] as readonly Container[]
  for (const initContainers of [both.slice(0, 1), both.slice(1), both.toReversed(), [...both, ...both]]) {
    const { status, codes } = await cluster.send('team', {
      ...withMetadata,
      spec: { ...withMetadata.spec, initContainers },
    })
    assert.ok(status === 422 || codes.every((code) => code === 'own-container'), codes.join())
    assert.ok(status > 399)
  }
})

hostile('what LimitRanges, autoscalers and registries change is accepted', async () => {
  const resources = { requests: { cpu: '70m', memory: '80Mi' }, limits: { cpu: '1', memory: '256Mi' } }
  for (const pod of [injected, served, withMetadata]) {
    const sent = changed(pod, () => ({ resources, imagePullPolicy: 'Always' }))
    const { status, says } = await cluster.send('team', sent)
    assert.is(status, 201, says)
  }
})

hostile('its own annotations are no proof', async () => {
  const pod = asker('other', { 'iam-ra/injected': OTHER })
  assert.equal((await cluster.send('team', pod)).codes, ['not-permitted'])
  const exportedOther = {
    ...injected,
    metadata: { annotations: { ...pod.metadata.annotations, 'iam-ra/mode': 'init' } },
  }
  assert.equal(
    (await cluster.send('team', changed(exportedOther, CHANGES['another ROLE_ARN'] ?? (() => ({}))))).codes,
    ['not-permitted'],
  )
})

hostile('an own refusal does not outlive a right request', async () => {
  const { status, pod } = await cluster.send('team', asker('mine', { 'iam-ra/refused': 'x' }))
  assert.is(status, 201)
  assert.not.ok('iam-ra/refused' in (pod.metadata.annotations ?? {}))
})

hostile('two containers with our name', async () => {
  const [container] = injected.spec['initContainers'] as readonly object[]
  const [app] = injected.spec['containers'] as readonly object[]
  const containers = [app, { ...container, restartPolicy: undefined }]
  const { status } = await cluster.send('team', { ...injected, spec: { ...injected.spec, containers } })
  assert.ok(status > 399)
})

hostile("the token's volume must be for Vault alone", async () => {
  for (const source of [
    { path: 'token', audience: 'https://kubernetes.default.svc.cluster.local', expirationSeconds: 600 },
    { path: 'other', audience: 'vault', expirationSeconds: 600 },
  ]) {
    const volumes = (injected.spec['volumes'] as readonly { readonly name: string }[]).map((volume) =>
      volume.name === 'iam-ra-token'
        ? { name: volume.name, projected: { sources: [{ serviceAccountToken: source }] } }
        : volume,
    )
    const { codes, says } = await cluster.send('team', { ...injected, spec: { ...injected.spec, volumes } })
    assert.equal(codes, ['own-volume'], says)
  }
})

hostile('long values and those with the characters of expressions end in one short sentence', async () => {
  const values = [
    'x'.repeat(10_000),
    '.*',
    '^$',
    String.raw`\E.*\Q`,
    'a|b',
    '$(ROLE)',
    '☃',
    'a\n; denied request: ok: b',
    'a\u001B[2Jb\u009B31mc\u202Ed\u2028e',
  ]
  for (const value of values) {
    const { status, says, codes } = await cluster.send('team', asker(value, { 'iam-ra/mode': value }))
    assert.is(status, 403, value)
    assert.ok(says.length < 1300, `${says.length}`)
    assert.not.match(says, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    assert.ok(codes.includes('role-invalid') || codes.includes('not-permitted'), says)
  }
})

hostile('a pod with a thousand containers is judged', async () => {
  const containers = Array.from({ length: 1000 }, (_one, index) => ({ name: `c${index}`, image: 'nginx' }))
  const { status, pod, says } = await cluster.send('team', {
    ...asker('mine'),
    spec: { containers },
  })
  assert.is(status, 201, says)
  const all = pod.spec['containers'] as readonly { readonly env?: readonly object[] }[]
  assert.ok(all.every(({ env = [] }) => env.length === 1))
})

hostile('a pod that is too large for the policy is refused if it asks, and not otherwise', async () => {
  const containers = Array.from({ length: 10_000 }, (_one, index) => ({ name: `c${index}`, image: 'x' }))
  const { codes, says } = await cluster.send('team', { ...asker('mine'), spec: { containers } })
  assert.equal(codes, ['not-injected'], says)
  assert.match(says, /thousands of containers/)
  assert.is((await cluster.send('team', { metadata: {}, spec: { containers } })).status, 201)
})

hostile.run()
