/** The role that a command names. */
import { IamRaError } from '../../errors.ts'
import type { BoundRole, Installation } from '../../onboarding/aws/installation.ts'
import { nearest } from '../../text/did-you-mean.ts'

/** @throws IamRaError if the installation has no such role */
export function findRole({ name, roles }: Installation, role: string): BoundRole {
  const found = roles.find((one) => one.role === role)
  if (found !== undefined) return found
  const names = roles.map((one) => one.role)
  const near = nearest(role, names)
  const others = names.length === 0 ? 'it has none yet' : `it has ${names.join(', ')}`
  throw new IamRaError('SETTINGS_INVALID', 'settings', `there is no role ${role} in installation ${name}`, {
    hint:
      near === undefined
        ? `${others}; create one with iam-ra role create, or name another installation with --installation`
        : `did you mean ${near}?`,
  })
}
