/** The Helm chart: what Helm makes of it, next to what kustomize prints for the same settings, and what it refuses. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parse, stringify } from 'yaml'
import { escaped } from '../../../scripts/chart/templates.ts'
import { SETTINGS } from '../../../scripts/chart/values.ts'
import { ROOT } from '../../../scripts/checks/files.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { startKubernetes } from '../../rig/servers/kubernetes.ts'
import { renderAt } from '../manifests/kustomize.ts'
import { clusterOf, collectionOf, type Manifest } from './cluster.ts'
import { CHART, openHelm } from './helm.ts'

const chart = suite('the Helm chart')
const helm = openHelm()
const kubernetes = await startKubernetes()
chart.after(() => kubernetes.stop())
const cluster = clusterOf(kubernetes)
for (const name of ['iam-ra', 'node-agent'])
  await kubernetes.request('POST', '/api/v1/namespaces', { metadata: { name } })

/** As in k8s/injection/settings.yaml. */
const MINIMAL = {
  settings: {
    cluster: 'demo',
    'vault-address': 'https://vault.vault.svc.cluster.local:8200',
    'base-role-arn': 'arn:aws:iam::123456789012:role/',
  },
  image: { repository: 'registry.example/aws-iam-ra' },
}
const ARN = 'arn:aws:rolesanywhere:eu-central-1:123456789012'
const DIGEST = `sha256:${'0'.repeat(64)}`
const EVERY_SETTING = {
  ...MINIMAL.settings,
  'vault-auth-mount': 'kubernetes/demo',
  'vault-pki-mount': 'pki',
  'vault-pki-role': 'pods',
  'anchor-arn': `${ARN}:trust-anchor/11111111-1111-1111-1111-111111111111`,
  'profile-arn': `${ARN}:profile/22222222-2222-2222-2222-222222222222`,
  'profile-arn.frontend': `${ARN}:profile/33333333-3333-3333-3333-333333333333`,
  'namespace-rules': 'kiam,kube2iam',
  'allowed-roles-format': 'regexp',
  'default-role': 'everyone',
  'external-id': 'ignore',
  mode: 'imds',
  duration: 3600,
  audience: 'vault.example.com',
  home: '/var/run/app',
  'file-mode': '0640',
  'imds-v1': true,
  'metadata-region': 'eu-central-1',
  'agent-endpoint': 'http://[fd00:ec2::23]:9911',
  'agent-audience': 'node-agent',
  'cpu-request': 1,
  'memory-request': '64Mi',
  'memory-limit': '128Mi',
}
const FULL = {
  settings: EVERY_SETTING,
  image: { repository: 'registry.example:5000/aws-iam-ra', tag: 'unused', digest: DIGEST },
  warnings: true,
  checkPatterns: true,
  defaultRole: { enabled: true, settings: { 'default-role': 'others' } },
}
const FULL_DATA = {
  ...Object.fromEntries(Object.entries(EVERY_SETTING).map(([key, value]) => [key, String(value)])),
  image: `registry.example:5000/aws-iam-ra@${DIGEST}`,
}
const AGENT_READS = [
  ...['cluster', 'vault-address', 'vault-auth-mount', 'vault-pki-mount'],
  ...['anchor-arn', 'profile-arn', 'agent-audience'],
]
/** What the agent has in place of k8s/agent's examples. */
const AGENT = {
  namespace: 'node-agent',
  podRanges: '10.1.0.0/16,fd00:1::/64',
  profiles: `${ARN}:profile/*`,
  vaultRole: 'pods-of-{namespace}',
  vaultCa: 'ca',
  metricsAddress: '[$(NODE_IP)]:9912',
}
const WITH_AGENT = {
  ...FULL,
  agent: { ...AGENT, enabled: true, settings: { cluster: 'other', 'vault-pki-role': 'nodes' } },
}
const overlays = scratchFolder('overlays')
let built = 0
const PARTS = ['injection', 'injection/default-role', 'injection/namespaces']

chart('passes helm lint', async () => {
  for (const values of [undefined, MINIMAL, FULL, WITH_AGENT]) {
    const { status, stdout, stderr } = await helm.run(['lint', '--strict', CHART], values)
    assert.is(status, 0, stdout + stderr)
    assert.not.match(stdout, /WARNING|ERROR/)
  }
})

chart('is what kustomize prints for the same settings', async () => {
  assert.equal(await rendered(MINIMAL), ofKustomize(['injection'], {}))
})

chart('is what kustomize prints with every part and setting', async () => {
  assert.equal(
    Object.keys(EVERY_SETTING).toSorted(),
    Object.keys(SETTINGS)
      .map((key) => key.replace('ROLE', 'frontend'))
      .toSorted(),
  )
  assert.equal(await rendered(FULL), ofKustomize(PARTS, FULL_DATA))
})

chart('is what kustomize prints for clusters that have the beta', async () => {
  const beta = ofKustomize(PARTS, FULL_DATA, ['injection/v1beta1'])
  for (const args of [
    ['--kube-version', '1.35.2'],
    ['--kube-version', '1.36.0', ...served('v1beta1')],
  ]) {
    assert.equal(await rendered(FULL, args), beta, args.join(' '))
  }
})

chart('goes by what the cluster serves', async () => {
  const full = ofKustomize(PARTS, FULL_DATA)
  assert.equal(await rendered(FULL, ['--kube-version', '1.36.0']), full)
  assert.equal(await rendered(FULL, ['--kube-version', '1.35.0', ...served('v1', 'v1beta1')]), full)
})

chart('says what a cluster lacks', async () => {
  const none = await helm.run(
    ['template', CHART, '--kube-version', '1.35.0', '--api-versions', 'v1/ConfigMap'],
    FULL,
  )
  assert.match(none.stderr, 'Kubernetes v1.35.0) does not serve MutatingAdmissionPolicy')
  const old = await helm.run(['template', CHART, '--kube-version', '1.33.9'], FULL)
  assert.match(old.stderr, 'chart requires kubeVersion: >=1.34.0-0')
})

chart('the agent is what kustomize prints for the same settings', async () => {
  const manifests = await helm.template(['--namespace', 'iam-ra'], WITH_AGENT)
  const own = manifests.filter(({ metadata: { name, namespace } }) =>
    [name, namespace].includes('node-agent'),
  )
  const pod = own.find(({ kind }) => kind === 'DaemonSet')?.['spec'] as PodSpec
  assert.match(pod.template.metadata.annotations?.['iam-ra/settings'] ?? '', /^[0-9a-f]{64}$/)
  delete pod.template.metadata.annotations
  const expected = ofKustomizedAgent()
  assert.equal(sorted(own), sorted(expected))
  assert.is(own.length, 5)
})

chart('the agent restarts when its settings change, and at no other upgrade', async () => {
  const checksum = async (values: object): Promise<unknown> => {
    const manifests = await helm.template([], values)
    const { template } = manifests.find(({ kind }) => kind === 'DaemonSet')?.['spec'] as PodSpec
    return template.metadata.annotations
  }
  const before = await checksum(WITH_AGENT)
  const agent = { ...WITH_AGENT.agent, podRanges: '10.2.0.0/16' }
  assert.equal(await checksum({ ...WITH_AGENT, warnings: false }), before)
  assert.not.equal(await checksum({ ...WITH_AGENT, agent }), before)
})

for (const [name, values] of Object.entries({
  ...{ MINIMAL, FULL, WITH_AGENT },
  everywhere: { ...FULL, namespaces: 'all' },
})) {
  chart(`the API server accepts its objects with strict validation: ${name}`, async () => {
    for (const manifest of await helm.template(['--namespace', 'iam-ra'], values)) {
      // It is there already: the others need it.
      if (manifest.kind === 'Namespace') continue
      const path = `${collectionOf(manifest)}?dryRun=All&fieldValidation=Strict`
      const { status, json, warnings } = await cluster.call('POST', path, manifest)
      assert.is(status, 201, String(json['message']))
      assert.equal(warnings, [])
    }
  })
}

chart('leaves out parts that are switched off', async () => {
  const names = (await rendered({ ...MINIMAL, warnings: false })).map(({ metadata }) => metadata.name)
  assert.equal([...new Set(names)].toSorted(), ['iam-ra', 'iam-ra-inject', 'iam-ra-injection', 'iam-ra-keep'])
})

chart('for every namespace, asks for no label', async () => {
  const all = await rendered({ ...FULL, namespaces: 'all' })
  assert.equal(
    all.map((one) => JSON.stringify(one).includes('"iam-ra/injection":"enabled"')).filter(Boolean),
    [],
  )
  assert.not.match(JSON.stringify(all), "labels[?'iam-ra/injection']")
  const labelled = await rendered(FULL)
  assert.is(all.length, labelled.length)
  // The optional default role stays with its own label.
  assert.is(JSON.stringify(all).split('"iam-ra/default-role":"on"').length, 3)
})

chart("has its settings in the release's namespace, whatever that is called", async () => {
  for (const namespace of ['aws', '123', 'true']) {
    const manifests = await helm.template(['--namespace', namespace], FULL)
    const used = manifests.flatMap(({ metadata, spec }) => [
      metadata.namespace,
      (spec as { paramRef?: { namespace: string } } | undefined)?.paramRef?.namespace,
    ])
    assert.equal(
      [...new Set(used)].filter((one) => one !== undefined),
      [namespace],
    )
  }
})

chart('the names are the same for every release', async () => {
  const printed = async (name: string): Promise<string> =>
    (await helm.run(['template', name, CHART, '--namespace', 'iam-ra', '--kube-version', '1.36.0'], FULL))
      .stdout
  assert.equal(await printed('other'), await printed('iam-ra'))
})

chart('says which required values are missing, all of them', async () => {
  const { status, stderr } = await helm.run(['template', CHART, '--kube-version', '1.36.0'], {
    defaultRole: { enabled: true },
  })
  assert.is(status, 1)
  assert.match(
    stderr,
    'missing: settings.cluster, settings.vault-address, image.repository, defaultRole.settings.default-role;',
  )
})

chart('says which values the agent misses, with the others', async () => {
  const { status, stderr } = await helm.run(['template', CHART, '--kube-version', '1.36.0'], {
    agent: { enabled: true },
  })
  assert.is(status, 1)
  assert.match(
    stderr,
    'missing: settings.cluster, settings.vault-address, image.repository, agent.podRanges, agent.settings.anchor-arn, agent.settings.profile-arn;',
  )
})

chart('refuses an agent that pods would not reach, or that would not start', async () => {
  const asks = async (values: object, args: readonly string[] = []): Promise<string> =>
    (await helm.run(['template', CHART, '--kube-version', '1.36.0', ...args], { ...WITH_AGENT, ...values }))
      .stderr
  const settings = (own: object): object => ({ settings: { ...EVERY_SETTING, ...own } })
  assert.match(
    await asks({}, ['--namespace', 'node-agent']),
    "must not be the release's namespace node-agent",
  )
  assert.match(
    await asks(settings({ 'agent-endpoint': 'http://169.254.170.23:80' })),
    'agent-endpoint is http://169.254.170.23:80, but the agent of this chart listens on port 9911',
  )
  assert.match(
    await asks({ defaultRole: { enabled: true, settings: { 'default-role': 'x', 'agent-audience': 'y' } } }),
    'defaultRole.settings.agent-audience is y, but the agent accepts node-agent alone',
  )
  assert.match(
    await asks(settings({ 'vault-address': 'http://vault:8200' })),
    'the agent asks Vault over TLS alone',
  )
  assert.is(await asks({}), '')
})

const WRONG: readonly (readonly [values: object, says: RegExp])[] = [
  [{ setting: {} }, /at '': additional properties 'setting' not allowed/],
  [
    { settings: { 'vault-adress': 'x' } },
    /at '\/settings': additional properties 'vault-adress' not allowed/,
  ],
  [{ settings: { unannotated: 'default-role' } }, /additional properties 'unannotated' not allowed/],
  [{ settings: { image: 'x' } }, /additional properties 'image' not allowed/],
  [{ settings: { cluster: '-a' } }, /at '\/settings\/cluster': '-a' does not match pattern/],
  [
    { settings: { 'vault-address': 'vault:8200' } },
    /at '\/settings\/vault-address'.* does not match pattern/,
  ],
  [
    { settings: { 'anchor-arn': EVERY_SETTING['profile-arn'] } },
    /at '\/settings\/anchor-arn'.* does not match/,
  ],
  [{ settings: { 'profile-arn.r': 'x' } }, /at '\/settings\/profile-arn\.r': 'x' does not match pattern/],
  [
    { settings: { 'base-role-arn': 'arn:aws:iam::1:role/' } },
    /at '\/settings\/base-role-arn'.* does not match/,
  ],
  [{ settings: { mode: 'Init' } }, /at '\/settings\/mode': value must be one of 'init', 'renew', 'serve'/],
  [
    { settings: { 'namespace-rules': 'kiam;kube2iam' } },
    /'\/settings\/namespace-rules': value must be one of/,
  ],
  [{ settings: { duration: 899 } }, /at '\/settings\/duration': minimum: got 899, want 900/],
  [{ settings: { duration: '43201' } }, /at '\/settings\/duration': '43201' does not match pattern/],
  [{ settings: { 'file-mode': 640 } }, /at '\/settings\/file-mode': got number, want string/],
  [{ settings: { home: 'app' } }, /at '\/settings\/home': 'app' does not match pattern/],
  [{ settings: { 'memory-limit': '64MB' } }, /at '\/settings\/memory-limit': '64MB' does not match pattern/],
  [{ image: { pullPolicy: 'Always' } }, /at '\/image': additional properties 'pullPolicy' not allowed/],
  [{ image: { repository: 'https://r/x' } }, /at '\/image\/repository'.* does not match pattern/],
  [{ image: { digest: 'sha256:0' } }, /at '\/image\/digest'.* does not match pattern/],
  [{ namespaces: 'some' }, /at '\/namespaces': value must be one of 'labelled', 'all'/],
  [{ warnings: 'yes' }, /at '\/warnings': got string, want boolean/],
  [{ settings: null }, /at '': missing property 'settings'/],
  [{ namespaces: null, image: { tag: null } }, /at '': missing property 'namespaces'/],
  [{ agent: { podRange: 'x' } }, /at '\/agent': additional properties 'podRange' not allowed/],
  [{ agent: { enabled: 'true' } }, /at '\/agent\/enabled': got string, want boolean/],
  [{ agent: { podRanges: '10.0.0.0' } }, /at '\/agent\/podRanges': '10\.0\.0\.0' does not match pattern/],
  [{ agent: { profiles: '*' } }, /at '\/agent\/profiles': '\*' does not match pattern/],
  [{ agent: { vaultRole: '{account}' } }, /at '\/agent\/vaultRole'.* does not match pattern/],
  [{ agent: { namespace: 'a.b' } }, /at '\/agent\/namespace': 'a\.b' does not match pattern/],
  [{ agent: { vaultCa: 'A' } }, /at '\/agent\/vaultCa': 'A' does not match pattern/],
  [{ agent: { metricsAddress: ':9912' } }, /at '\/agent\/metricsAddress': value must be one of/],
  [{ agent: { settings: { mode: 'init' } } }, /at '\/agent\/settings': additional properties 'mode' not/],
  [{ agent: { settings: { 'anchor-arn': 'x' } } }, /at '\/agent\/settings\/anchor-arn': 'x' does not match/],
  [{ defaultRole: { role: 'x' } }, /at '\/defaultRole': additional properties 'role' not allowed/],
  [{ defaultRole: { settings: { mode: 'x' } } }, /at '\/defaultRole\/settings\/mode': value must be one of/],
]

for (const [values, says] of WRONG) {
  chart(`refuses ${JSON.stringify(values).slice(0, 60)}`, async () => {
    const { status, stderr } = await helm.run(['template', CHART], values)
    assert.is(status, 1)
    assert.match(stderr, says)
  })
}

chart('accepts the values of docs/injection.md', async () => {
  const page = readFileSync(join(ROOT, 'docs/injection.md'), 'utf8')
  const [, text = ''] = /```yaml\n# values\.yaml\n([^]*?)```/.exec(page) ?? []
  const values = parse(text.replaceAll('/ID', '/11111111-1111-1111-1111-111111111111')) as typeof MINIMAL
  const [settings] = (await rendered(values)).filter(({ kind }) => kind === 'ConfigMap')
  const data = settings?.['data'] as Readonly<Record<string, string>>
  for (const [key, value] of Object.entries(values.settings)) assert.is(data[key], value)
})

chart('can be a dependency of another chart', async () => {
  const directory = scratchFolder('umbrella')
  const file = { apiVersion: 'v2', name: 'umbrella', version: '1.0.0' }
  writeFileSync(join(directory, 'Chart.yaml'), stringify(file))
  cpSync(CHART, join(directory, 'charts/iam-ra'), { recursive: true })
  const values = { global: { region: 'x' }, 'iam-ra': FULL }
  const manifests = await helm.template(['--namespace', 'iam-ra'], values, directory)
  assert.equal(comparable(manifests), ofKustomize(PARTS, FULL_DATA))
})

chart('Helm prints any text as it was before it was escaped', async () => {
  const directory = scratchFolder('escaped')
  mkdirSync(join(directory, 'templates'))
  const file = { apiVersion: 'v2', name: 'escaped', version: '1.0.0' }
  writeFileSync(join(directory, 'Chart.yaml'), stringify(file))
  const piece = fc.constantFrom(
    '{',
    '}',
    '{{',
    '}}',
    '{{-',
    '-}}',
    '{{/*',
    '"',
    '`',
    '\\',
    '\n',
    ' ',
    '$',
    'a',
  )
  const texts = fc.sample(fc.string({ unit: piece, maxLength: 20 }), 300)
  // Not at the end, where Helm trims blanks, and no blanks alone, which the two readers of YAML see differently.
  const data = Object.fromEntries(texts.filter((text) => text.trim() !== '').entries())
  const manifest = { apiVersion: 'v1', data, kind: 'ConfigMap', metadata: { name: 'x' } }
  writeFileSync(join(directory, 'templates/x.yaml'), escaped(stringify(manifest, { lineWidth: 0 })))
  const [printed] = await helm.template([], {}, directory)
  assert.equal(printed?.['data'], manifest.data)
})

async function rendered(values: object, args: readonly string[] = []): Promise<readonly Manifest[]> {
  return comparable(await helm.template(['--namespace', 'iam-ra', ...args], values))
}

function served(...versions: readonly string[]): readonly string[] {
  const names = versions.map((version) => `admissionregistration.k8s.io/${version}/MutatingAdmissionPolicy`)
  return ['v1/ConfigMap', ...names].flatMap((name) => ['--api-versions', name])
}

/** @param data over what the ConfigMaps have @param components paths in k8s */
function ofKustomize(
  parts: readonly string[],
  data: Readonly<Record<string, string>>,
  components: readonly string[] = [],
): readonly Manifest[] {
  const directory = join(overlays, String((built += 1)))
  mkdirSync(directory)
  const path = (name: string): string => relative(directory, join(ROOT, 'k8s', name))
  const patch = (name: string, own: object): object => ({
    patch: JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'iam-ra' },
      data: own,
    }),
  })
  const overlay = {
    resources: parts.map(path),
    components: components.map(path),
    patches: [
      patch('iam-ra-injection', data),
      ...(parts.includes('injection/default-role')
        ? [patch('iam-ra-default-role', { ...data, 'namespace-rules': 'kube2iam', 'default-role': 'others' })]
        : []),
    ],
  }
  writeFileSync(join(directory, 'kustomization.yaml'), JSON.stringify(overlay))
  return comparable(renderAt(directory).map((text) => parse(text) as Manifest))
}

function ofKustomizedAgent(): readonly Manifest[] {
  const directory = join(overlays, String((built += 1)))
  mkdirSync(directory)
  const data = {
    ...Object.fromEntries(Object.entries(FULL_DATA).filter(([key]) => AGENT_READS.includes(key))),
    ...{ cluster: 'other', 'pod-ranges': AGENT.podRanges, profiles: AGENT.profiles },
  }
  const env = [
    { name: 'VAULT_ROLE', value: AGENT.vaultRole },
    { name: 'VAULT_CERT_NAME', value: 'nodes' },
    { name: 'AGENT_METRICS_ADDR', value: AGENT.metricsAddress },
  ]
  const spec = {
    containers: [{ name: 'agent', env }],
    volumes: [{ name: 'vault-ca', configMap: { name: AGENT.vaultCa } }],
  }
  const patch = (apiVersion: string, kind: string, name: string, own: object): object => ({
    patch: JSON.stringify({ apiVersion, kind, metadata: { name, namespace: 'iam-ra-agent' }, ...own }),
  })
  const overlay = {
    namespace: AGENT.namespace,
    resources: [relative(directory, join(ROOT, 'k8s/agent'))],
    images: [
      { name: 'registry.example/aws-iam-ra', newName: 'registry.example:5000/aws-iam-ra', digest: DIGEST },
    ],
    patches: [
      patch('v1', 'ConfigMap', 'iam-ra', { data }),
      patch('apps/v1', 'DaemonSet', 'iam-ra-agent', { spec: { template: { spec } } }),
    ],
  }
  writeFileSync(join(directory, 'kustomization.yaml'), JSON.stringify(overlay))
  return renderAt(directory).map((text) => parse(text) as Manifest)
}

/** Patches put the entries that they change first. */
function sorted(manifests: readonly Manifest[]): readonly Manifest[] {
  for (const { kind, ...manifest } of manifests) {
    if (kind !== 'DaemonSet') continue
    const { template } = manifest['spec'] as PodSpec
    for (const { env } of template.spec.containers) env.sort((a, b) => a.name.localeCompare(b.name))
  }
  return manifests.toSorted((one, other) => one.kind.localeCompare(other.kind))
}

interface PodSpec {
  readonly template: {
    readonly metadata: { annotations?: Readonly<Record<string, string>> }
    readonly spec: { readonly containers: readonly { readonly env: { readonly name: string }[] }[] }
  }
}

/** Helm makes the namespace itself, and what to keep is said to Helm alone. */
function comparable(manifests: readonly Manifest[]): readonly Manifest[] {
  const place = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.name}`
  return manifests
    .filter(({ kind }) => kind !== 'Namespace')
    .map(({ metadata: { name, namespace }, ...manifest }): Manifest => ({
      ...manifest,
      metadata: { name, ...(namespace !== undefined && { namespace }) },
    }))
    .toSorted((one, other) => place(one).localeCompare(place(other)))
}

chart.run()
