/** The checks of the node agent: its objects, and its auth roles. Nothing is said of a cluster without one that no pod asks. */
import { IamRaError } from '../../../errors.ts'
import { rolePath } from '../../authority/vault/namespace.ts'
import { clusterOf } from '../../authority/vault/names.ts'
import type { Kubectl } from '../../kubernetes/kubectl.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'
import type { AwsFacts } from '../aws/examine.ts'
import type { WorkloadObjects } from '../cluster/objects.ts'
import type { Examination } from '../examination.ts'
import type { VaultFacts } from '../vault/examine.ts'
import { podOf } from '../pod/pod.ts'
import { agentRoleName, readAgent, readAskers, readDaemonSet } from './agent.ts'
import { agentFindings } from './findings.ts'
import { agentRoleFindings } from './role.ts'

interface AgentQuestion {
  readonly aws: AwsFacts | undefined
  readonly kubectl: Kubectl
  readonly workloads: readonly WorkloadObjects[]
  /** Undefined if it could not be looked at. */
  readonly vault: VaultFacts | undefined
}

/** @returns the workloads that ask the agent */
export async function examineAgent(
  exam: Examination,
  { aws, kubectl, workloads, vault }: AgentQuestion,
): Promise<readonly WorkloadObjects[]> {
  const anchor = aws?.installation.anchor
  if (aws === undefined || anchor === undefined || workloads.length === 0) return []
  const { cluster } = aws.scope
  if ('without' in cluster) return []
  const namespaces = [...new Set(workloads.map(({ bound }) => bound.binding.namespace))]
  const askers: KubeObject[] = []
  for (const namespace of namespaces) askers.push(...(await readAskers(kubectl, namespace).catch(unseen([]))))
  const isThere = (await readDaemonSet(kubectl).catch(unseen(undefined))) !== undefined
  if (!isThere && askers.length === 0) return []
  await exam.look('Agent', 'agent', {
    read: () => readAgent(kubectl),
    judge: (objects) =>
      agentFindings({
        ...{ ...objects, cluster, askers, place: clusterOf(cluster), anchorArn: anchor.arn },
        profileArns: aws.installation.roles.flatMap(({ profiles }) => profiles.map(({ arn }) => arn)),
      }),
  })
  const asking = workloads.filter(({ bound: { binding } }) =>
    askers
      .map(podOf)
      .some(({ namespace, account }) => namespace === binding.namespace && account === binding.account),
  )
  if (vault === undefined) return asking
  const { place, server } = vault
  for (const { bound } of asking) {
    await exam.look('Agent', 'auth role', {
      read: () => server.read(rolePath(place, agentRoleName(bound.binding.namespace))),
      judge: (data) => agentRoleFindings(place, data, bound),
    })
  }
  return asking
}

/** Most operators of one namespace may not look at the agent's. @throws a bug */
function unseen<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof IamRaError && error.stage === 'cluster') return instead
    throw error
  }
}
