/** A migration plan as text. */
import type { Finding } from '../../onboarding/migration/finding.ts'
import { isBlocked, isMoved, type NamespacePlan, type WorkloadPlan } from '../../onboarding/migration/plan.ts'
import type { RolePlan } from '../../onboarding/migration/roles.ts'
import { table } from '../../terminal/table.ts'
import { oneLine } from '../../text/one-line.ts'
import { facts } from '../report-lines.ts'
import type { Migration } from './migration.ts'

export function migrationText(migration: Migration): string {
  const { plan, notes } = migration
  const lines = [
    ...head(migration),
    ...notes.map((note) => `note: ${note}`),
    ...plan.namespaces.flatMap((one) => ['', ...namespaceLines(one)]),
    ...plan.roles.flatMap((one) => ['', ...roleLines(one)]),
    '',
    ending(migration),
  ]
  return `${lines.map((line) => oneLine(line)).join('\n')}\n`
}

function head(migration: Migration): readonly string[] {
  const { plan, cluster, meaning, running } = migration
  const workloads = plan.namespaces.flatMap((one) => one.workloads)
  return facts([
    ['cluster', cluster.name],
    [
      'from',
      running.map(({ program, where }) => `${program} (${where})`).join(', ') ||
        'neither kiam nor kube2iam runs here',
    ],
    ['base ARN', `${meaning.base} (from ${meaning.baseFrom})`],
    ['rules', `${meaning.names} (from ${meaning.rulesFrom})`],
    [
      'asking',
      `${count(workloads.length, 'workload')} in ${count(plan.namespaces.length, 'namespace')}, for ${count(plan.roles.length, 'role')}`,
    ],
    ['settings', settingsState(migration)],
  ])
}

function settingsState({ plan, hasSettings }: Migration): string {
  if (!hasSettings) return 'missing: --print settings prints them'
  return plan.unset.length === 0
    ? 'as they should be'
    : `other ${plan.unset.join(', ')}: --print settings prints them`
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}

const HEAD = ['WORKLOAD', 'ACCOUNT', 'ROLE', 'MODE', 'STATE']

function namespaceLines({ name, enabled, workloads, findings, commands }: NamespacePlan): readonly string[] {
  const rows = workloads.map((one) => [
    ...[`${one.kind}/${one.name}`, one.account, one.roleArn.split('/').at(-1) || '-', one.mode, stateOf(one)],
  ])
  const own = workloads.flatMap((one) =>
    one.findings.map((finding) => ({ what: `${one.kind}/${one.name}`, finding })),
  )
  return [
    `namespace ${name}${enabled ? ', injection is enabled' : ''}`,
    ...table(HEAD, rows).map((line) => `  ${line}`),
    ...findings.flatMap((finding) => findingLines('the namespace', finding)),
    ...own.flatMap(({ what, finding }) => findingLines(what, finding)),
    ...(commands.length === 0
      ? []
      : ['  to move it, in this order:', ...commands.map((command) => `    ${command}`)]),
    ...(isStuck({ findings, workloads })
      ? ['  settle what is marked with ! first: once the namespace is enabled, such pods are refused']
      : []),
  ]
}

function isStuck({ findings, workloads }: Pick<NamespacePlan, 'findings' | 'workloads'>): boolean {
  return isBlocked(findings) || workloads.some((one) => isBlocked(one.findings))
}

const MISSING = { vault: 'Vault', role: 'trust policy', profile: 'profile' } as const

function stateOf({ lacks, findings }: WorkloadPlan): string {
  if (isBlocked(findings)) return 'cannot move yet'
  return lacks.length === 0 ? 'ready' : `lacks ${lacks.map((one) => MISSING[one]).join(', ')}`
}

function findingLines(what: string, { blocks, code, text, commands = [] }: Finding): readonly string[] {
  return [
    `  ${blocks ? '!' : '-'} ${code}: ${what} ${text}`,
    ...commands.map((command) => `      ${command}`),
  ]
}

function roleLines({
  arn,
  role,
  trusted,
  lacking,
  statements,
  profile,
  findings,
  commands,
}: RolePlan): readonly string[] {
  return [
    `role ${arn}${role === undefined ? '' : ` (role ${role} of iam-ra)`}`,
    ...facts([
      ['trusted now', trusted.join(', ') || 'nobody else'],
      ['to admit', lacking.join(', ') || 'nobody more'],
      ['profile', profile ?? 'none'],
    ]).map((line) => `  ${line}`),
    ...findings.flatMap((finding) => findingLines('the role', finding)),
    ...(commands.length === 0
      ? []
      : ['  not made by iam-ra, so its owner runs:', ...commands.map((command) => `    ${command}`)]),
    ...(statements.length === 0
      ? []
      : [
          '  which keeps all statements, and has these for iam-ra:',
          ...statements.map((one) => `    ${JSON.stringify(one)}`),
        ]),
  ]
}

function ending({ plan, cluster }: Migration): string {
  if (plan.namespaces.length === 0) return `nothing in cluster ${cluster.name} asks for a role`
  return isMoved(plan)
    ? 'everything is moved; pods that ran before keep what they have until they are replaced'
    : 'nothing was changed by printing this'
}
