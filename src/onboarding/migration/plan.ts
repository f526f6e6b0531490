/** From what was read to a plan: what each workload that asks by annotation needs, and what cannot be kept. Pure. */
import { createHash } from 'node:crypto'
import { shellWord } from '../../text/shell-word.ts'
import type { Binding } from '../aws/bindings.ts'
import type { BoundRole } from '../aws/installation.ts'
import { admissionOf } from '../aws/trust-policy.ts'
import { commonName, commonNameFault, workloadFault, type Identity } from '../names.ts'
import { named, SESSION_NAME, type Asker } from './askers.ts'
import { blocks, differs, type Finding } from './finding.ts'
import type { Meaning } from './meaning.ts'
import { ruleFindings } from './namespace-rules.ts'
import { modeFor, modeOf, patched, podFindings } from './pod-findings.ts'
import { readRole, type RoleArn } from './role-arn.ts'
import {
  otherStatementFinding,
  planRole,
  sessionNameFindings,
  type Looked,
  type RoleFacts,
  type RolePlan,
} from './roles.ts'
import { changedKeys, settingsFor, type Settings, type SettingsFacts } from './settings.ts'

/** What the authority says of an account. */
export interface Signing {
  readonly issuer: string
  /** Whether it may log in already. */
  readonly admits: boolean
  readonly problems: readonly string[]
}

export interface NamespaceFacts {
  readonly name: string
  readonly annotations: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  /** Whether it has the ConfigMap with the CA of Vault's server certificate. */
  readonly hasVaultCa: boolean
}

export interface Facts extends RoleFacts {
  readonly cluster: string
  /** `iam-ra k8s migrate` as it was called, for the commands of the plan. */
  readonly migrate: string
  /** A command that prints the CA of Vault's server certificate; undefined if the cluster's objects have none. */
  readonly printCa: string | undefined
  readonly anchorId: string
  readonly meaning: Meaning
  readonly settings: SettingsFacts
  readonly askers: readonly Asker[]
  readonly namespaces: readonly NamespaceFacts[]
  /** By ARN. */
  readonly looked: ReadonlyMap<string, Looked>
  readonly signing: (identity: Identity) => Signing | undefined
}

export interface WorkloadPlan {
  readonly namespace: string
  readonly kind: string
  readonly name: string
  readonly account: string
  /** Empty if the annotation makes none. */
  readonly roleArn: string
  readonly mode: string
  readonly certificate: string
  /** What is missing, in the order in which it is to be done. */
  readonly lacks: readonly ('vault' | 'role' | 'profile')[]
  readonly findings: readonly Finding[]
}

export interface NamespacePlan {
  readonly name: string
  readonly enabled: boolean
  readonly workloads: readonly WorkloadPlan[]
  readonly findings: readonly Finding[]
  /** What moves it, in this order; empty as long as anything blocks one of its workloads. */
  readonly commands: readonly string[]
}

export interface MigrationPlan {
  readonly namespaces: readonly NamespacePlan[]
  readonly roles: readonly RolePlan[]
  readonly settings: Settings
  /** Keys of the settings that the cluster lacks or has otherwise. */
  readonly unset: readonly string[]
  /** What iam-ra itself can do: an account to admit, and a role of the installation to bind it to. */
  readonly bindings: readonly { readonly role: BoundRole | undefined; readonly binding: Binding }[]
}

export function planMigration(facts: Facts): MigrationPlan {
  const askers = facts.askers.filter(({ role }) => role !== undefined)
  const asked = askers.map((asker) => ({
    asker,
    role: readRole(facts.meaning.base, (asker.role ?? '').trim()),
  }))
  const roles = rolesOf(facts, asked)
  const settings = settingsFor(facts.settings, facts.meaning, roles)
  const unset = changedKeys(settings, facts.settings.found)
  const names = [...new Set(askers.map(({ namespace }) => namespace))]
  const namespaces = names.map((name) => {
    const own = asked.filter(({ asker }) => asker.namespace === name)
    return planNamespace(facts, namespaceOf(facts, name), own, { roles, unset })
  })
  return { namespaces, roles, settings, unset, bindings: bindingsOf(facts, namespaces) }
}

/** As the migration goes on, a plan has nothing left to do. */
export function isMoved({ namespaces }: Pick<MigrationPlan, 'namespaces'>): boolean {
  return namespaces.every(
    ({ enabled, workloads, findings }) =>
      enabled &&
      !isBlocked(findings) &&
      workloads.every((one) => one.lacks.length === 0 && !isBlocked(one.findings)),
  )
}

export function isBlocked(findings: readonly Finding[]): boolean {
  return findings.some((one) => one.blocks)
}

interface Asked {
  readonly asker: Asker
  readonly role: RoleArn | undefined
}

function namespaceOf({ namespaces }: Facts, name: string): NamespaceFacts {
  return (
    namespaces.find((one) => one.name === name) ?? { name, annotations: {}, labels: {}, hasVaultCa: false }
  )
}

function identityOf({ cluster }: Facts, { namespace, account }: Asker): Identity {
  return { cluster, namespace, account }
}

function bindingOf(facts: Facts, identity: Identity, issuer: string): Binding {
  return {
    ...identity,
    workload: workloadOf(identity.account),
    issuer,
    anchor: { region: facts.region, id: facts.anchorId },
  }
}

/** What the binding is called: an account that asks by annotation is bound once, for all that runs as it. */
function workloadOf(account: string): string {
  if (workloadFault(account) === undefined) return account
  const start = account.replaceAll('.', '-').slice(0, MOST_START).replace(/-+$/, '')
  return `${start}-${createHash('sha256').update(account).digest('hex').slice(0, 8)}`
}

/** A name may have 49 characters. */
const MOST_START = 40

function rolesOf(facts: Facts, asked: readonly Asked[]): readonly RolePlan[] {
  const byArn = Map.groupBy(
    asked.flatMap(({ asker, role }) => (role === undefined ? [] : [{ asker, role }])),
    ({ role }) => role.arn,
  )
  return [...byArn.values()]
    .map((some) => {
      const [first] = some
      const wanted = some.flatMap(({ asker }) => {
        const identity = identityOf(facts, asker)
        const signing = facts.signing(identity)
        const isFit = signing?.problems.length === 0 && !isBlocked(identityFindings(facts, asker, asked))
        return signing !== undefined && isFit ? [admissionOf(bindingOf(facts, identity, signing.issuer))] : []
      })
      const unique = [...new Map(wanted.map((one) => [one.name, one])).values()]
      return first === undefined
        ? []
        : [planRole(facts, first.role, facts.looked.get(first.role.arn) ?? 'missing', unique)]
    })
    .flat()
    .toSorted((a, b) => (a.arn < b.arn ? -1 : 1))
}

/** Whether an account can stand for the workload alone. */
function identityFindings(facts: Facts, asker: Asker, asked: readonly Asked[]): readonly Finding[] {
  const identity = identityOf(facts, asker)
  const same = asked.filter(
    ({ asker: other }) => other.namespace === asker.namespace && other.account === asker.account,
  )
  const arns = new Set(same.flatMap(({ role }) => role?.arn ?? []))
  const fault = commonNameFault(identity)
  const bound = facts.installation.roles.flatMap((role) =>
    role.bindings.map((binding) => ({ role, binding })),
  )
  const here = bound.filter(
    ({ binding }) => binding.cluster === facts.cluster && binding.namespace === asker.namespace,
  )
  const elsewhere = here.find(({ role, binding }) => binding.account === asker.account && !arns.has(role.arn))
  const taken = here.find(
    ({ binding }) => binding.workload === workloadOf(asker.account) && binding.account !== asker.account,
  )
  return [
    ...(fault === undefined
      ? []
      : [blocks('account-name', `account ${asker.account} ${fault.wrong}; expected ${fault.expected}`)]),
    ...(arns.size > 1 ? [sharedFinding(asker, same)] : []),
    ...(arns.size === 1 && asker.account === 'default' ? [defaultFinding(asker)] : []),
    ...(elsewhere === undefined
      ? []
      : [
          blocks(
            'bound-elsewhere',
            `account ${asker.account} is bound to role ${elsewhere.role.role} already`,
            `iam-ra k8s offboard ${shellWord(elsewhere.binding.workload)} --cluster ${facts.cluster} --k8s-namespace ${asker.namespace}`,
          ),
        ]),
    ...(taken === undefined
      ? []
      : [
          blocks(
            'name-taken',
            `a workload named ${taken.binding.workload} is bound with account ${taken.binding.account}: bind account ${asker.account} under another name`,
            `iam-ra k8s onboard NAME --service-account ${asker.account} --role ROLE --cluster ${facts.cluster} --k8s-namespace ${asker.namespace} --no-sample-pod`,
          ),
        ]),
  ]
}

function sharedFinding(asker: Asker, same: readonly Asked[]): Finding {
  const others = [
    ...new Set(same.filter(({ asker: other }) => other !== asker).map(({ asker: other }) => named(other))),
  ]
  const text = `runs as account ${asker.account}, as ${others.join(', ')} does with another role: to Vault and AWS they are one identity, so each could have both roles. Give it an account of its own (serviceAccountName)`
  return blocks('shared-account', text, ...ownAccount(asker))
}

function defaultFinding(asker: Asker): Finding {
  const text =
    'runs as account default, so every pod of the namespace without an account of its own can have the role: better give it one (serviceAccountName)'
  return differs('default-account', text, ...ownAccount(asker))
}

function ownAccount(asker: Asker): readonly string[] {
  const { namespace, name } = asker
  const patch = patched(asker, { spec: { serviceAccountName: name } })
  if (name === asker.account) return []
  return [`kubectl -n ${shellWord(namespace)} create serviceaccount ${shellWord(name)}`, ...patch]
}

interface Around {
  readonly roles: readonly RolePlan[]
  readonly unset: readonly string[]
}

function planNamespace(
  facts: Facts,
  found: NamespaceFacts,
  asked: readonly Asked[],
  around: Around,
): NamespacePlan {
  const { name, annotations, labels } = found
  const roles = [
    ...new Map(asked.flatMap(({ role }) => (role === undefined ? [] : [[role.arn, role] as const]))).values(),
  ]
  const findings = ruleFindings(facts.meaning, { namespace: name, annotations, roles })
  const proposed = asked.some(({ asker }) => modeFor(asker) === 'serve')
    ? 'serve'
    : modeFor(asked[0]?.asker ?? EMPTY)
  const mode = annotations['iam-ra/mode'] ?? proposed
  const workloads = asked.map((one) =>
    planWorkload(facts, one, asked, { ...around, mode, enforced: labels[ENFORCED] ?? '' }),
  )
  const enabled = labels['iam-ra/injection'] === 'enabled'
  const plan = { name, enabled, workloads, findings }
  const isStuck = isBlocked(findings) || workloads.some((one) => isBlocked(one.findings))
  return { ...plan, commands: isStuck ? [] : commandsOf(facts, found, plan, { ...around, mode }) }
}

/** The ConfigMap that injected containers mount. */
export const VAULT_CA = 'vault-ca'
const ENFORCED = 'pod-security.kubernetes.io/enforce'
const EMPTY: Asker = {
  namespace: '',
  kind: '',
  name: '',
  account: '',
  role: undefined,
  annotations: {},
  spec: {},
}

function planWorkload(
  facts: Facts,
  { asker, role }: Asked,
  asked: readonly Asked[],
  { roles, mode: chosen, enforced }: Around & { readonly mode: string; readonly enforced: string },
): WorkloadPlan {
  const identity = identityOf(facts, asker)
  const signing = facts.signing(identity)
  const plan = roles.find(({ arn }) => arn === role?.arn)
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
      ...identityFindings(facts, asker, asked),
      ...(signing?.problems ?? []).map((problem) => blocks('vault', problem)),
      ...podFindings(asker, { mode, enforced, ignoresExternalId }),
    ],
  }
}

/** Those of the role itself are listed with it. */
function roleFindings(facts: Facts, plan: RolePlan, hasSessionName: boolean): readonly Finding[] {
  const found = plan.findings.map(({ commands: _once, ...finding }) => ({
    ...finding,
    text: `its role ${finding.text}`,
  }))
  return [...found, ...otherStatementFinding(plan), ...sessionNameFindings(facts, plan, hasSessionName)]
}

const RESTARTED = ['Deployment', 'StatefulSet', 'DaemonSet']

function commandsOf(
  facts: Facts,
  { annotations, hasVaultCa }: NamespaceFacts,
  { name, enabled, workloads }: Omit<NamespacePlan, 'commands'>,
  { roles, unset, mode }: Around & { readonly mode: string },
): readonly string[] {
  const own = roles.filter(({ role }) => role !== undefined).map(({ arn }) => arn)
  const isOurs = workloads.some(
    ({ lacks, roleArn }) => lacks.includes('vault') || (lacks.includes('role') && own.includes(roleArn)),
  )
  const asked = workloads.map(({ roleArn }) => roleArn)
  const owners = roles.filter(({ arn, commands }) => asked.includes(arn) && commands.length > 0)
  const space = shellWord(name)
  const { migrate } = facts
  const isWaiting = owners.length > 0
  const hasMode = annotations['iam-ra/mode'] === mode || facts.settings.found?.['mode'] === mode
  const restarted = workloads
    .filter(({ kind }) => RESTARTED.includes(kind))
    .map((one) => named(one).toLowerCase())
  return [
    ...(isOurs ? [`${migrate} --k8s-namespace ${space} --apply`] : []),
    ...owners.map(({ arn }) => `# the commands of role ${arn}, by its owner`),
    ...(unset.length > 0 || isWaiting ? [`${migrate} --print settings | kubectl apply -f -`] : []),
    ...(hasVaultCa ? [] : [createCa(facts, space)]),
    ...(hasMode ? [] : [`kubectl annotate namespace ${space} iam-ra/mode=${mode}`]),
    ...(enabled ? [] : [`kubectl label namespace ${space} iam-ra/injection=enabled`]),
    ...(enabled || restarted.length === 0
      ? []
      : [`kubectl -n ${space} rollout restart ${restarted.map(shellWord).join(' ')}`]),
  ]
}

function createCa({ printCa }: Facts, space: string): string {
  const create = `kubectl -n ${space} create configmap ${VAULT_CA} --from-file=ca.crt`
  return printCa === undefined ? create : `${printCa} | ${create}=/dev/stdin`
}

/** Once for each account. */
function bindingsOf(facts: Facts, namespaces: readonly NamespacePlan[]): MigrationPlan['bindings'] {
  const found = namespaces.flatMap(({ workloads }) =>
    workloads
      .filter(({ findings }) => !isBlocked(findings))
      .flatMap(({ namespace, account, roleArn }) => {
        const identity = { cluster: facts.cluster, namespace, account }
        const signing = facts.signing(identity)
        if (signing === undefined) return []
        const role = facts.installation.roles.find(({ arn }) => arn === roleArn)
        const binding = bindingOf(facts, identity, signing.issuer)
        return [{ role, binding }]
      }),
  )
  return [...new Map(found.map((one) => [commonName(one.binding), one])).values()]
}
