/** The policies of a role: what it permits. */
import type { Account } from './account.ts'
import type { RoleRecord } from './iam.ts'

/** Policies that the role has now. */
export interface RolePolicies {
  readonly attached: readonly string[]
  readonly inline: Readonly<Record<string, string>>
}

export const NO_POLICIES: RolePolicies = { attached: [], inline: {} }

export async function readPolicies(account: Account, role: Pick<RoleRecord, 'name'>): Promise<RolePolicies> {
  const [attached, names] = await Promise.all([
    account.iam.attachedPolicies(role.name),
    account.iam.inlinePolicies(role.name),
  ])
  const inline = await Promise.all(
    names.map(async (name) => [name, (await account.iam.inlinePolicy(role.name, name)) ?? ''] as const),
  )
  return { attached, inline: Object.fromEntries(inline) }
}
