/** `iam-ra k8s setup`: sets up a cluster, and prints its objects. */
import { readInstallation } from '../../onboarding/aws/installation.ts'
import { planCluster } from '../../onboarding/aws/plan-init.ts'
import { clusterNames } from '../../onboarding/kubernetes/manifests/cluster.ts'
import { joined, type Plan } from '../../onboarding/plan/step.ts'
import type { ClusterSetUp } from '../../onboarding/authority/authority.ts'
import { installationOf, withAccount } from '../account.ts'
import { withAuthority, type AuthorityFlags } from '../authority.ts'
import { change, type ChangeFlags } from '../change.ts'
import type { OperatorContext } from '../context.ts'
import type { AccountFlags } from '../route.ts'
import { checkNames, requireAnchor } from './choose.ts'
import { deliver, refuseOthers, type ObjectFlags } from './cluster.ts'

export interface SetupFlags extends AccountFlags, ObjectFlags, ChangeFlags, AuthorityFlags {
  readonly 'k8s-namespace'?: string
}

export async function setup(context: OperatorContext, flags: SetupFlags, name: string): Promise<number> {
  const installation = installationOf(context, flags)
  checkNames({ cluster: name, namespace: flags['k8s-namespace'] })
  return await withAccount(context, flags, async (account) => {
    const first = await readInstallation(account, installation)
    requireAnchor(first)
    // A cluster stays in its namespace unless it is told otherwise.
    const known = first.clusters.find((one) => one.name === name)
    const namespace = flags['k8s-namespace'] ?? known?.namespace ?? 'default'
    await refuseOthers(context, flags, installation, clusterNames({ installation, cluster: name, namespace }))
    return await withAuthority(context, flags, { installation: first, cluster: name }, async (authority) => {
      let last: ClusterSetUp | undefined
      const plan = async (): Promise<Plan> => {
        const [setUp, now] = await Promise.all([
          authority.setUpCluster({ name, namespace }),
          readInstallation(account, installation),
        ])
        last = setUp
        // Last in AWS: a cluster with the tag is a cluster that is set up.
        return joined(
          setUp.plan,
          planCluster(account, now, { name, mode: authority.mode, namespace, words: setUp.words }),
        )
      }
      const code = await change(context, { plan, stage: 'identity' }, flags)
      if (last === undefined || flags['dry-run'] === true) return code
      await deliver(context, flags, last.objects, { installation, cluster: name, namespace })
      return code
    })
  })
}
