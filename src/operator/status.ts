/** `iam-ra status`: what an installation has in AWS, and what is wrong with it. */
import type { Account } from '../onboarding/aws/account.ts'
import { installationFindings, roleFindings, rootsOf } from '../onboarding/aws/findings.ts'
import { readInstallation, type Installation } from '../onboarding/aws/installation.ts'
import { CA_MODE, tagValue } from '../onboarding/aws/owned.ts'
import { roomIn } from '../onboarding/aws/room.ts'
import { policySize } from '../onboarding/aws/trust-policy.ts'
import { table } from '../terminal/table.ts'
import { installationOf, withAccount } from './account.ts'
import type { OperatorContext } from './context.ts'
import { facts, problemLines } from './report-lines.ts'
import { thousands } from '../text/thousands.ts'
import { printDocument } from './report.ts'
import type { AccountFlags } from './route.ts'

export interface StatusFlags extends AccountFlags {
  readonly json?: boolean
}

export async function status(context: OperatorContext, flags: StatusFlags): Promise<number> {
  const { runtime } = context
  const name = installationOf(context, flags)
  const view = await withAccount(context, flags, async (account) => {
    const installation = await readInstallation(account, name)
    const quota = installation.roles.length === 0 ? 0 : await account.iam.trustPolicyQuota()
    return viewOf(account, installation, { quota, nowMs: runtime.clock.now() })
  })
  if (flags.json === true) printDocument(runtime, view)
  else runtime.stdout(asText(view))
  if (!view.exists && view.problems.length === 0)
    runtime.stderr('next: iam-ra init creates an installation\n')
  return 0
}

function viewOf(
  account: Account,
  installation: Installation,
  { quota, nowMs }: { readonly quota: number; readonly nowMs: number },
) {
  const { name, anchor, clusters, owner } = installation
  const roles = installation.roles.map((role) => ({
    ...{ role: role.role, name: role.name, arn: role.arn, workloads: role.bindings.length },
    trustPolicy: {
      ...{ size: policySize(role.policy), quota },
      more: roomIn(
        owner,
        { tagCount: role.tags.length, policy: role.policy, bindings: role.bindings },
        quota,
      ),
    },
    problems: roleFindings(installation, role),
  }))
  return {
    ...{ account: account.id, caller: account.callerArn, region: account.region, installation: name },
    exists: anchor !== undefined || roles.length > 0,
    trustAnchor:
      anchor === undefined
        ? null
        : {
            ...{ name: anchor.name, arn: anchor.arn, enabled: anchor.enabled },
            mode: tagValue(anchor.tags, CA_MODE) ?? '',
            roots: rootsOf(anchor.certificates).map(({ subject, ends }) => ({ subject, expires: ends })),
          },
    clusters: clusters.map((one) => ({ name: one.name, mode: one.mode, namespace: one.namespace })),
    roles,
    problems: installationFindings(installation, nowMs),
  }
}

type View = ReturnType<typeof viewOf>

const HEAD = ['ROLE', 'IAM ROLE', 'WORKLOADS', 'TRUST POLICY', 'ROOM FOR', 'STATE']

function asText(view: View): string {
  const { trustAnchor: anchor, clusters, roles, installation } = view
  const rows = roles.map(({ role, name, workloads, trustPolicy: { size, quota, more }, problems }) => [
    ...[role, name, String(workloads), `${thousands(size)} of ${thousands(quota)}`, `about ${more}`],
    problems.length === 0 ? 'ok' : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`,
  ])
  const problems = [
    ...view.problems.map((one) => ({ ...one, what: `installation ${installation}` })),
    ...roles.flatMap(({ role, problems: own }) => own.map((one) => ({ ...one, what: `role ${role}` }))),
  ]
  const lines = [
    ...facts([
      ['account', `${view.account} as ${view.caller}`],
      ['region', view.region],
      ['installation', view.exists ? installation : `${installation}: nothing here`],
      ...(anchor === null
        ? []
        : [
            ['trust anchor', `${anchor.arn}, ${anchor.enabled ? 'enabled' : 'disabled'}`] as const,
            ...anchor.roots.map(
              ({ subject, expires }) => ['root', `${subject}, expires ${expires}`] as const,
            ),
            ['certificates', `from ${anchor.mode}`] as const,
            [
              'clusters',
              clusters.map((one) => `${one.name} (${one.mode}, namespace ${one.namespace})`).join(', ') ||
                'none',
            ] as const,
          ]),
    ]),
    ...(rows.length === 0 ? [] : ['', ...table(HEAD, rows)]),
    ...problemLines(problems),
  ]
  return `${lines.join('\n')}\n`
}
