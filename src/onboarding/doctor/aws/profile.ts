/** What is wrong with a role's profile. */
import { isRecord, parseJsonObject } from '../../../text/json.ts'
import type { BoundRole } from '../../aws/installation.ts'
import type { ProfileRecord } from '../../aws/roles-anywhere.ts'
import { profileName } from '../../names.ts'
import type { Commands } from '../commands.ts'
import { failed, faultsOr, warning, type Finding } from '../finding.ts'

interface ProfileFacts {
  readonly installation: string
  readonly role: BoundRole
  /** All of the account. */
  readonly profiles: readonly ProfileRecord[]
}

export function profileFindings(
  { installation, role, profiles }: ProfileFacts,
  commands: Commands,
): readonly Finding[] {
  const [profile, ...doubles] = role.profiles
  const name = profileName(installation, role.role)
  if (profile === undefined) {
    const named = profiles.some((one) => one.name === name)
    return [
      failed(
        named
          ? `profile ${name} does not list role ${role.name}`
          : `role ${role.name} has no profile ${name}`,
        `${commands.role(role.role)} makes one`,
      ),
    ]
  }
  const findings: Finding[] = []
  if (!profile.enabled)
    findings.push(failed(`profile ${name} is disabled`, `${commands.role(role.role)} enables it`))
  const fields = [
    ...(specifiers(profile, 'x509Subject').some((one) => one === '*' || one === 'CN') ? [] : ['x509Subject']),
    ...(role.bindings.every(({ issuer }) => issuer === '') ||
    specifiers(profile, 'x509Issuer').some((one) => one === '*' || one === 'CN')
      ? []
      : ['x509Issuer']),
  ]
  for (const field of fields) {
    findings.push(
      failed(
        `profile ${name} does not map ${field}/CN, which the trust policy compares`,
        `aws rolesanywhere put-attribute-mapping --profile-id ${profile.id} --certificate-field ${field} --mapping-rules 'specifier=*'`,
      ),
    )
  }
  if (profile.all['requireInstanceProperties'] === true) {
    findings.push(
      failed(
        `profile ${name} requires instance properties, which pods do not send`,
        `delete it, and ${commands.role(role.role)} makes another: aws rolesanywhere delete-profile --profile-id ${profile.id}`,
      ),
    )
  }
  if (profile.durationSeconds > role.maxSessionSeconds) {
    findings.push(
      failed(
        `profile ${name} gives sessions of ${profile.durationSeconds} s, and role ${role.name} allows ${role.maxSessionSeconds} s`,
        `${commands.role(role.role)} --session-duration ${role.maxSessionSeconds} --max-session ${role.maxSessionSeconds}`,
      ),
    )
  }
  if (doubles.length > 0) {
    findings.push(
      warning(
        `there are ${doubles.length + 1} profiles ${name}`,
        `${commands.role(role.role)} deletes those that are too many`,
      ),
    )
  }
  const narrowed = narrowing(profile)
  if (narrowed !== undefined)
    findings.push(
      warning(
        `profile ${name} has ${narrowed}, so sessions may do less than role ${role.name}`,
        `look at it: aws rolesanywhere get-profile --profile-id ${profile.id}`,
      ),
    )
  return faultsOr(
    findings,
    `profile ${name} lists the role, maps x509Subject/CN, ${profile.durationSeconds} s`,
  )
}

function specifiers({ all }: ProfileRecord, field: string): readonly string[] {
  const mappings = Array.isArray(all['attributeMappings']) ? all['attributeMappings'].filter(isRecord) : []
  return mappings
    .filter((one) => one['certificateField'] === field)
    .flatMap(({ mappingRules }) => (Array.isArray(mappingRules) ? mappingRules.filter(isRecord) : []))
    .map(({ specifier }) => String(specifier))
}

function narrowing({ all }: ProfileRecord): string | undefined {
  if (typeof all['sessionPolicy'] === 'string' && parseJsonObject(all['sessionPolicy']) !== undefined)
    return 'a session policy'
  const managed = all['managedPolicyArns']
  return Array.isArray(managed) && managed.length > 0 ? 'managed session policies' : undefined
}
