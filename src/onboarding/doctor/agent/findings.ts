/** What is wrong with the objects of the node agent: its settings, its roll-out and its pods. */
import type { VaultCluster } from '../../authority/vault/names.ts'
import { listOf, recordOf, textOf, type Data } from '../../kubernetes/members.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'
import type { Cluster } from '../../aws/owned.ts'
import { dataOf } from '../cluster/objects.ts'
import { failed, faultsOr, listed, type Finding } from '../finding.ts'
import { AGENT, SETTINGS, VAULT_CA, type AgentObjects } from './agent.ts'

export interface AgentFacts extends AgentObjects {
  readonly cluster: Cluster
  /** Undefined if the trust anchor's tag does not say. */
  readonly place: VaultCluster | undefined
  readonly anchorArn: string
  /** Of this installation. */
  readonly profileArns: readonly string[]
  /** Pods that ask it. */
  readonly askers: readonly KubeObject[]
}

const APPLY = 'kubectl apply -k k8s/agent'
const RESTART = `kubectl -n ${AGENT} rollout restart daemonset ${AGENT}`

export function agentFindings(facts: AgentFacts): readonly Finding[] {
  const { daemonSet, askers } = facts
  if (daemonSet === undefined) {
    const names = askers.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`)
    return [
      failed(
        `namespace ${AGENT} has no DaemonSet ${AGENT}, and pods ask the node agent: ${listed(names)}`,
        `${APPLY}, as docs/agent.md describes`,
      ),
    ]
  }
  const findings = [...missingFindings(facts), ...settingsFindings(facts), ...podsFindings(facts.pods)]
  if (findings.length === 0) findings.push(...rolloutFindings(daemonSet))
  const desired = Number(recordOf(daemonSet['status'])['desiredNumberScheduled'] ?? 0)
  return faultsOr(findings, `DaemonSet ${AGENT} is ready on ${desired === 1 ? '1 node' : `${desired} nodes`}`)
}

function missingFindings({ account, quota, settings, vaultCa }: AgentFacts): Finding[] {
  const missing = (what: string, hint: string): Finding => failed(`namespace ${AGENT} has no ${what}`, hint)
  return [
    ...(account === undefined ? [missing(`ServiceAccount ${AGENT}, so no agent can start`, APPLY)] : []),
    ...(quota === undefined
      ? [missing(`ResourceQuota ${AGENT}; some clusters allow the agent's priority only with one`, APPLY)]
      : []),
    ...(settings === undefined
      ? [
          missing(
            `ConfigMap ${SETTINGS} with the agent's settings`,
            `set the values in settings.yaml, then: ${APPLY}`,
          ),
        ]
      : []),
    ...(textOf(dataOf(vaultCa)['ca.crt']) === ''
      ? [
          missing(
            `ConfigMap ${VAULT_CA} with ca.crt, so no agent can start`,
            `kubectl -n ${AGENT} create configmap ${VAULT_CA} --from-file=ca.crt`,
          ),
        ]
      : []),
  ]
}

function settingsFindings({ settings, cluster, place, anchorArn, profileArns }: AgentFacts): Finding[] {
  if (settings === undefined) return []
  const data = dataOf(settings)
  const where = `ConfigMap ${SETTINGS} of ${AGENT}`
  const correct = (key: string, value: string): string =>
    `set ${key} in settings.yaml to ${value}, then: ${APPLY} and ${RESTART}`
  const wanted = {
    cluster: cluster.name,
    ...(place === undefined ? {} : { 'vault-address': place.address }),
    'anchor-arn': anchorArn,
  }
  const findings = Object.entries(wanted)
    .filter(([key, value]) => data[key] !== value)
    .map(([key, value]) =>
      failed(
        `${where} has ${key} ${data[key] || '(nothing)'}, and the trust anchor says ${value}`,
        correct(key, value),
      ),
    )
  const profile = data['profile-arn'] ?? ''
  if (!profileArns.includes(profile))
    findings.push(
      failed(
        `${where} has profile-arn ${profile || '(nothing)'}, which is no profile of this installation`,
        correct('profile-arn', listed(profileArns)),
      ),
    )
  if ((data['pod-ranges'] ?? '').trim() === '')
    findings.push(
      failed(
        `${where} has no pod-ranges, so the agent answers no pod`,
        correct('pod-ranges', '--cluster-cidr of kube-controller-manager'),
      ),
    )
  return findings
}

/** One of them says it for all: they run the same program with the same settings. */
function podsFindings(pods: readonly KubeObject[]): Finding[] {
  return pods.flatMap(podFinding).slice(0, 1)
}

function podFinding({ metadata, ...rest }: KubeObject): Finding[] {
  const status = recordOf(rest['status'])
  const all = [...listOf(status['initContainerStatuses']), ...listOf(status['containerStatuses'])]
  const name = `pod ${AGENT}/${metadata.name}`
  const logs = (container: Data, more = ''): string =>
    `kubectl logs ${metadata.name} --namespace ${AGENT} --container ${textOf(container['name'])}${more}`
  for (const one of all) {
    const state = recordOf(one['state'])
    const reason = textOf(recordOf(state['waiting'])['reason'])
    const last = recordOf(state['terminated'] ?? recordOf(one['lastState'])['terminated'])
    const isWaiting = reason !== '' && !['PodInitializing', 'ContainerCreating'].includes(reason)
    if (!isWaiting && (last['exitCode'] ?? 0) === 0) continue
    if (one['ready'] === true) continue
    const words =
      textOf(last['message']).split('\n')[0] ||
      textOf(recordOf(state['waiting'])['message']) ||
      textOf(last['reason'])
    return [
      failed(
        `${name}: ${textOf(one['name'])} ${isWaiting ? `waits: ${reason}` : 'has ended'}${words === '' ? '' : `, ${words}`}`,
        last['exitCode'] === undefined
          ? `kubectl describe pod ${metadata.name} --namespace ${AGENT}`
          : logs(one, isWaiting ? ' --previous' : ''),
      ),
    ]
  }
  const unmet = listOf(status['conditions']).find(
    ({ type, status: is }) => (type === 'PodScheduled' || type === 'Ready') && is === 'False',
  )
  if (unmet === undefined) return []
  return [
    failed(
      `${name} is not ready: ${textOf(unmet['message']) || textOf(unmet['reason'])}`,
      `kubectl describe pod ${metadata.name} --namespace ${AGENT}`,
    ),
  ]
}

function rolloutFindings({ metadata, ...rest }: KubeObject): Finding[] {
  const status = recordOf(rest['status'])
  const count = (member: string): number => Number(status[member] ?? 0)
  const [desired, ready, updated] = [
    count('desiredNumberScheduled'),
    count('numberReady'),
    count('updatedNumberScheduled'),
  ]
  const isObserved =
    count('observedGeneration') >= Number((metadata as { generation?: unknown }).generation ?? 0)
  if (isObserved && desired > 0 && ready >= desired && updated >= desired) return []
  return [
    failed(
      `DaemonSet ${AGENT} is not rolled out: ${ready} of ${desired} pods are ready, and ${updated} have its newest template`,
      `kubectl -n ${AGENT} rollout status daemonset ${AGENT}; kubectl -n ${AGENT} describe daemonset ${AGENT}`,
    ),
  ]
}
