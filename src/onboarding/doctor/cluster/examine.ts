/** The checks of the cluster, in order: kubectl's context, which cluster that is, and what each workload has there. */
import type { KubeContext, Kubectl } from '../../kubernetes/kubectl.ts'
import type { AwsFacts } from '../aws/examine.ts'
import type { Commands } from '../commands.ts'
import type { Examination } from '../examination.ts'
import type { Bound } from '../scope.ts'
import { configName } from '../../kubernetes/manifests/workload.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'
import { arnsOf, MARK, markFindings, workloadFindings } from './objects.ts'

export interface ClusterQuestion {
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
): Promise<readonly Bound[]> {
  const { aws, kubectl, context, commands } = question
  const skip = (sentence: string): [] => {
    exam.say('Cluster', 'cluster', [{ state: 'skipped', sentence }])
    return []
  }
  if (context === undefined) return []
  if (aws?.installation.anchor === undefined)
    return skip('AWS comes first: the trust anchor says what the cluster has to have')
  const { cluster, bound } = aws.scope
  const { anchor } = aws.installation
  if ('without' in cluster) return skip(cluster.without)
  const { namespace } = cluster
  const mark = await exam.look('Cluster', 'cluster', {
    read: async () => {
      const [found, object] = await Promise.all([
        kubectl.get({ kind: 'namespace', name: namespace }),
        kubectl.get({ kind: 'configmap', name: MARK, namespace }),
      ])
      return { context, cluster, namespace: found, mark: object }
    },
    judge: (facts) => markFindings(facts, commands.setup(cluster.name, namespace)),
  })
  if (mark === undefined) return []
  const ofCluster = bound.filter(({ binding }) => binding.cluster === cluster.name)
  if (exam.hasFailed('Cluster')) {
    if (ofCluster.length > 0)
      exam.say('Cluster', 'workload', [{ state: 'skipped', sentence: 'which cluster it is comes first' }])
    return []
  }
  for (const one of ofCluster) {
    await exam.look('Cluster', 'workload', {
      read: async () => {
        const { binding } = one
        const { namespace: space, account, workload } = binding
        const name = configName(workload)
        const objects = await kubectl.getAll([
          { kind: 'serviceaccount', name: account, namespace: space },
          { kind: 'configmap', name, namespace: space },
          { kind: 'vaultstaticsecret.secrets.hashicorp.com', name, namespace: space },
        ])
        const of = (kind: string): KubeObject | undefined => objects.find((object) => object.kind === kind)
        return {
          namespace: await kubectl.get({ kind: 'namespace', name: space }),
          account: of('ServiceAccount'),
          config: of('ConfigMap'),
          hasSecret: of('VaultStaticSecret') !== undefined,
        }
      },
      judge: (facts) =>
        workloadFindings({ ...facts, bound: one, arns: arnsOf(anchor, one), hasSecret: false }, commands),
    })
  }
  return ofCluster
}
