/** A release of the Helm chart on a real API server: installed, changed, removed, and installed again. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cleanEnv } from '../../rig/processes/clean-env.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { requireServer } from '../../rig/servers/build.ts'
import { startKubernetes } from '../../rig/servers/kubernetes.ts'
import { ADMISSION, asker, clusterOf, collectionOf, policies, type Answer, type Pod } from './cluster.ts'
import { chartOfAnyVersion, openHelm, type HelmRun } from './helm.ts'

const release = suite('a release of the Helm chart')
const CHART = chartOfAnyVersion()
const kubernetes = await startKubernetes()
release.after(() => kubernetes.stop())
const cluster = clusterOf(kubernetes)
const helm = openHelm(kubernetes.kubeconfig())

const VALUES = {
  settings: {
    cluster: 'demo',
    'vault-address': 'https://vault.example.com:8200',
    'base-role-arn': 'arn:aws:iam::123456789012:role/',
  },
  image: { repository: 'registry.example/aws-iam-ra' },
}
const ALL = { 'iam.amazonaws.com/permitted': '.*' }
const OTHER: Pod = { metadata: {}, spec: { containers: [{ name: 'app', image: 'nginx' }] } }
await cluster.namespace('team', ALL)
await cluster.namespace('outside', ALL, { 'iam-ra/injection': 'off' })

async function done(args: readonly string[], values?: object): Promise<HelmRun> {
  const run = await helm.run(args, values)
  assert.is(run.status, 0, run.stderr)
  return run
}

async function install(values: object, namespace = 'aws', more: readonly string[] = []): Promise<HelmRun> {
  return done(['install', 'iam-ra', CHART, '--namespace', namespace, '--create-namespace', ...more], values)
}

async function uninstall(namespace = 'aws'): Promise<HelmRun> {
  return done(['uninstall', 'iam-ra', '--namespace', namespace])
}

async function upgrade(args: readonly string[]): Promise<HelmRun> {
  return helm.run(['upgrade', 'iam-ra', CHART, '--namespace', 'aws', ...args])
}

function annotationsOf({ pod }: Answer): Readonly<Record<string, string>> {
  return pod.metadata.annotations ?? {}
}

function isInjected(answer: Answer): boolean {
  return 'iam-ra/injected' in annotationsOf(answer)
}

async function inForce(): Promise<void> {
  await cluster.sendUntil('team', asker('r'), isInjected)
  await cluster.sendUntil('team', asker(' '), ({ codes }) => codes.includes('role-invalid'))
}

/** An asker that is neither injected nor refused. */
async function leftAlone(namespace = 'team'): Promise<void> {
  await cluster.sendUntil(
    namespace,
    asker('r'),
    (answer) => answer.status === 201 && Object.keys(annotationsOf(answer)).length === 1,
  )
}

release('injects and refuses once it is installed, and says what to do next', async () => {
  const { stdout } = await install(VALUES)
  assert.match(stdout, 'kubectl label namespace NAMESPACE iam-ra/injection=enabled')
  await inForce()
  assert.is((await cluster.send('team', OTHER)).status, 201)
  assert.equal(annotationsOf(await cluster.send('outside', asker('r'))), { 'iam.amazonaws.com/role': 'r' })
  const answer = await cluster.send('team', asker('r'))
  const [container] = answer.pod.spec['initContainers'] as readonly { image: string }[]
  assert.match(container?.image ?? '', /^registry\.example\/aws-iam-ra:\d/)
})

release('an upgrade changes the settings, and every asker is injected or told to try again', async () => {
  const { result, seen } = await meanwhile(() =>
    upgrade(['--reset-then-reuse-values', '--set', 'settings.mode=serve']),
  )
  assert.is(result.status, 0, result.stderr)
  const refused = seen.filter(({ asks }) => !isInjected(asks)).map(({ asks }) => asks.codes)
  // The policy runs twice for a pod, and the settings may change in between.
  assert.equal(
    [...new Set(refused.flat())].filter((code) => code !== 'own-container'),
    [],
  )
  assert.ok(refused.every((codes) => codes.length > 0))
  assert.ok(refused.length < seen.length)
  await cluster.sendUntil(
    'team',
    asker('r'),
    ({ pod }) => pod.metadata.labels?.['iam-ra/credentials'] === 'serve',
  )
})

release('an upgrade that forgets required values changes nothing', async () => {
  const { status, stderr } = await upgrade(['--set', 'settings.mode=init'])
  assert.is(status, 1)
  assert.match(
    stderr,
    'these values are missing: settings.cluster, settings.vault-address, image.repository;',
  )
  assert.ok(isInjected(await cluster.send('team', asker('r'))))
})

release('a second release cannot take what belongs to the first', async () => {
  const { status, stderr } = await helm.run(['install', 'other', CHART, '--namespace', 'aws'], VALUES)
  assert.is(status, 1)
  assert.match(stderr, 'exists and cannot be imported into the current release')
})

const WATCHED = {
  configmaps: '/api/v1/namespaces/aws/configmaps',
  policies: `${ADMISSION}/mutatingadmissionpolicies`,
  bindings: `${ADMISSION}/mutatingadmissionpolicybindings`,
  refusingBindings: `${ADMISSION}/validatingadmissionpolicybindings`,
}

release('is removed with the refusing binding first; no other pod is refused meanwhile', async () => {
  const before = await kubernetes.request('GET', WATCHED.refusingBindings)
  const since = (before['metadata'] as { resourceVersion: string }).resourceVersion
  const { result, seen } = await meanwhile(async () => {
    const run = await uninstall()
    await leftAlone()
    return run
  })
  assert.equal([...new Set(seen.map(({ others }) => others.status))], [201])
  // Those that ask get their containers, or an error, until it is gone.
  const bare = seen.findIndex(({ asks }) => asks.status === 201 && !isInjected(asks))
  assert.equal(
    seen.slice(0, bare).filter(({ asks }) => !isInjected(asks) && !isRefused(asks)),
    [],
  )
  const order = deletions(since).map(({ what }) => what)
  assert.is(order[0], 'refusingBindings iam-ra')
  assert.ok(
    order.lastIndexOf('refusingBindings iam-ra') < order.indexOf('configmaps iam-ra-injection'),
    order.join(),
  )
  assert.ok(order.includes('policies iam-ra-inject') && order.includes('bindings iam-ra-inject'))
  assert.equal(
    order.filter((one) => one.includes('keep')),
    [],
  )
  assert.match(result.stdout, '[MutatingAdmissionPolicyBinding] iam-ra-keep')
  for (const path of [`${ADMISSION}/validatingadmissionpolicies`, WATCHED.refusingBindings])
    assert.equal((await kubernetes.request('GET', path))['items'], [])
})

release('is installed again, and reads settings that changed', async () => {
  await install({ ...VALUES, settings: { ...VALUES.settings, mode: 'imds' } })
  await inForce()
  const { pod } = await cluster.send('team', asker('r'))
  assert.is(pod.metadata.labels?.['iam-ra/credentials'], 'imds')
  await uninstall()
})

release('in another namespace it takes over what stayed, if told to', async () => {
  const { status, stderr } = await helm.run(
    ['install', 'iam-ra', CHART, '--namespace', 'elsewhere', '--create-namespace'],
    VALUES,
  )
  assert.is(status, 1)
  assert.match(stderr, '"iam-ra-keep"')
  await install(VALUES, 'elsewhere', ['--take-ownership'])
  await inForce()
  const binding = await kubernetes.request('GET', `${WATCHED.bindings}/iam-ra-keep`)
  assert.is((binding['spec'] as { paramRef: { namespace: string } }).paramRef.namespace, 'elsewhere')
  await uninstall('elsewhere')
  await leftAlone()
})

release('takes over what kubectl apply -k installed', async () => {
  for (const manifest of policies()) {
    if (manifest.metadata.name === 'iam-ra-keep') continue
    await kubernetes.request('POST', collectionOf(manifest), manifest)
  }
  await inForce()
  const { result, seen } = await meanwhile(() =>
    install(VALUES, 'iam-ra', ['--take-ownership', '--force-conflicts']),
  )
  assert.is(result.status, 0)
  assert.equal([...new Set(seen.map(({ asks }) => isInjected(asks)))], [true])
  await cluster.sendUntil('team', asker('r'), ({ pod }) =>
    JSON.stringify(pod.spec).includes('https://vault.example.com:8200'),
  )
  await uninstall('iam-ra')
  await leftAlone()
})

release(
  'for every namespace: injected and refused without a label, and wrong patterns are refused',
  async () => {
    await cluster.namespace(
      'had-it-before',
      { 'iam.amazonaws.com/permitted': '[' },
      { 'iam-ra/injection': 'off' },
    )
    await install({ ...VALUES, namespaces: 'all', checkPatterns: true }, 'aws', ['--take-ownership'])
    await cluster.sendUntil('outside', asker('r'), isInjected)
    await cluster.sendUntil('outside', asker(' '), ({ codes }) => codes.includes('role-invalid'))
    assert.is((await cluster.send('outside', OTHER)).status, 201)
    const wrong = { metadata: { name: 'wrong', annotations: { 'iam.amazonaws.com/permitted': '[' } } }
    const { status } = await cluster.call('POST', '/api/v1/namespaces?dryRun=All', wrong)
    assert.is(status, 422)
    const kept = { metadata: { ...wrong.metadata, name: 'had-it-before', labels: { more: 'x' } } }
    assert.is((await cluster.call('PUT', '/api/v1/namespaces/had-it-before', kept)).status, 200)
  },
)

release('the default role is switched on and off by an upgrade', async () => {
  const labels = { 'iam-ra/default-role': 'on' }
  await cluster.namespace('default-role', ALL, labels)
  const on = ['--set', 'defaultRole.enabled=true', '--set', 'defaultRole.settings.default-role=everyone']
  const enabled = await upgrade(['--reset-then-reuse-values', '--set', 'namespaces=labelled', ...on])
  assert.is(enabled.status, 0, enabled.stderr)
  const answer = await cluster.sendUntil('default-role', OTHER, isInjected)
  assert.is(annotationsOf(answer)['iam-ra/injected'], 'arn:aws:iam::123456789012:role/everyone')
  await leftAlone('outside')
  const disabled = await upgrade(['--reset-then-reuse-values', '--set', 'defaultRole.enabled=false'])
  assert.is(disabled.status, 0, disabled.stderr)
  await cluster.sendUntil(
    'default-role',
    OTHER,
    ({ status, pod }) => status === 201 && pod.metadata.annotations === undefined,
  )
  await uninstall()
  await leftAlone()
})

interface Seen {
  readonly asks: Answer
  readonly others: Answer
}

/** What becomes of pods until `change` is through. */
async function meanwhile(
  change: () => Promise<HelmRun>,
): Promise<{ result: HelmRun; seen: readonly Seen[] }> {
  const seen: Seen[] = []
  const changed = { through: false }
  const sending = (async () => {
    while (!changed.through)
      seen.push({ asks: await cluster.send('team', asker('r')), others: await cluster.send('team', OTHER) })
  })()
  try {
    return { result: await change(), seen }
  } finally {
    changed.through = true
    await sending
  }
}

function isRefused({ status, codes }: Answer): boolean {
  return status === 403 && codes.join() === 'not-injected'
}

/** In their order: a version counts the changes of all objects. */
function deletions(since: string): readonly { readonly what: string; readonly version: number }[] {
  const home = scratchFolder('kubectl')
  const config = join(home, 'kubeconfig')
  writeFileSync(config, kubernetes.kubeconfig(), { mode: 0o600 })
  const found = Object.entries(WATCHED).flatMap(([kind, path]) => {
    const query = `${path}?watch=true&resourceVersion=${since}&timeoutSeconds=1`
    const { stdout } = spawnSync(requireServer('kubectl'), ['get', '--raw', query], {
      encoding: 'utf8',
      env: cleanEnv({ HOME: home, KUBECONFIG: config }),
    })
    return stdout.split('\n').flatMap((line) => {
      if (line === '') return []
      const event = JSON.parse(line) as {
        type: string
        object: { metadata: { name: string; resourceVersion: string } }
      }
      const { name, resourceVersion } = event.object.metadata
      return event.type === 'DELETED' ? [{ what: `${kind} ${name}`, version: Number(resourceVersion) }] : []
    })
  })
  return found.toSorted((one, other) => one.version - other.version)
}

release.run()
