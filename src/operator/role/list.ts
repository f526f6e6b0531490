/** `iam-ra role list`: the roles of an installation, and what is wrong with them. */
import { roleFindings } from '../../onboarding/aws/findings.ts'
import { readInstallation } from '../../onboarding/aws/installation.ts'
import { table } from '../../terminal/table.ts'
import { installationOf, withAccount } from '../account.ts'
import type { OperatorContext } from '../context.ts'
import { printDocument, printResult } from '../report.ts'
import type { AccountFlags } from '../route.ts'

export interface ListFlags extends AccountFlags {
  readonly json?: boolean
}

const HEAD = ['ROLE', 'IAM ROLE', 'WORKLOADS', 'SESSION', 'STATE']

export async function list(context: OperatorContext, flags: ListFlags): Promise<number> {
  const { runtime } = context
  const name = installationOf(context, flags)
  const installation = await withAccount(context, flags, (account) => readInstallation(account, name))
  const roles = installation.roles.map((role) => ({
    ...{ role: role.role, name: role.name, arn: role.arn, workloads: role.bindings.length },
    sessionSeconds: role.profiles[0]?.durationSeconds ?? null,
    problems: roleFindings(installation, role),
  }))
  if (flags.json === true) await printDocument(runtime, { installation: name, roles })
  else if (roles.length > 0) {
    const rows = roles.map(
      ({ role, name: iamName, workloads, sessionSeconds, problems: [first, ...more] }) => [
        ...[role, iamName, String(workloads), sessionSeconds === null ? '-' : `${sessionSeconds} s`],
        first === undefined ? 'ok' : `${first.wrong}${more.length === 0 ? '' : `, and ${more.length} more`}`,
      ],
    )
    await printResult(runtime, `${table(HEAD, rows).join('\n')}\n`)
  }
  if (roles.length === 0) {
    const next =
      installation.anchor === undefined
        ? 'iam-ra init creates it'
        : 'iam-ra role create NAME --policy ARN creates one'
    runtime.stderr(
      `installation ${name} has no ${installation.anchor === undefined ? 'trust anchor in this account and region' : 'roles'}: ${next}\n`,
    )
  }
  const wrong = roles.find(({ problems }) => problems.length > 0)
  if (wrong !== undefined) runtime.stderr(`iam-ra role show ${wrong.role} says what to do\n`)
  return 0
}
