/** `iam-ra role delete`: a role that no workload is bound to, with its profile and its policies. */
import { IamRaError } from '../../errors.ts'
import { readInstallation } from '../../onboarding/aws/installation.ts'
import { planRoleDelete } from '../../onboarding/aws/plan-role-delete.ts'
import type { Plan } from '../../onboarding/plan/step.ts'
import { installationOf, withAccount } from '../account.ts'
import { change, type ChangeFlags } from '../change.ts'
import type { OperatorContext } from '../context.ts'
import type { AccountFlags } from '../route.ts'
import { findRole } from './find.ts'

export interface DeleteFlags extends AccountFlags, ChangeFlags {}

export async function remove(context: OperatorContext, flags: DeleteFlags, role: string): Promise<number> {
  const name = installationOf(context, flags)
  return await withAccount(context, flags, async (account) => {
    const first = await readInstallation(account, name)
    const { bindings } = findRole(first, role)
    if (bindings.length > 0) {
      throw new IamRaError(
        'SETTINGS_INVALID',
        'settings',
        `role ${role} is bound to ${bindings.length === 1 ? 'a workload' : `${bindings.length} workloads`}`,
        {
          problems: bindings.map(
            ({ cluster, namespace, workload }) =>
              `iam-ra k8s offboard ${workload} --cluster ${cluster} --k8s-namespace ${namespace}`,
          ),
          hint: 'unbind each with the commands above, then delete the role',
        },
      )
    }
    let read: typeof first | undefined = first
    const plan = async (): Promise<Plan> => {
      const installation = read ?? (await readInstallation(account, name))
      read = undefined
      return await planRoleDelete(account, installation, role)
    }
    return await change(context, { plan, stage: 'exchange', takesAway: true }, flags)
  })
}
