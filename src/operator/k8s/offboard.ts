/** `iam-ra k8s offboard`: takes a workload's role away. */
import { IamRaError } from '../../errors.ts'
import type { Account } from '../../onboarding/aws/account.ts'
import type { Binding } from '../../onboarding/aws/bindings.ts'
import { readInstallation, type Installation } from '../../onboarding/aws/installation.ts'
import { planBinding } from '../../onboarding/aws/plan-binding.ts'
import { workloadNames } from '../../onboarding/kubernetes/manifests/workload.ts'
import { joined, type Plan } from '../../onboarding/plan/step.ts'
import { installationOf, withAccount } from '../account.ts'
import { change, type ChangeFlags } from '../change.ts'
import type { OperatorContext } from '../context.ts'
import type { AccountFlags } from '../route.ts'
import { boundTo, checkNames, requireAnchor } from './choose.ts'
import type { ObjectFlags } from './cluster.ts'
import { removeObjects } from './remove.ts'

export interface OffboardFlags extends AccountFlags, ObjectFlags, ChangeFlags {
  readonly cluster?: string
  readonly 'k8s-namespace'?: string
}

export async function offboard(
  context: OperatorContext,
  flags: OffboardFlags,
  workload: string,
): Promise<number> {
  const name = installationOf(context, flags)
  checkNames({ workload, cluster: flags.cluster, namespace: flags['k8s-namespace'] })
  return await withAccount(context, flags, async (account) => {
    const first = await readInstallation(account, name)
    requireAnchor(first)
    const place = placeOf(first, workload, flags)
    const isBound = boundTo(first, place).length > 0
    if (!isBound) {
      const { cluster, namespace } = place
      context.runtime.stderr(`note: ${namespace}/${workload} of ${cluster} is not bound to a role\n`)
    }
    const plan = async (): Promise<Plan> => {
      const now = await readInstallation(account, name)
      return await (isBound ? planOffboarding : planRest)(account, now, place)
    }
    const code = await change(context, { plan, stage: 'exchange', takesAway: true }, flags)
    if (flags['dry-run'] === true) return code
    const known = first.clusters.find((one) => one.name === place.cluster)
    const { own, account: serviceAccount } = workloadNames(place.namespace, workload, place.account)
    if (serviceAccount !== undefined) {
      context.runtime.stderr(
        `note: service account ${place.namespace}/${serviceAccount.name} stays: other pods may run as it\n`,
      )
    }
    await removeObjects(context, flags, {
      installation: name,
      cluster: known ?? { name: place.cluster, namespace: 'default' },
      names: own,
      facts: { installation: name, cluster: place.cluster, namespace: place.namespace, workload },
    })
    return code
  })
}

type Place = Pick<Binding, 'cluster' | 'namespace' | 'workload' | 'account'>

/** @throws IamRaError if the name alone does not say which workload is meant */
function placeOf(installation: Installation, workload: string, flags: OffboardFlags): Place {
  const { cluster, 'k8s-namespace': namespace } = flags
  const found = installation.roles
    .flatMap(({ bindings }) => bindings)
    .filter(
      (one) =>
        one.workload === workload &&
        (cluster === undefined || one.cluster === cluster) &&
        (namespace === undefined || one.namespace === namespace),
    )
  const places = [...new Map(found.map((one) => [`${one.cluster} ${one.namespace}`, one])).values()]
  const [only, ...more] = places
  if (only !== undefined && more.length === 0) return only
  if (only === undefined) {
    const [first, ...others] = installation.clusters
    const sure = cluster ?? (others.length === 0 ? first?.name : undefined)
    // Nothing is bound: what is in the cluster can still be taken away, if it is clear which cluster.
    if (sure !== undefined)
      return { cluster: sure, namespace: namespace ?? 'default', workload, account: workload }
  }
  throw new IamRaError(
    'SETTINGS_INVALID',
    'settings',
    only === undefined
      ? `no workload ${workload} is bound in installation ${installation.name}`
      : `there is more than one workload ${workload}`,
    {
      problems: places.map((one) => `--cluster ${one.cluster} --k8s-namespace ${one.namespace}`),
      hint:
        only === undefined
          ? 'iam-ra k8s list lists the workloads'
          : 'name one with --cluster and --k8s-namespace',
    },
  )
}

async function planOffboarding(account: Account, installation: Installation, place: Place): Promise<Plan> {
  const bound = boundTo(installation, place)
  if (bound.length === 0) return joined()
  const quota = await account.iam.trustPolicyQuota()
  const plans = bound.map(({ role, binding }) =>
    planBinding(account, installation.owner, role, { unbind: [binding], quota }),
  )
  return joined(...plans)
}

/**
 * For a workload without a tag. A run that ended between the tag and the trust policy left the name in the policy, and the
 * workload its access; the tag that said its namespace and account is gone, so all names of the cluster without a tag go.
 */
async function planRest(account: Account, installation: Installation, { cluster }: Place): Promise<Plan> {
  const roles = installation.roles.filter(
    ({ fault, untagged }) => fault === undefined && untagged.some(({ name }) => name.endsWith(`.${cluster}`)),
  )
  if (roles.length === 0) return joined()
  const quota = await account.iam.trustPolicyQuota()
  return joined(...roles.map((role) => planBinding(account, installation.owner, role, { quota })))
}
