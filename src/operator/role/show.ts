/** `iam-ra role show`: one role, the workloads that it is bound to, and what is wrong with it. */
import { roleFindings } from '../../onboarding/aws/findings.ts'
import { readInstallation, type BoundRole, type Installation } from '../../onboarding/aws/installation.ts'
import { readPolicies, type RolePolicies } from '../../onboarding/aws/role-policies.ts'
import { roomIn } from '../../onboarding/aws/room.ts'
import { policySize } from '../../onboarding/aws/trust-policy.ts'
import { commonName } from '../../onboarding/names.ts'
import { table } from '../../terminal/table.ts'
import { installationOf, withAccount } from '../account.ts'
import type { OperatorContext } from '../context.ts'
import { facts, problemLines } from '../report-lines.ts'
import { thousands } from '../../text/thousands.ts'
import { printDocument } from '../report.ts'
import type { AccountFlags } from '../route.ts'
import { findRole } from './find.ts'

export interface ShowFlags extends AccountFlags {
  readonly json?: boolean
}

export async function show(context: OperatorContext, flags: ShowFlags, role: string): Promise<number> {
  const { runtime } = context
  const name = installationOf(context, flags)
  const view = await withAccount(context, flags, async (account) => {
    const installation = await readInstallation(account, name)
    const found = findRole(installation, role)
    const [policies, quota] = await Promise.all([
      readPolicies(account, found),
      account.iam.trustPolicyQuota(),
    ])
    return viewOf(installation, found, { policies, quota })
  })
  if (flags.json === true) printDocument(runtime, { installation: name, ...view })
  else runtime.stdout(asText(view))
  return 0
}

function viewOf(
  installation: Installation,
  found: BoundRole,
  { policies, quota }: { readonly policies: RolePolicies; readonly quota: number },
) {
  const [profile] = found.profiles
  const { bindings, lacking, untagged, policy } = found
  return {
    ...{ role: found.role, name: found.name, arn: found.arn, maxSessionSeconds: found.maxSessionSeconds },
    permissionsBoundary: found.boundary ?? null,
    profile:
      profile === undefined
        ? null
        : { arn: profile.arn, enabled: profile.enabled, sessionSeconds: profile.durationSeconds },
    policies: policies.attached,
    inlinePolicies: Object.keys(policies.inline),
    trustPolicy: {
      ...{ size: policySize(policy), quota },
      more: roomIn(installation.owner, { tagCount: found.tags.length, policy, bindings }, quota),
    },
    workloads: bindings.map((one) => ({
      ...{ cluster: one.cluster, namespace: one.namespace, workload: one.workload, account: one.account },
      ...{ certificate: commonName(one), issuer: one.issuer, admitted: !lacking.includes(one) },
    })),
    untagged: untagged.map(({ name, issuer }) => ({ certificate: name, issuer })),
    problems: roleFindings(installation, found),
  }
}

type View = ReturnType<typeof viewOf>

const HEAD = ['CLUSTER', 'NAMESPACE', 'WORKLOAD', 'ACCOUNT', 'CERTIFICATE', 'ISSUER', 'ADMITTED']

function asText(view: View): string {
  const { profile, trustPolicy, workloads, untagged } = view
  const rows = [
    ...workloads.map((one) => [
      ...[one.cluster, one.namespace, one.workload, one.account, one.certificate],
      ...[one.issuer || 'the root', one.admitted ? 'yes' : 'no'],
    ]),
    ...untagged.map(({ certificate, issuer }) => [
      '-',
      '-',
      '-',
      '-',
      certificate,
      issuer || 'the root',
      'yes',
    ]),
  ]
  const lines = [
    ...facts([
      ['role', view.role],
      ['iam role', view.arn],
      ['profile', profile === null ? 'none' : `${profile.arn}${profile.enabled ? '' : ', disabled'}`],
      [
        'sessions',
        `${profile === null ? '' : `${thousands(profile.sessionSeconds)} s; `}the role allows up to ${thousands(view.maxSessionSeconds)} s`,
      ],
      ...(view.permissionsBoundary === null
        ? []
        : [['permissions boundary', view.permissionsBoundary] as const]),
      [
        'policies',
        [...view.policies, ...view.inlinePolicies.map((one) => `${one} (inline)`)].join(', ') || 'none',
      ],
      [
        'trust policy',
        `${thousands(trustPolicy.size)} of ${thousands(trustPolicy.quota)} characters; about ${trustPolicy.more} more workloads fit`,
      ],
      ['workloads', String(workloads.length)],
    ]),
    ...(rows.length === 0 ? [] : ['', ...table(HEAD, rows)]),
    ...problemLines(view.problems.map((one) => ({ ...one, what: `role ${view.role}` }))),
  ]
  return `${lines.join('\n')}\n`
}
