/** What sidecar/ makes of workloads that know nothing of it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ServeSettings } from '../../src/settings/settings.ts'
import { FIXTURES, refusal, render } from './manifests/kustomize.ts'
import type { Container, PodTemplate } from './manifests/pod.ts'
import { namespaceOf, startValidation } from './manifests/validation.ts'
import { appsWithToken, initContainer, sourceOf, taskOf, workloadsOf } from './manifests/workloads.ts'

const sidecar = suite('manifests: the native sidecar for one’s own workloads')

const server = await startValidation()
await server.apply(namespaceOf('restricted'), { keep: true })
await server.apply(namespaceOf('baseline', 'frontend'), { keep: true })
await server.apply(namespaceOf('privileged'), { keep: true })
sidecar.after(() => server.stop())

const once = [...(await workloadsOf(server, `${FIXTURES}/workloads`)).values()]
const serve = await served('serve')
const imds = await served('imds')
const metadata = await served('metadata')
const [{ initContainers: [ours] = [] }] = serve.map(({ spec }) => spec) as [PodTemplate['spec']]
assert.ok(ours)

const FULL_URI = 'AWS_CONTAINER_CREDENTIALS_FULL_URI'
const TOKEN_FILE = 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'
const METADATA = 'AWS_EC2_METADATA_SERVICE_ENDPOINT'

/** Of all kinds of workloads with the label; the API server took each with strict validation. */
async function served(label: string): Promise<PodTemplate[]> {
  const all = await workloadsOf(server, `${FIXTURES}/${label}`)
  assert.is(all.get('unlabelled')?.spec.initContainers, undefined)
  return [...all].flatMap(([name, template]) => (name === 'unlabelled' ? [] : [template]))
}

function valueOf({ env = [] }: Container, name: string): string | undefined {
  return env.find((variable) => variable.name === name)?.value
}

async function serveSettings(container: Container, namespace?: string): Promise<ServeSettings> {
  const pod = namespace === undefined ? undefined : { namespace, serviceAccount: 'reader' }
  const task = await taskOf(container, pod)
  if (task.command !== 'serve') throw new Error(`expected serve, got ${task.command}`)
  return task.settings
}

sidecar(
  'a Deployment, StatefulSet, DaemonSet, Job, CronJob and Pod get the same sidecar, before their own',
  () => {
    for (const templates of [serve, imds]) {
      assert.is(templates.length, 6)
      for (const template of templates) assert.equal(initContainer(template), ours)
    }
    const names = serve.map(({ spec }) => (spec.initContainers ?? []).map(({ name }) => name).join())
    assert.ok(names.includes('aws-iam-ra,migration'))
  },
)

sidecar('it is a native sidecar, and its probes ask over HTTP and start nothing', () => {
  assert.equal([ours.args, ours.restartPolicy], [['serve'], 'Always'])
  assert.equal(ours.startupProbe?.httpGet, { path: '/readyz', port: 9912, scheme: 'HTTP' })
  assert.equal(ours.livenessProbe?.httpGet, { path: '/livez', port: 9912, scheme: 'HTTP' })
  assert.is(ours.readinessProbe, undefined)
  assert.not.match(JSON.stringify(ours), /"exec"/)
  const { periodSeconds = 0, failureThreshold = 0 } = ours.startupProbe ?? {}
  assert.is(periodSeconds * failureThreshold, 120)
})

sidecar(
  'it is closed as the init container of base/ is, and is told the same but for where it writes',
  () => {
    const [template] = once
    assert.ok(template)
    const init = initContainer(template)
    for (const member of ['image', 'securityContext', 'resources'] as const) {
      assert.equal(Reflect.get(ours, member), Reflect.get(init, member))
    }
    const shared = ({ env = [] }: Container, own: readonly string[]): unknown =>
      env.filter(({ name }) => !own.includes(name))
    // serve turns the compiler off by itself.
    const ofInit = ['AWS_SHARED_CREDENTIALS_FILE', 'BUN_JSC_useJIT']
    assert.equal(shared(ours, [TOKEN_FILE, 'HEALTH_ADDR']), shared(init, ofInit))
  },
)

sidecar('the ingress policy selects its pods, and opens the health port to Prometheus alone', () => {
  const policy = render('k8s/network-policy').find((text) => /^ {2}name: iam-ra-ingress$/m.test(text)) ?? ''
  const probe = ours.livenessProbe?.httpGet as { readonly port: number } | undefined
  assert.match(
    policy,
    /podSelector:\n {4}matchExpressions:\n {4}- key: iam-ra\/credentials\n {6}operator: In\n {6}values:\n {6}- serve\n {6}- imds\n {6}- metadata\n/,
  )
  for (const [templates, label] of [
    [serve, 'serve'],
    [imds, 'imds'],
    [metadata, 'metadata'],
  ] as const) {
    for (const { metadata } of templates) assert.is(metadata?.labels?.['iam-ra/credentials'], label)
  }
  assert.equal([...policy.matchAll(/ports:\n((?: {4}- .*\n| {6}.*\n)+)/g)].length, 1)
  assert.equal(
    [...policy.matchAll(/port: (\d+)/g)].map(([, port]) => Number(port)),
    [probe?.port],
  )
  assert.equal(
    [...policy.matchAll(/^ {2}- (from|ports):$/gm)].map(([, member]) => member),
    ['from'],
  )
  assert.match(policy, /policyTypes:\n {2}- Ingress\n/)
})

sidecar('the executable takes the settings: it listens where the probes and the apps ask', async () => {
  const settings = await serveSettings(ours, 'billing')
  const { certificate, vault } = sourceOf(settings, 'vault-pki')
  assert.equal([certificate.commonName, vault.role], ['reader.billing.east', 'billing'])
  assert.equal(settings.health, { host: '0.0.0.0', port: 9912 })
  assert.is(settings.deadlineMs * 2, 120_000, 'the startup probe waits for two runs')
  const [bare] = serve[0]?.spec.containers ?? []
  assert.ok(bare)
  assert.is(valueOf(bare, FULL_URI), `http://127.0.0.1:${settings.endpoint.port}/v1/credentials`)
  assert.is(valueOf(bare, TOKEN_FILE), settings.endpoint.tokenFile)
  assert.is(settings.endpoint.tokenFileMode, 0o600)
  const [old] = imds[0]?.spec.containers ?? []
  assert.ok(old)
  assert.is(valueOf(old, METADATA), `http://127.0.0.1:${settings.endpoint.port}/`)
})

sidecar('every app container is told where to ask, reads the token, and has no credentials file', () => {
  const mount = { name: 'iam-ra-authorization', mountPath: '/var/run/secrets/iam-ra', readOnly: true }
  for (const { spec } of serve) {
    assert.is(spec.containers.length, 2)
    for (const container of spec.containers) {
      assert.ok(valueOf(container, FULL_URI))
      assert.is(valueOf(container, METADATA), undefined)
      assert.is(valueOf(container, 'AWS_SHARED_CREDENTIALS_FILE'), undefined)
      assert.equal(
        container.volumeMounts?.filter(({ name }) => name.startsWith('iam-ra')),
        [mount],
      )
    }
    const full = spec.containers[1]
    assert.ok(full)
    assert.is(valueOf(full, 'FIRST'), 'one')
  }
})

sidecar('an app with imds is told of the metadata service alone, and mounts nothing', () => {
  for (const { spec } of imds) {
    for (const container of spec.containers) {
      assert.equal([valueOf(container, FULL_URI), valueOf(container, TOKEN_FILE)], [undefined, undefined])
      assert.ok(valueOf(container, METADATA))
      assert.equal(container.volumeMounts?.filter(({ name }) => name.startsWith('iam-ra')) ?? [], [])
    }
  }
})

sidecar('with metadata, a root step with NET_ADMIN alone adds the address before the same sidecar', () => {
  assert.is(metadata.length, 6)
  for (const { spec } of metadata) {
    const [address, served] = spec.initContainers ?? []
    assert.ok(address && served)
    assert.equal(
      [address.name, address.args, address.image],
      ['aws-iam-ra-address', ['metadata-address'], ours.image],
    )
    assert.equal(address.securityContext, {
      ...{ ...ours.securityContext, runAsUser: 0, runAsNonRoot: false },
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
    })
    assert.equal([address.env, address.volumeMounts], [undefined, undefined])
    assert.equal(served, {
      ...ours,
      env: [...(ours.env ?? []), { name: 'METADATA_ADDR', value: '169.254.169.254:80' }],
    })
    assert.equal(spec.securityContext?.sysctls, [
      { name: 'net.ipv4.ip_unprivileged_port_start', value: '80' },
    ])
  }
})

sidecar('an app with metadata gets nothing, and finds the address', () => {
  for (const { spec } of metadata) {
    assert.equal(
      spec.containers.map(({ env = [], volumeMounts = [] }) =>
        [...env, ...volumeMounts].map(({ name }) => name),
      ),
      [[], ['FIRST', 'scratch']],
    )
  }
})

sidecar('a workload keeps its own sysctls', async () => {
  const [template] = (await workloadsOf(server, `${FIXTURES}/metadata-sysctls`)).values()
  assert.equal(
    template?.spec.securityContext?.sysctls?.map(({ name }) => name),
    ['net.ipv4.tcp_syncookies', 'net.ipv4.ip_unprivileged_port_start'],
  )
})

sidecar('no app container has a token for Vault, and the authorization token stays in memory', () => {
  for (const template of [...serve, ...imds, ...metadata]) {
    assert.is(template.spec.automountServiceAccountToken, false)
    assert.equal(appsWithToken(template), [])
    const volumes = new Map(template.spec.volumes?.map((volume) => [volume.name, volume]))
    assert.equal([...volumes.keys()].sort(), [
      'iam-ra-authorization',
      'iam-ra-token',
      'iam-ra-vault-ca',
      'scratch',
    ])
    assert.equal(volumes.get('iam-ra-authorization')?.['emptyDir'], { medium: 'Memory', sizeLimit: '1Mi' })
  }
})

sidecar('the pods have the label of their workload, which the network policy selects by', () => {
  for (const [label, templates] of Object.entries({ serve, imds, metadata })) {
    for (const { metadata } of templates) assert.is(metadata?.labels?.['iam-ra/credentials'], label)
  }
})

sidecar(
  'one overlay holds apps of both components and of cert-manager, and nothing of the components',
  () => {
    const all = render(`${FIXTURES}/both-components`)
    const kinds = all.map((text) => /^kind: (.+)$/m.exec(text)?.[1]).sort()
    assert.equal(kinds, ['Certificate', 'Deployment', 'Deployment', 'Deployment', 'Issuer'])
    assert.not.match(all.join('\n'), /value: CLUSTER$|VAULT_ADDRESS|secretName: SECRET/m)
  },
)

sidecar('without the settings kustomize says which object it lacks', () => {
  assert.match(refusal(`${FIXTURES}/sidecar-no-settings`), /ConfigMap\S*\/iam-ra/)
})

sidecar.run()
