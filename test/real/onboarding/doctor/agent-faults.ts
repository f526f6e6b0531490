/** What can be wrong with the node agent, and with the auth role that it logs in with. */
import { fileURLToPath } from 'node:url'
import type { Fault, Make, Undo } from './fault.ts'
import { remove } from './vault-faults.ts'
import { NAMESPACE, type WholeSetUp } from './set-up.ts'

type Data = Readonly<Record<string, unknown>>

const MANIFESTS = fileURLToPath(new URL('../../../../k8s/agent', import.meta.url))
const CORE = '/api/v1/namespaces/iam-ra-agent'
const DAEMON_SET = '/apis/apps/v1/namespaces/iam-ra-agent/daemonsets/iam-ra-agent'
const CLIENTS = `/api/v1/namespaces/${NAMESPACE}/pods`
const ROLE = 'auth/kubernetes-prod/role/shop.agent'

interface Change {
  readonly settings?: Data
  /** Paths of objects that are missing. */
  readonly without?: readonly string[]
  /** Of the DaemonSet. */
  readonly status?: Data
  /** Of the agent's one pod. */
  readonly pod?: Data
  /** Of the auth role; null if there is none. */
  readonly role?: Data | null
  /** The audience of the token of the pod that asks. */
  readonly audience?: string
}

/** k8s/agent as docs/agent.md has it applied, and a pod that asks it. */
function agent(change: Change = {}): Make {
  return async (it) => {
    const undo: Undo[] = []
    const { kubernetes } = it
    const applied = await it.shell(
      `kubectl apply -k ${MANIFESTS} && kubectl -n iam-ra-agent create configmap vault-ca --from-literal=ca.crt=pem`,
    )
    if (applied.code !== 0) throw new Error(applied.stderr)
    undo.push(() => it.shell('kubectl -n iam-ra-agent delete daemonset,configmap --all --wait=false'))
    const settings = await kubernetes.request('GET', `${CORE}/configmaps/iam-ra`)
    const data = { ...(settings['data'] as Data), ...settingsOf(it), ...change.settings }
    await kubernetes.request('PUT', `${CORE}/configmaps/iam-ra`, { ...settings, data })
    const daemonSet = await kubernetes.request('GET', DAEMON_SET)
    const { generation } = daemonSet['metadata'] as Data
    const counts = { desiredNumberScheduled: 2, numberReady: 2, updatedNumberScheduled: 2 }
    const status = { currentNumberScheduled: 2, numberMisscheduled: 0, observedGeneration: generation }
    await kubernetes.request('PUT', `${DAEMON_SET}/status`, {
      ...daemonSet,
      status: { ...status, ...counts, ...change.status },
    })
    for (const path of change.without ?? []) await kubernetes.request('DELETE', path)
    if (change.pod !== undefined) undo.push(await ownPod(it, change.pod))
    undo.push(await client(it, change.audience))
    if (change.role !== null) undo.push(await authRole(it, change.role))
    return async () => {
      for (const one of undo.toReversed()) await one()
    }
  }
}

function settingsOf({ aws, vault }: WholeSetUp): Data {
  const [anchor] = [...aws.account.anchors.values()]
  const [profile] = [...aws.account.profiles.values()]
  return {
    ...{ cluster: 'prod', 'vault-address': vault.url },
    ...{ 'anchor-arn': anchor?.arn, 'profile-arn': profile?.arn },
  }
}

async function ownPod({ kubernetes }: WholeSetUp, status: Data): Promise<Undo> {
  const labels = { 'app.kubernetes.io/name': 'iam-ra-agent' }
  const made = await kubernetes.request('POST', `${CORE}/pods`, {
    metadata: { name: 'iam-ra-agent-x', labels },
    spec: { serviceAccountName: 'iam-ra-agent', containers: [{ name: 'agent', image: 'x' }] },
  })
  await kubernetes.request('PUT', `${CORE}/pods/iam-ra-agent-x/status`, { ...made, status })
  return () => kubernetes.request('DELETE', `${CORE}/pods/iam-ra-agent-x?gracePeriodSeconds=0`)
}

async function client({ kubernetes }: WholeSetUp, audience = 'iam-ra-agent'): Promise<Undo> {
  const sources = [{ serviceAccountToken: { path: 'token', audience } }]
  await kubernetes.request('POST', CLIENTS, {
    metadata: { name: 'asks', labels: { 'iam-ra/credentials': 'agent', 'iam-ra/workload': 'payment' } },
    spec: {
      serviceAccountName: 'payment',
      containers: [{ name: 'app', image: 'x' }],
      volumes: [{ name: 'iam-ra-agent-token', projected: { sources } }],
    },
  })
  return () => kubernetes.request('DELETE', `${CLIENTS}/asks?gracePeriodSeconds=0`)
}

async function authRole(it: WholeSetUp, change: Data = {}): Promise<Undo> {
  await it.vaultServer.write(ROLE, {
    ...{ bound_service_account_names: ['payment'], bound_service_account_namespaces: ['shop'] },
    ...{ audience: 'iam-ra-agent', alias_name_source: 'serviceaccount_uid' },
    ...{ token_policies: ['iam-ra-prod'], token_no_default_policy: true },
    ...{ token_type: 'batch', token_ttl: '1m', token_max_ttl: '1m', ...change },
  })
  return () => remove(it, ROLE)
}

/** A container's state in the agent's pod. */
function container(state: Data, more: Data = {}): Data {
  const one = { name: 'agent', image: 'x', imageID: '', ready: false, restartCount: 0 }
  return { phase: 'Running', containerStatuses: [{ ...one, state, ...more }] }
}

const failed = (sentence: RegExp, hint: RegExp) => ({ group: 'Agent', sentence, hint })
const ok = (group: string, sentence: RegExp) => ({ group, state: 'ok', sentence })
const setting = (key: string) => new RegExp(`^set ${key} in settings.yaml to .*rollout restart daemonset`)
const APPLY = /kubectl apply -k k8s\/agent$/

export const AGENT_FAULTS: readonly Fault[] = [
  {
    name: 'nothing of an agent that is ready',
    make: agent(),
    says: ok('Agent', /^DaemonSet iam-ra-agent is ready on 2 nodes$/),
  },
  {
    name: 'nothing of a pod that asks the agent and has no container',
    make: agent(),
    says: ok('Pod', /^pod shop\/asks asks the node agent$/),
  },
  {
    name: 'nothing on the whole way of a pod that asks the agent',
    make: agent(),
    args: ['--exchange'],
    says: ok('Exchange', /as the node agent does, .* it would refuse this token, which names no node$/),
  },
  {
    name: 'pods that ask an agent that is not there',
    make: agent({ without: [DAEMON_SET] }),
    says: failed(/has no DaemonSet iam-ra-agent, and pods ask the node agent: shop\/asks$/, /docs\/agent.md/),
  },
  {
    name: 'an agent that is not rolled out',
    make: agent({ status: { numberReady: 1 } }),
    says: failed(/is not rolled out: 1 of 2 pods are ready/, /rollout status daemonset/),
  },
  {
    name: 'an agent that crash-loops, by its last words',
    make: agent({
      pod: container(
        { waiting: { reason: 'CrashLoopBackOff' } },
        {
          lastState: {
            terminated: { exitCode: 2, reason: 'Error', message: 'settings: no ranges\nhint: x' },
          },
        },
      ),
    }),
    says: failed(/iam-ra-agent-x: agent waits: CrashLoopBackOff, settings: no ranges$/, /--previous$/),
  },
  {
    name: 'an agent that is not ready',
    make: agent({
      pod: {
        ...container({ running: {} }),
        conditions: [{ type: 'Ready', status: 'False', message: 'no probe' }],
      },
    }),
    says: failed(/iam-ra-agent-x is not ready: no probe$/, /kubectl describe pod iam-ra-agent-x/),
  },
  {
    name: 'an agent of another cluster',
    make: agent({ settings: { cluster: 'staging' } }),
    says: failed(/has cluster staging, and the trust anchor says prod$/, setting('cluster')),
  },
  {
    name: 'an agent with another address of Vault',
    make: agent({ settings: { 'vault-address': 'https://old.example' } }),
    says: failed(/has vault-address https:\/\/old.example, and the trust anchor/, setting('vault-address')),
  },
  {
    name: 'an agent with another trust anchor',
    make: agent({ settings: { 'anchor-arn': 'arn:old' } }),
    says: failed(/has anchor-arn arn:old, and/, setting('anchor-arn')),
  },
  {
    name: 'an agent with the profile of another installation',
    make: agent({ settings: { 'profile-arn': 'arn:old' } }),
    says: failed(/has profile-arn arn:old, which is no profile of/, setting('profile-arn')),
  },
  {
    name: 'an agent without ranges',
    make: agent({ settings: { 'pod-ranges': '' } }),
    says: failed(/has no pod-ranges, so the agent answers no pod$/, setting('pod-ranges')),
  },
  {
    name: "an agent without Vault's CA",
    make: agent({ without: [`${CORE}/configmaps/vault-ca`] }),
    says: failed(/has no ConfigMap vault-ca with ca.crt/, /create configmap vault-ca --from-file=ca.crt$/),
  },
  {
    name: 'an agent without settings',
    make: agent({ without: [`${CORE}/configmaps/iam-ra`] }),
    says: failed(/has no ConfigMap iam-ra with the agent's settings/, APPLY),
  },
  {
    name: 'an agent without its ServiceAccount',
    make: agent({ without: [`${CORE}/serviceaccounts/iam-ra-agent`] }),
    says: failed(/has no ServiceAccount iam-ra-agent/, APPLY),
  },
  {
    name: 'an agent without its quota',
    make: agent({ without: [`${CORE}/resourcequotas/iam-ra-agent`] }),
    says: failed(/has no ResourceQuota iam-ra-agent/, APPLY),
  },
  {
    name: 'a namespace without an auth role for the agent',
    make: agent({ role: null }),
    says: failed(
      /^Vault has no auth\/kubernetes-prod\/role\/shop.agent/,
      /audience=iam-ra-agent .*token_type=batch/,
    ),
  },
  {
    name: "an agent's auth role for another account",
    make: agent({ role: { bound_service_account_names: ['other'] } }),
    says: failed(/does not admit ServiceAccount payment$/, /bound_service_account_names=other,payment$/),
  },
  {
    name: "an agent's auth role for another namespace",
    make: agent({ role: { bound_service_account_namespaces: ['other'] } }),
    says: failed(/admits other, and it must admit namespace shop alone$/, /namespaces=shop$/),
  },
  {
    name: "an agent's auth role for another audience",
    make: agent({ role: { audience: 'vault' } }),
    says: failed(/takes tokens for vault, and pods send the agent/, /audience=iam-ra-agent$/),
  },
  {
    name: "an agent's auth role that may not sign",
    make: agent({ role: { token_policies: ['default'] } }),
    says: failed(/does not give policy iam-ra-prod/, /token_policies=default,iam-ra-prod$/),
  },
  {
    name: "an agent's auth role with service tokens",
    make: agent({ role: { token_type: 'service' } }),
    says: { group: 'Agent', state: 'warning', sentence: /gives service tokens/, hint: /token_type=batch/ },
  },
  {
    name: "a pod whose token is not the agent's",
    make: agent({ audience: 'vault' }),
    says: { group: 'Pod', sentence: /for audience vault, and the agent takes iam-ra-agent$/, hint: /./ },
  },
]
