/** `iam-ra k8s teardown`: forgets a cluster that has no workloads left. */
import { readInstallation } from '../../onboarding/aws/installation.ts'
import { planTeardown } from '../../onboarding/aws/plan-init.ts'
import { clusterNames } from '../../onboarding/kubernetes/manifests/cluster.ts'
import { joined, type Plan } from '../../onboarding/plan/step.ts'
import { installationOf, withAccount } from '../account.ts'
import { withAuthority } from '../authority.ts'
import { change, type ChangeFlags } from '../change.ts'
import type { OperatorContext } from '../context.ts'
import type { AccountFlags } from '../route.ts'
import { checkNames, chooseCluster } from './choose.ts'
import type { ObjectFlags } from './cluster.ts'
import { removeObjects } from './remove.ts'

export interface TeardownFlags extends AccountFlags, ObjectFlags, ChangeFlags {}

export async function teardown(
  context: OperatorContext,
  flags: TeardownFlags,
  name: string,
): Promise<number> {
  const installation = installationOf(context, flags)
  checkNames({ cluster: name })
  return await withAccount(context, flags, async (account) => {
    const first = await readInstallation(account, installation)
    const cluster = chooseCluster(first, name)
    const notes = await withAuthority(context, flags, { installation: first }, async (authority) =>
      Promise.resolve(authority.leftovers(cluster)),
    )
    const plan = async (): Promise<Plan> =>
      joined(planTeardown(account, await readInstallation(account, installation), name), {
        ...{ steps: [], notes, problems: [] },
      })
    const code = await change(context, { plan, stage: 'exchange', takesAway: true }, flags)
    if (flags['dry-run'] === true) return code
    await removeObjects(context, flags, {
      installation,
      ...{ cluster, names: clusterNames({ installation, cluster: name, namespace: cluster.namespace }) },
      facts: { installation, cluster: name },
    })
    return code
  })
}
