/** A cluster with the node agent of k8s/agent as it is shipped, and two namespaces with three accounts that may ask it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ROOT } from '../../scripts/checks/files.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { TAGS } from './build-images.ts'
import { startCluster, until, type Asked, type Cluster } from './cluster.ts'
import { command, CONTAINERD, RUN } from './ground.ts'
import { isReady, podsOf, type Pod } from './pods.ts'

export const AGENT = 'iam-ra-agent'
export const BACKEND = 'backend'
/** A namespace that may have pods in the node's network, and no role in Vault. */
export const HOSTS = 'hosts'
export const REPORTS = 'reports'

const roleArn = (name: string): string => `arn:aws:iam::${EXAMPLE.account}:role/${name}`
/** Each trusts one account of one namespace. */
export const ROLES = {
  frontend: EXAMPLE.roleArn,
  reports: roleArn('frontend-reports'),
  backend: roleArn('backend-worker'),
} as const

const TRUSTED: Readonly<Record<keyof typeof ROLES, string>> = {
  frontend: `${EXAMPLE.serviceAccount}.${EXAMPLE.namespace}.${EXAMPLE.cluster}`,
  reports: `${REPORTS}.${EXAMPLE.namespace}.${EXAMPLE.cluster}`,
  // By the name of frontend's account.
  backend: `${EXAMPLE.serviceAccount}.${BACKEND}.${EXAMPLE.cluster}`,
}

/** Its agent is up, and Vault is not to be reached before its relay is opened. */
export async function startAgentCluster(): Promise<Cluster> {
  const bindings = Object.entries({
    [EXAMPLE.namespace]: [EXAMPLE.serviceAccount, REPORTS],
    [BACKEND]: [EXAMPLE.serviceAccount],
  }).map(([namespace, accounts]) => ({
    ...{ namespace, accounts, role: namespace, agentRole: `${namespace}.agent` },
  }))
  const cluster = await startCluster({ printed: true, bindings })
  try {
    const { options } = cluster.cloud.rolesAnywhere
    options.roles = Object.entries(ROLES).map(([name, arn]) => ({
      arn,
      trusts: ({ commonName }) => commonName === TRUSTED[name as keyof typeof ROLES],
    }))
    options.profiles = [{ arn: EXAMPLE.profileArn, roleArns: Object.values(ROLES) }]
    await createNamespaces(cluster)
    // What only holds a pod's namespaces can be what removal/ lets run.
    const tag = ['images', 'tag', TAGS.sandbox, 'registry.k8s.io/pause:3.10.1']
    command('ctr', '--address', CONTAINERD, '--namespace', 'k8s.io', ...tag)
    await install(cluster)
    return cluster
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

async function createNamespaces({ kubectl, request }: Cluster): Promise<void> {
  const enforce = 'pod-security.kubernetes.io/enforce'
  await kubectl(['label', 'namespace', EXAMPLE.namespace, '--overwrite', `${enforce}=restricted`])
  for (const [name, level] of [
    [BACKEND, 'restricted'],
    [HOSTS, 'privileged'],
  ] as const) {
    await request('POST', '/api/v1/namespaces', { metadata: { name, labels: { [enforce]: level } } })
  }
  for (const [namespace, name] of [
    [EXAMPLE.namespace, REPORTS],
    [BACKEND, EXAMPLE.serviceAccount],
    [HOSTS, EXAMPLE.serviceAccount],
  ] as const) {
    await request('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } })
  }
}

/** As docs/agent.md has it; settings.yaml alone is another, and the image is there by its name. */
async function install({ kubectl, request }: Cluster): Promise<void> {
  const overlay = join(RUN, 'agent')
  mkdirSync(overlay)
  const settings = {
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'iam-ra', namespace: AGENT } },
    data: {
      cluster: EXAMPLE.cluster,
      'pod-ranges': POD_RANGES.join(),
      'anchor-arn': EXAMPLE.anchorArn,
      'profile-arn': EXAMPLE.profileArn,
      profiles: null,
    },
  }
  const resources = [relative(overlay, join(ROOT, 'k8s/agent'))]
  const patches = [{ patch: JSON.stringify(settings) }]
  writeFileSync(join(overlay, 'kustomization.yaml'), JSON.stringify({ resources, patches }))
  await kubectl(['apply', '--kustomize', overlay, '--warnings-as-errors'])
  const { data } = await request('GET', `/api/v1/namespaces/${EXAMPLE.namespace}/configmaps/vault-ca`)
  await request('POST', `/api/v1/namespaces/${AGENT}/configmaps`, { metadata: { name: 'vault-ca' }, data })
  await kubectl(['--namespace', AGENT, 'rollout', 'status', `daemonset/${AGENT}`, '--timeout=60s'])
}

/** Those of the node's pods, without the node's own address; the second is for a pod that gets an address by hand. */
const POD_RANGES = ['10.88.1.0/24', 'fd88::/64'] as const

/** @param other than the one of that uid */
export async function readyAgent(cluster: Asked, other?: string): Promise<Pod> {
  return await until(
    'an agent that is ready',
    async () =>
      (await podsOf(cluster, AGENT, `app.kubernetes.io/name=${AGENT}`)).find(
        (pod) => isReady(pod) && pod.metadata.uid !== other,
      ),
    () => cluster.kubectl(['describe', 'pod', '--namespace', AGENT]),
  )
}
