/** What is wrong with a role: its tags against its trust policy. */
import { thousands } from '../../../text/thousands.ts'
import { isRecord } from '../../../text/json.ts'
import type { Binding } from '../../aws/bindings.ts'
import type { BoundRole } from '../../aws/installation.ts'
import { ownedFault } from '../../aws/owned.ts'
import { foreignStatements, policySize, type Owner } from '../../aws/trust-policy.ts'
import { commonName, rolePath } from '../../names.ts'
import type { Commands } from '../commands.ts'
import { failed, faultsOr, listed, unknown, warning, type Finding } from '../finding.ts'

interface RoleFacts {
  readonly owner: Owner
  readonly role: BoundRole
  /** Of the trust anchor. */
  readonly anchorId: string
  /** Characters that a trust policy may have in this account. */
  readonly quota: number
  /** Whether a binding is in this run's scope. */
  readonly isAsked: (binding: Binding) => boolean
}

/** From here on there is room for only a few workloads more. */
const NEARLY_FULL = 0.9

export function roleFindings(
  { owner, role, anchorId, quota, isAsked }: RoleFacts,
  commands: Commands,
): readonly Finding[] {
  const { name, fault } = role
  if (fault !== undefined) {
    return [
      failed(
        `role ${name} ${fault}`,
        ownedFault(role.tags)?.hint ?? 'use the version of iam-ra that wrote those tags, or remove them',
      ),
    ]
  }
  const findings: Finding[] = []
  const asked = role.bindings.filter(isAsked)
  for (const binding of role.lacking.filter(isAsked)) {
    findings.push(
      failed(
        `trust policy of ${name} lacks ${commonName(binding)}, which its tags have`,
        `${commands.onboard(binding, role.role)} settles it (somebody changed the policy by hand, or a run was stopped)`,
      ),
    )
  }
  for (const binding of asked.filter(({ anchor }) => anchor.id !== anchorId)) {
    findings.push(
      failed(
        `role ${name} trusts ${commonName(binding)} by another trust anchor (${binding.anchor.id})`,
        commands.onboard(binding, role.role),
      ),
    )
  }
  if (role.altered) {
    findings.push(
      failed(
        `trust policy of ${name} has statements of iam-ra that someone changed by hand, so it may refuse workloads or let in others`,
        `${commands.role(role.role)} writes them again`,
      ),
    )
  }
  if (role.untagged.length > 0) {
    findings.push(
      failed(
        `trust policy of ${name} lets in ${listed(role.untagged.map((one) => one.name))}, which no tag names`,
        `the next iam-ra k8s onboard or offboard with role ${role.role} takes it out; to keep it, onboard that workload`,
      ),
    )
  }
  findings.push(...foreignFindings(owner, role))
  const size = policySize(role.policy)
  if (size > quota * NEARLY_FULL) {
    findings.push(
      warning(
        `trust policy of ${name} has ${thousands(size)} of ${thousands(quota)} characters`,
        'raise the quota in Service Quotas (L-C07B4B0D), or make a second role for further workloads',
      ),
    )
  }
  const boundary = role.boundary === undefined ? '' : `; permissions boundary ${role.boundary}`
  return faultsOr(
    findings,
    `role ${name} trusts ${workloads(role.bindings.length)}, ${thousands(size)} of ${thousands(quota)} characters${boundary}`,
  )
}

function workloads(count: number): string {
  return count === 1 ? '1 workload' : `${count} workloads`
}

/** They are never changed. */
function foreignFindings(owner: Owner, { name, policy }: BoundRole): readonly Finding[] {
  const foreign = foreignStatements(owner, policy)
  if (foreign.length === 0) return []
  const does = foreign.some((one) => isRecord(one) && one['Effect'] === 'Deny')
    ? 'may refuse workloads'
    : 'may let in others'
  return [
    warning(
      `trust policy of ${name} has what iam-ra did not write (${labels(foreign)}), and it ${does}`,
      `look at it: aws iam get-role --role-name ${name}`,
    ),
  ]
}

function labels(statements: readonly unknown[]): string {
  return listed(
    statements.map((one) => (isRecord(one) && typeof one['Sid'] === 'string' ? one['Sid'] : 'without a Sid')),
  )
}

/** @param strays names of roles below our path that lack our tag */
export function strayFindings(strays: readonly string[], installation: string): readonly Finding[] {
  return strays.map((name) =>
    failed(
      `role ${name} is below ${rolePath(installation)} but has no tag of this installation, so no command sees it`,
      `put it back: aws iam tag-role --role-name ${name} --tags Key=iam-ra:installation,Value=${installation}`,
    ),
  )
}

/** What no call of this account can tell: the organization's policies are read in its management account. */
export function guardFinding(): Finding {
  return unknown(
    'whether an SCP lets only operators set iam-ra: tags cannot be read from this account; docs/aws.md has one',
  )
}
