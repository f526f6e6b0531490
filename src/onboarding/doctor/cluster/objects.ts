/** What is wrong with the objects of a cluster: which cluster it is, and what each workload has there. */
import { configName } from '../../kubernetes/manifests/workload.ts'
import type { KubeContext } from '../../kubernetes/kubectl.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'
import type { Cluster } from '../../aws/owned.ts'
import type { Anchor } from '../../aws/installation.ts'
import { isRecord } from '../../../text/json.ts'
import type { Commands } from '../commands.ts'
import { failed, faultsOr, listed, ok, type Finding } from '../finding.ts'
import type { Bound } from '../../aws/installation.ts'

/** The object that says which cluster this is. */
export const MARK = 'iam-ra'

export interface MarkFacts {
  readonly context: KubeContext
  readonly cluster: Cluster
  /** Or whatever shows that it exists. */
  readonly namespace: KubeObject | undefined
  readonly mark: KubeObject | undefined
}

export function markFindings(
  { context, cluster, namespace, mark }: MarkFacts,
  setup: string,
): readonly Finding[] {
  const way = `look whether context ${context.name} is this cluster, then: ${setup} | kubectl apply -f -`
  if (namespace === undefined)
    return [
      failed(
        `context ${context.name} has no namespace ${cluster.namespace}, where cluster ${cluster.name} has its objects`,
        way,
      ),
    ]
  if (mark === undefined)
    return [failed(`namespace ${cluster.namespace} has no ConfigMap ${MARK}, which names the cluster`, way)]
  const found = dataOf(mark)['cluster'] ?? mark.metadata.labels?.['iam-ra/cluster'] ?? ''
  if (found !== cluster.name) {
    return [
      failed(
        `context ${context.name} is cluster ${found === '' ? 'without a name' : found}, not ${cluster.name}: its ConfigMap ${MARK} says so`,
        'give --context or --kubeconfig of the cluster, or --cluster of the one that it is',
      ),
    ]
  }
  const [address = ''] = cluster.words
  const own = dataOf(mark)['vault-address'] ?? address
  if (own !== address) {
    return [
      failed(
        `ConfigMap ${MARK} has Vault's address ${own}, and the trust anchor's tag has ${address}: pods send their tokens there`,
        `if nobody moved Vault, ask who set the tag; ${setup} --vault-address ADDRESS | kubectl apply -f - sets both`,
      ),
    ]
  }
  return [ok(`${cluster.name} (context ${context.name}); ConfigMap ${MARK} names the same cluster`)]
}

export function dataOf(object: KubeObject | undefined): Readonly<Record<string, string>> {
  const data = object?.['data']
  if (!isRecord(data)) return {}
  return Object.fromEntries(
    Object.entries(data).filter((one): one is [string, string] => typeof one[1] === 'string'),
  )
}

/** The ARNs that pods of a workload have to use. */
export interface Arns {
  readonly TRUST_ANCHOR_ARN: string
  readonly PROFILE_ARN: string
  readonly ROLE_ARN: string
}

export function arnsOf(anchor: Anchor, { role }: Bound): Arns {
  return { TRUST_ANCHOR_ARN: anchor.arn, PROFILE_ARN: role.profiles[0]?.arn ?? '', ROLE_ARN: role.arn }
}

export interface WorkloadObjects {
  readonly bound: Bound
  readonly arns: Arns
  readonly namespace: KubeObject | undefined
  readonly account: KubeObject | undefined
  readonly config: KubeObject | undefined
  /** Whether the workload's ARNs come from a Secret of the Vault Secrets Operator. */
  readonly hasSecret: boolean
}

export function workloadFindings(
  { bound, arns, namespace, account, config, hasSecret }: WorkloadObjects,
  commands: Commands,
): readonly Finding[] {
  const { binding, role } = bound
  const apply = `${commands.onboard(binding, role.role)} | kubectl apply -f -`
  if (namespace === undefined)
    return [
      failed(
        `there is no namespace ${binding.namespace}`,
        `kubectl create namespace ${binding.namespace}, then: ${apply}`,
      ),
    ]
  const findings: Finding[] = []
  if (account === undefined)
    findings.push(failed(`namespace ${binding.namespace} has no ServiceAccount ${binding.account}`, apply))
  const name = configName(binding.workload)
  // k8s/injection gives its pods what they need.
  const isInjected = namespace.metadata.labels?.['iam-ra/injection'] === 'enabled'
  if (config === undefined && !hasSecret && !isInjected)
    findings.push(failed(`namespace ${binding.namespace} has no ConfigMap ${name}`, apply))
  if (config !== undefined && !hasSecret) {
    const data = dataOf(config)
    const other = Object.entries(arns).filter(([key, arn]) => data[key] !== arn)
    if (other.length > 0) {
      findings.push(
        failed(
          `ConfigMap ${name} of ${binding.namespace} has another ${listed(other.map(([key]) => key))} than AWS: ${listed(other.map(([key, arn]) => `${data[key] || '(nothing)'} in place of ${arn}`))}`,
          `${apply}; then restart the pods`,
        ),
      )
    }
  }
  return faultsOr(
    findings,
    `${binding.namespace} has ServiceAccount ${binding.account} and ${hasSecret ? "the operator's Secret" : config === undefined && isInjected ? 'the label that enables injection' : `ConfigMap ${name}`}`,
  )
}
