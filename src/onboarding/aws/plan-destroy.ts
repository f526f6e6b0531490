/** Removes an installation, in an order in which another operator's onboarding is refused instead of leaving a workload half bound. */
import type { Account } from './account.ts'
import type { BoundRole, Installation } from './installation.ts'
import { planBinding } from './plan-binding.ts'
import { removeAnchor } from './plan-init.ts'
import { removeRole } from './plan-role-delete.ts'
import type { Plan } from '../plan/step.ts'

/** Bindings first, then each role with its profile and policies; the anchor last, disabled before it is deleted. */
export async function planDestroy(account: Account, installation: Installation): Promise<Plan> {
  const { owner, roles, anchor, doubles } = installation
  const bound = roles.filter(({ bindings }) => bindings.length > 0)
  const quota = bound.length === 0 ? 0 : await account.iam.trustPolicyQuota()
  const unbinding = bound.map((role) => planBinding(account, owner, role, { unbind: role.bindings, quota }))
  const removing = await Promise.all(roles.map((role) => removeRole(account, installation.name, role)))
  const anchors = [anchor, ...doubles].flatMap((one) => (one === undefined ? [] : removeAnchor(account, one)))
  const plans = [...unbinding, ...removing]
  return {
    steps: [...plans.flatMap(({ steps }) => steps), ...anchors],
    notes: plans.flatMap(({ notes }) => notes),
    problems: [...new Set([...elsewhere(account, roles), ...plans.flatMap(({ problems }) => problems)])],
  }
}

/** Roles are of the whole account, and their bindings may be those of the same installation in another region. */
function elsewhere({ region }: Account, roles: readonly BoundRole[]): readonly string[] {
  return roles.flatMap(({ name, bindings }) => {
    const others = new Set(bindings.map(({ anchor }) => anchor.region).filter((one) => one !== region))
    return [...others].map(
      (one) =>
        `role ${name} has workloads in ${one}, and this is ${region}: run iam-ra k8s offboard for each with --region ${one} first`,
    )
  })
}
