/** What one workload needs, and what keeps it from moving. */
import { commonName } from '../names.ts'
import { SESSION_NAME, type Asker } from './askers.ts'
import type { Around } from './commands.ts'
import { blocks, differs, type Finding } from './finding.ts'
import { identityFindings, identityOf, type Asked } from './identities.ts'
import type { Facts, NamespaceFacts, WorkloadPlan } from './plan.ts'
import { modeOf, patched, podFindings } from './pod-findings.ts'
import { otherStatementFinding, sessionNameFindings, type RolePlan } from './roles.ts'
import { isKey } from './settings.ts'

const ENFORCED = 'pod-security.kubernetes.io/enforce'

export function planWorkload(
  facts: Facts,
  { asker, role }: Asked,
  asked: readonly Asked[],
  { roles, mode: chosen, space }: Around & { readonly mode: string; readonly space: NamespaceFacts },
): WorkloadPlan {
  const identity = identityOf(facts, asker)
  const signing = facts.signing(identity)
  const ofRole = roles.find(({ arn }) => arn === role?.arn)
  const plan =
    ofRole === undefined ? undefined : { ...ofRole, profile: profileOf(facts, ofRole, asker, space) }
  const enforced = space.labels[ENFORCED] ?? ''
  const mode = modeOf(asker, chosen)
  const ignoresExternalId = facts.settings.found?.['external-id'] === 'ignore'
  const certificate = commonName(identity)
  return {
    ...{ namespace: asker.namespace, kind: asker.kind, name: asker.name, account: asker.account },
    ...{ roleArn: role?.arn ?? '', mode, certificate },
    lacks: [
      ...(signing?.admits === true ? [] : (['vault'] as const)),
      ...(plan?.lacking.includes(certificate) === true ? (['role'] as const) : []),
      ...(plan !== undefined && plan.profile === undefined ? (['profile'] as const) : []),
    ],
    findings: [
      ...(role === undefined
        ? [blocks('role-invalid', `asks for '${asker.role ?? ''}', which makes no ARN of a role`)]
        : []),
      ...(plan === undefined ? [] : roleFindings(facts, plan, SESSION_NAME in asker.annotations)),
      ...(plan === undefined ? [] : keyFinding(asker, plan, ofRole?.profile)),
      ...vaultRoleFinding(asker, space),
      ...identityFindings(facts, asker, asked),
      ...(signing?.problems ?? []).map((problem) => blocks('vault', problem)),
      ...podFindings(asker, { mode, enforced, ignoresExternalId }),
    ],
  }
}

/** That of the pod's or the namespace's annotation comes first, if it is for the role. */
function profileOf(
  { profiles }: Facts,
  { arn, profile }: RolePlan,
  { annotations }: Asker,
  space: NamespaceFacts,
): string | undefined {
  const asked = annotations[PROFILE] ?? space.annotations[PROFILE]
  if (asked === undefined) return profile
  return profiles.find((one) => one.arn === asked)?.roleArns.includes(arn) === true ? asked : undefined
}

const PROFILE = 'iam-ra/profile-arn'

/** A ConfigMap's key has fewer characters than a role's name. */
function keyFinding(
  asker: Asker,
  { name, profile }: RolePlan,
  ofRole: string | undefined,
): readonly Finding[] {
  if (profile === undefined || profile !== ofRole || isKey(name) || asker.annotations[PROFILE] === profile)
    return []
  const text = `asks for a role whose name cannot be a key of the settings: name its profile in the pod template`
  return [
    blocks('profile-key', text, ...patched(asker, { metadata: { annotations: { [PROFILE]: profile } } })),
  ]
}

function vaultRoleFinding({ annotations, account }: Asker, space: NamespaceFacts): readonly Finding[] {
  const role = annotations['iam-ra/vault-role'] ?? space.annotations['iam-ra/vault-role'] ?? space.name
  if (role === space.name) return []
  return [
    differs(
      'vault-role',
      `logs in with Vault's role ${role}, which has to admit account ${account}: iam-ra admits it to role ${space.name} only`,
    ),
  ]
}

/** Those of the role itself are listed with it. */
function roleFindings(facts: Facts, plan: RolePlan, hasSessionName: boolean): readonly Finding[] {
  const found = plan.findings.map(({ commands: _once, ...finding }) => ({
    ...finding,
    text: `its role ${finding.text}`,
  }))
  return [...found, ...otherStatementFinding(plan), ...sessionNameFindings(facts, plan, hasSessionName)]
}
