/** From what was read to a plan: what each workload that asks by annotation needs, and what cannot be kept. Pure. */
import type { Binding } from '../aws/bindings.ts'
import type { BoundRole } from '../aws/installation.ts'
import { admissionOf } from '../aws/trust-policy.ts'
import { commonName, type Identity } from '../names.ts'
import type { Asker } from './askers.ts'
import { commandsOf, type Around } from './commands.ts'
import type { Finding } from './finding.ts'
import { bindingOf, identityFindings, identityOf, type Asked } from './identities.ts'
import type { Meaning } from './meaning.ts'
import { ruleFindings } from './namespace-rules.ts'
import { modeFor } from './pod-findings.ts'
import { readRole } from './role-arn.ts'
import { planRole, type Looked, type RoleFacts, type RolePlan } from './roles.ts'
import { changedKeys, settingsFor, type Settings, type SettingsFacts } from './settings.ts'
import { planWorkload } from './workload.ts'

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
  const asked = askedIn(facts)
  const roles = rolesOf(facts, asked)
  const settings = settingsFor(facts.settings, facts.meaning, roles)
  const unset = changedKeys(settings, facts.settings.found)
  const names = [...new Set(asked.map(({ asker }) => asker.namespace))]
  const namespaces = names.map((name) => {
    const own = asked.filter(({ asker }) => asker.namespace === name)
    return planNamespace(facts, namespaceOf(facts, name), own, { roles, unset })
  })
  return { namespaces, roles, settings, unset, bindings: bindingsOf(facts, namespaces) }
}

/** As the migration goes on, a plan has nothing left to do. */
export function isMoved({ namespaces, unset }: Pick<MigrationPlan, 'namespaces' | 'unset'>): boolean {
  if (unset.length > 0) return namespaces.length === 0
  return namespaces.every(
    ({ enabled, workloads, findings }) =>
      enabled &&
      !isBlocked(findings) &&
      workloads.every((one) => one.lacks.length === 0 && !isBlocked(one.findings)),
  )
}

/** A namespace may have a base of its own. */
export function askedIn({
  askers,
  meaning,
  namespaces,
}: Pick<Facts, 'askers' | 'meaning' | 'namespaces'>): readonly Asked[] {
  return askers
    .filter(({ role }) => role !== undefined)
    .map((asker) => {
      const own = namespaces.find(({ name }) => name === asker.namespace)?.annotations[BASE]
      return { asker, role: readRole(own ?? meaning.base, (asker.role ?? '').trim()) }
    })
}

const BASE = 'iam-ra/base-role-arn'

export function isBlocked(findings: readonly Finding[]): boolean {
  return findings.some((one) => one.blocks)
}

function namespaceOf({ namespaces }: Facts, name: string): NamespaceFacts {
  return (
    namespaces.find((one) => one.name === name) ?? { name, annotations: {}, labels: {}, hasVaultCa: false }
  )
}

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
  const rules = { ...facts.meaning, base: annotations[BASE] ?? facts.meaning.base }
  const findings = ruleFindings(rules, { namespace: name, annotations, roles })
  const proposed = asked.some(({ asker }) => modeFor(asker) === 'serve')
    ? 'serve'
    : modeFor(asked[0]?.asker ?? EMPTY)
  const mode = annotations['iam-ra/mode'] ?? proposed
  const workloads = asked.map((one) => planWorkload(facts, one, asked, { ...around, mode, space: found }))
  const enabled = labels['iam-ra/injection'] === 'enabled'
  const plan = { name, enabled, workloads, findings }
  const isStuck = isBlocked(findings) || workloads.some((one) => isBlocked(one.findings))
  return { ...plan, commands: isStuck ? [] : commandsOf(facts, found, plan, { ...around, mode }) }
}

const EMPTY: Asker = {
  namespace: '',
  kind: '',
  name: '',
  account: '',
  role: undefined,
  annotations: {},
  spec: {},
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
