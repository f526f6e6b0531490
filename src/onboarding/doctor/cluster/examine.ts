/** The checks of the cluster, in order: kubectl's context, which cluster that is, and what each workload has there. */
import type { KubeContext, Kubectl } from '../../kubernetes/kubectl.ts'
import type { AwsFacts } from '../aws/examine.ts'
import type { Commands } from '../commands.ts'
import { skipped } from '../finding.ts'
import type { Examination } from '../examination.ts'
import type { Binding } from '../../aws/bindings.ts'
import type { Cluster } from '../../aws/owned.ts'
import { configName } from '../../kubernetes/manifests/workload.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'
import {
  arnsOf,
  MARK,
  markFindings,
  workloadFindings,
  type MarkFacts,
  type WorkloadObjects,
} from './objects.ts'

interface ClusterQuestion {
  readonly aws: AwsFacts | undefined
  readonly kubectl: Kubectl
  /** Undefined if it could not be found; that is said already. */
  readonly context: KubeContext | undefined
  readonly commands: Commands
}

/** @returns the workloads whose objects were looked at */
export async function examineCluster(
  exam: Examination,
  question: ClusterQuestion,
): Promise<readonly WorkloadObjects[]> {
  const { aws, kubectl, context, commands } = question
  const skip = (check: string, sentence: string): [] => {
    exam.say('Cluster', check, [skipped(sentence)])
    return []
  }
  if (context === undefined) return []
  const anchor = aws?.installation.anchor
  if (aws === undefined || anchor === undefined)
    return skip('cluster', 'AWS comes first: the trust anchor says what the cluster has to have')
  const { cluster, bound } = aws.scope
  if ('without' in cluster) return skip('cluster', cluster.without)
  const mark = await exam.look('Cluster', 'cluster', {
    read: async () => ({ context, cluster, ...(await readMark(kubectl, cluster)) }),
    judge: (facts) => markFindings(facts, commands.setup(cluster.name, cluster.namespace)),
  })
  if (mark === undefined) return []
  const ofCluster = bound.filter(({ binding }) => binding.cluster === cluster.name)
  if (exam.hasFailed('Cluster'))
    return ofCluster.length === 0 ? [] : skip('workload', 'which cluster it is comes first')
  const found: WorkloadObjects[] = []
  for (const one of ofCluster) {
    const objects = await exam.look('Cluster', 'workload', {
      read: async () => ({
        ...{ bound: one, arns: arnsOf(anchor, one) },
        ...(await readObjects(kubectl, one.binding)),
      }),
      judge: (facts) => workloadFindings(facts, commands),
    })
    if (objects !== undefined) found.push(objects)
  }
  return found
}

async function readMark(
  kubectl: Kubectl,
  { namespace }: Cluster,
): Promise<Pick<MarkFacts, 'namespace' | 'mark'>> {
  const mark = await kubectl.get({ kind: 'configmap', name: MARK, namespace })
  return { mark, namespace: mark ?? (await kubectl.get({ kind: 'namespace', name: namespace })) }
}

async function readObjects(
  kubectl: Kubectl,
  { namespace, account, workload }: Binding,
): Promise<Omit<WorkloadObjects, 'bound' | 'arns'>> {
  const name = configName(workload)
  const [space, objects] = await Promise.all([
    kubectl.get({ kind: 'namespace', name: namespace }),
    kubectl.getAll([
      { kind: 'serviceaccount', name: account, namespace },
      { kind: 'configmap', name, namespace },
      { kind: 'vaultstaticsecret.secrets.hashicorp.com', name, namespace },
    ]),
  ])
  const of = (kind: string): KubeObject | undefined => objects.find((object) => object.kind === kind)
  return {
    namespace: space,
    account: of('ServiceAccount'),
    config: of('ConfigMap'),
    hasSecret: of('VaultStaticSecret') !== undefined,
  }
}
