/** The node agent as a cluster has it, and which pods ask it: docs/agent.md. */
import type { Kubectl } from '../../kubernetes/kubectl.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'

/** The names that k8s/agent has. */
export const AGENT = 'iam-ra-agent'
export const SETTINGS = 'iam-ra'
export const VAULT_CA = 'vault-ca'
/** Of the tokens that pods send to it. */
export const AGENT_AUDIENCE = 'iam-ra-agent'

export interface AgentObjects {
  readonly daemonSet: KubeObject | undefined
  readonly account: KubeObject | undefined
  readonly quota: KubeObject | undefined
  readonly settings: KubeObject | undefined
  readonly vaultCa: KubeObject | undefined
  readonly pods: readonly KubeObject[]
}

/** No namespace has a dot, so none has a role of this name. */
export function agentRoleName(namespace: string): string {
  return `${namespace}.agent`
}

/** Set by k8s/agent/client, and by injection in mode agent. */
const CREDENTIALS = 'iam-ra/credentials'

export function asksAgent({ metadata }: KubeObject): boolean {
  return metadata.labels?.[CREDENTIALS] === 'agent'
}

export async function readAskers(kubectl: Kubectl, namespace: string): Promise<readonly KubeObject[]> {
  return await kubectl.list('pod', `${CREDENTIALS}=agent`, namespace)
}

export async function readDaemonSet(kubectl: Kubectl): Promise<KubeObject | undefined> {
  return await kubectl.get({ kind: 'daemonset', name: AGENT, namespace: AGENT })
}

export async function readAgent(kubectl: Kubectl): Promise<AgentObjects> {
  const [objects, pods] = await Promise.all([
    kubectl.getAll([
      { kind: 'daemonset', name: AGENT, namespace: AGENT },
      { kind: 'serviceaccount', name: AGENT, namespace: AGENT },
      { kind: 'resourcequota', name: AGENT, namespace: AGENT },
      { kind: 'configmap', name: SETTINGS, namespace: AGENT },
      { kind: 'configmap', name: VAULT_CA, namespace: AGENT },
    ]),
    kubectl.list('pod', `app.kubernetes.io/name=${AGENT}`, AGENT),
  ])
  const of = (kind: string, name = AGENT): KubeObject | undefined =>
    objects.find((object) => object.kind === kind && object.metadata.name === name)
  return {
    daemonSet: of('DaemonSet'),
    account: of('ServiceAccount'),
    quota: of('ResourceQuota'),
    settings: of('ConfigMap', SETTINGS),
    vaultCa: of('ConfigMap', VAULT_CA),
    pods,
  }
}
