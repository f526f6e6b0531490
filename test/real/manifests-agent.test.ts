/** The node agent and what it makes of workloads, before a real API server; and what the executable reads of both. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readQuestion } from '../../src/agent/question.ts'
import { AGENT_ADDRESSES } from '../../src/endpoint/settings.ts'
import type { AgentSettings } from '../../src/settings/settings.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { FIXTURES, render } from './manifests/kustomize.ts'
import { environmentOf, templateOf, type Container, type PodTemplate } from './manifests/pod.ts'
import { namespaceOf, startValidation, type Verdict } from './manifests/validation.ts'
import { SECRETS, taskOf, workloadsOf } from './manifests/workloads.ts'

const manifests = suite('manifests: the node agent')

const server = await startValidation()
await server.apply(namespaceOf('restricted'), { keep: true })
manifests.after(() => server.stop())

/** By kind, as the API server took each of them. */
const installed = new Map<string, Verdict>()
for (const manifest of inOrder(render('k8s/agent'))) {
  const verdict = await server.apply(manifest, { keep: true })
  installed.set(/^kind: (.+)$/m.exec(manifest)?.[1] ?? '', verdict)
}

const { spec } = podOf('DaemonSet')
const [address] = spec.initContainers ?? []
const [agent] = spec.containers
assert.ok(address && agent)

const clients = await clientsOf('agent')
const waiting = await clientsOf('agent-wait')

/** Namespaces first. */
function inOrder(objects: readonly string[]): string[] {
  const isNamespace = (text: string): boolean => text.includes('kind: Namespace\n')
  return [...objects.filter(isNamespace), ...objects.filter((text) => !isNamespace(text))]
}

function podOf(kind: string): PodTemplate {
  const template = templateOf(installed.get(kind)?.json ?? {})
  assert.ok(template)
  return template
}

async function clientsOf(fixture: string): Promise<PodTemplate[]> {
  const all = await workloadsOf(server, `${FIXTURES}/${fixture}`)
  assert.is(all.get('unlabelled')?.spec.containers[0]?.env, undefined)
  return [...all].flatMap(([name, template]) => (name === 'unlabelled' ? [] : [template]))
}

/** With the test's own ARNs in the ConfigMap. */
async function agentSettings(): Promise<AgentSettings> {
  assert.ok(agent)
  const { data } = installed.get('ConfigMap')?.json as { data: Record<string, string> }
  const { anchorArn, profileArn } = EXAMPLE
  const arns = { 'anchor-arn': anchorArn, 'profile-arn': profileArn, profiles: profileArn }
  const task = await taskOf(agent, { ...EXAMPLE, configMaps: { 'iam-ra': { ...data, ...arns } } })
  if (task.command !== 'agent') throw new Error(`expected agent, got ${task.command}`)
  return task.settings
}

function environment(container: Container): Readonly<Record<string, string>> {
  return environmentOf(container, { ...EXAMPLE, secrets: SECRETS })
}

manifests('all objects of the agent are accepted without a warning', () => {
  assert.equal([...installed.keys()].sort(), [
    'ConfigMap',
    'DaemonSet',
    'Namespace',
    'ResourceQuota',
    'ServiceAccount',
  ])
  for (const [kind, { status, warnings, json }] of installed) {
    assert.ok(status < 300, `${kind}: ${String(json['message'])}`)
    assert.equal(warnings, [])
  }
})

manifests('its pods are let into its namespace, and not into a restricted one', async () => {
  const pod = (namespace: string): string =>
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'agent', namespace }, spec })
  const { status, json } = await server.apply(pod('iam-ra-agent'))
  assert.ok(status < 300, String(json['message']))
  assert.is((json['spec'] as { priority: number }).priority, 2_000_001_000)
  assert.is((await server.apply(pod('restricted'))).status, 403)
})

manifests('a root step with NET_ADMIN alone adds the addresses; the agent has no capability', () => {
  const { runAsGroup, ...shared } = agent.securityContext ?? {}
  assert.equal([address.args, address.image], [['agent-address'], agent.image])
  assert.equal([address.env, address.volumeMounts], [undefined, undefined])
  assert.equal(address.securityContext, {
    ...{ ...shared, runAsUser: 0, runAsNonRoot: false },
    capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] },
  })
  assert.equal(agent.securityContext, {
    ...{ runAsUser: 65_532, runAsGroup, runAsNonRoot: true, allowPrivilegeEscalation: false },
    ...{ readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    seccompProfile: { type: 'RuntimeDefault' },
  })
})

manifests('it has no token, and takes the settings: it listens where clients and probes ask', async () => {
  assert.equal([spec.hostNetwork, spec.automountServiceAccountToken], [true, false])
  assert.not.match(JSON.stringify(spec), /serviceAccountToken"/)
  const settings = await agentSettings()
  assert.equal(settings.health, { host: '127.0.0.1', port: 9913 })
  assert.equal(settings.metrics, { host: '192.0.2.10', port: 9912 })
  assert.equal(
    agent.ports?.map(({ containerPort, hostPort }) => [containerPort, hostPort]),
    [9911, 9912, 9913].map((port) => [port, port]),
  )
  for (const [probe, path] of [
    [agent.readinessProbe, '/readyz'],
    [agent.livenessProbe, '/livez'],
  ] as const)
    assert.equal(probe?.httpGet, { ...settings.health, path, scheme: 'HTTP' })
  assert.equal([settings.token.node, settings.vault.role], ['node-1', '{namespace}.agent'])
})

manifests('all kinds of workloads are told where to ask and with which token, and get no container', () => {
  assert.is(clients.length, 6)
  for (const { metadata, spec: pod } of clients) {
    assert.is(metadata?.labels?.['iam-ra/credentials'], 'agent')
    assert.not.match(JSON.stringify(pod.initContainers ?? []), /iam-ra/)
    assert.is(pod.containers.length, 2)
    for (const container of pod.containers)
      assert.equal(
        container.volumeMounts?.filter(({ name }) => name.startsWith('iam-ra')),
        [{ name: 'iam-ra-agent-token', mountPath: '/var/run/secrets/iam-ra', readOnly: true }],
      )
    assert.is(environment(pod.containers[1] as Container)['FIRST'], 'one')
  }
})

manifests('the agent reads the question that they ask, and takes the token that they mount', async () => {
  const settings = await agentSettings()
  const [first] = clients
  assert.ok(first)
  const [app] = first.spec.containers
  const url = new URL(environment(app as Container)['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '')
  assert.equal([url.hostname, Number(url.port)], [AGENT_ADDRESSES.ipv4, settings.addresses[0].port])
  assert.is(url.pathname, '/v1/credentials')
  const { anchorArn, profileArn, roleArn } = EXAMPLE
  const question = readQuestion(url.search.slice(1), settings.offer)
  if ('wrong' in question) throw new Error(question.wrong)
  assert.equal(
    [question.roleArn.text, question.profileArn.text, question.anchorArn.text],
    [roleArn, profileArn, anchorArn],
  )
  const volume = first.spec.volumes?.find(({ name }) => name === 'iam-ra-agent-token')
  const token = { path: 'token', audience: settings.token.audience, expirationSeconds: 3600 }
  assert.equal((volume as { projected?: { sources: unknown } }).projected?.sources, [
    { serviceAccountToken: token },
  ])
})

manifests('wait is an init container before the others, and asks as the app does', async () => {
  assert.is(waiting.length, 6)
  for (const { spec: pod } of waiting) {
    const [init] = pod.initContainers ?? []
    assert.ok(init)
    assert.is(init.name, 'aws-iam-ra-wait')
    const task = await taskOf(init)
    if (task.command !== 'wait') throw new Error(`expected wait, got ${task.command}`)
    const app = environment(pod.containers[0] as Container)
    assert.is(task.settings.endpoint.href, app['AWS_CONTAINER_CREDENTIALS_FULL_URI'])
    assert.is(task.settings.tokenFile, app['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'])
  }
})

manifests('longer names with ours inside stay the workload’s own', async () => {
  const [template] = (await workloadsOf(server, `${FIXTURES}/agent-clashes`)).values()
  assert.ok(template)
  const [ours, other] = template.spec.initContainers ?? []
  assert.equal([ours?.name, other?.name], ['aws-iam-ra-wait', 'aws-iam-ra-waiting'])
  assert.is(other?.image, 'one.example/check')
  const env = environment(template.spec.containers[0] as Container)
  assert.equal([env['OLD_AWS_CONTAINER_CREDENTIALS_FULL_URI'], env['IAM_RA_ROLE_ARN_OTHER']], ['own', 'own'])
  assert.match(env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '', EXAMPLE.roleArn)
})

manifests('the removal runs on the same nodes as the agent, as the same root step', async () => {
  const [manifest = ''] = render('k8s/agent/removal')
  const { status, warnings, json } = await server.apply(manifest)
  assert.ok(status < 300, String(json['message']))
  assert.equal(warnings, [])
  const removal = templateOf(json)?.spec as Record<string, unknown> & PodTemplate['spec']
  for (const member of ['hostNetwork', 'tolerations', 'nodeSelector', 'priorityClassName'])
    assert.equal(removal[member], Reflect.get(spec, member), member)
  assert.equal(removal.initContainers, [{ ...address, args: ['agent-address', '--remove'] }])
})

manifests('the network policy opens the agent’s addresses and port to its clients', () => {
  const policy =
    render('k8s/network-policy').find((text) => /^ {2}name: iam-ra-agent-egress$/m.test(text)) ?? ''
  for (const cidr of [`${AGENT_ADDRESSES.ipv4}/32`, `${AGENT_ADDRESSES.ipv6}/128`])
    assert.ok(policy.includes(`cidr: ${cidr}\n`), cidr)
  assert.match(policy, /podSelector:\n {4}matchLabels:\n {6}iam-ra\/credentials: agent\n/)
  assert.equal(
    [...policy.matchAll(/port: (\d+)/g)].map(([, port]) => port),
    ['9911'],
  )
})

manifests.run()
