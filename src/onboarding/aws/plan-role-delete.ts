/** Deletes a role that no workload is bound to, with its profile and its policies. */
import { IamRaError } from '../../errors.ts'
import { rolePath } from '../names.ts'
import type { Plan, Step } from '../plan/step.ts'
import type { Account } from './account.ts'
import { readBindings } from './bindings.ts'
import type { BoundRole, Installation } from './installation.ts'
import { isOwned } from './owned.ts'
import { removeProfile } from './plan-profile.ts'
import { STAGE } from './refusal.ts'
import { readPolicies } from './role-policies.ts'

export async function planRoleDelete(
  account: Account,
  installation: Installation,
  role: string,
): Promise<Plan> {
  const found = installation.roles.find((one) => one.role === role)
  if (found === undefined) return { steps: [], notes: [], problems: [] }
  const { bindings } = found
  if (bindings.length > 0) {
    const names = bindings.map(({ cluster, namespace, workload }) => `${cluster}/${namespace}/${workload}`)
    const problem = `role ${role} is bound to ${names.join(', ')}; run iam-ra k8s offboard for each`
    return { steps: [], notes: [], problems: [problem] }
  }
  return removeRole(account, installation.name, found)
}

/** The profile, the policies and the role itself, of a role that no workload is bound to any more. */
export async function removeRole(account: Account, installation: string, role: BoundRole): Promise<Plan> {
  const { name, profiles, fault } = role
  if (fault !== undefined) return { steps: [], notes: [], problems: [`role ${name} ${fault}`] }
  const { attached, inline } = await readPolicies(account, role)
  const { iam } = account
  const steps: readonly Step[] = [
    ...profiles.flatMap((one) => removeProfile(account, installation, one)),
    ...attached.map((arn) => ({
      // Not "delete": the policy itself stays.
      shown: {
        ...{ verb: 'change' as const, what: `iam role ${name}` },
        differences: [{ name: 'policy', before: arn, after: '(detached)' }],
      },
      async apply() {
        await iam.detach(name, arn)
        return `detached policy ${arn} from iam role ${name}`
      },
    })),
    ...Object.keys(inline).map((policy) =>
      deletion(`inline policy ${policy} of iam role ${name}`, () => iam.deleteInline(name, policy)),
    ),
    deletion(`iam role ${name}`, async () => {
      await refuseBound(account, installation, name)
      await iam.deleteRole(name)
    }),
  ]
  return { steps, notes: [], problems: [] }
}

function deletion(what: string, run: () => Promise<void>): Step {
  return {
    shown: { verb: 'delete', what },
    async apply() {
      await run()
      return `deleted ${what}`
    },
  }
}

/** Another operator may have bound a workload since the plan was made. */
async function refuseBound(account: Account, installation: string, name: string): Promise<void> {
  const now = await account.iam.getRole(name)
  if (now === undefined) return
  const [first] = readBindings(installation, now.tags).bindings
  if (first === undefined && isOwned(now.tags, installation) && now.path === rolePath(installation)) return
  throw new IamRaError(
    'REFUSED',
    STAGE,
    first === undefined
      ? `role ${name} no longer belongs to installation ${installation}`
      : `${first.namespace}/${first.workload} of cluster ${first.cluster} was bound to role ${name} in the meantime`,
    {
      hint: 'check it with iam-ra role show; iam-ra role create restores what was deleted so far',
    },
  )
}
