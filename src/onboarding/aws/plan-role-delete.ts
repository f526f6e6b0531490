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
    const problem = `role ${role} is bound to ${names.join(', ')}; iam-ra k8s offboard unbinds each`
    return { steps: [], notes: [], problems: [problem] }
  }
  return removeRole(account, installation.name, found)
}

/** Of what nobody is bound to any more: profile, policies, role. */
export async function removeRole(account: Account, installation: string, role: BoundRole): Promise<Plan> {
  if (role.fault !== undefined) return { steps: [], notes: [], problems: [`role ${role.name} ${role.fault}`] }
  const { attached, inline } = await readPolicies(account, role)
  const { iam } = account
  const step = (what: string, run: () => Promise<void>): Step => ({
    shown: { verb: 'delete', what },
    async apply() {
      await run()
      return `deleted ${what}`
    },
  })
  const steps = [
    ...role.profiles.flatMap((one) => removeProfile(account, installation, one)),
    ...attached.map((arn) =>
      step(`policy ${arn} of iam role ${role.name}`, () => iam.detach(role.name, arn)),
    ),
    ...Object.keys(inline).map((name) =>
      step(`inline policy ${name} of iam role ${role.name}`, () => iam.deleteInline(role.name, name)),
    ),
    step(`iam role ${role.name}`, async () => {
      await refuseBound(account, installation, role.name)
      await iam.deleteRole(role.name)
    }),
  ]
  return { steps, notes: [], problems: [] }
}

/** Somebody may have bound a workload since the plan was made. */
async function refuseBound(account: Account, installation: string, name: string): Promise<void> {
  const now = await account.iam.getRole(name)
  if (now === undefined) return
  const [first] = readBindings(installation, now.tags).bindings
  if (first === undefined && isOwned(now.tags, installation) && now.path === rolePath(installation)) return
  throw new IamRaError(
    'REFUSED',
    STAGE,
    first === undefined
      ? `role ${name} is no longer of installation ${installation}`
      : `${first.namespace}/${first.workload} of ${first.cluster} was bound to role ${name} meanwhile`,
    {
      hint: 'look at it again: iam-ra role show; what was deleted so far comes back with iam-ra role create',
    },
  )
}
