/**
 * A role's trust policy, derived from its bindings alone. Statements written by anyone else stay as they are, in place.
 */
import { isRecord, parseJsonObject } from '../../text/json.ts'
import { commonName } from '../names.ts'
import type { AnchorId, Binding } from './bindings.ts'

export interface Owner {
  readonly installation: string
  readonly partition: string
  readonly account: string
}

const PRINCIPAL = { Service: 'rolesanywhere.amazonaws.com' }
const ACTIONS = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity']
const VERSION = '2012-10-17'

/** One name that a policy admits. */
export interface Admission {
  readonly anchor: AnchorId
  /** The CN of the authority that signs its certificate; empty if the anchor's own root does. */
  readonly issuer: string
  /** The CN of the certificate. */
  readonly name: string
}

export function admissionOf(binding: Binding): Admission {
  return { anchor: binding.anchor, issuer: binding.issuer, name: commonName(binding) }
}

/** Identifies it in a Set or Map. */
export function admissionKey({ anchor, issuer, name }: Admission): string {
  return `${anchor.region}/${anchor.id} ${issuer}\n${name}`
}

/** As policyFor, from bindings. */
export function derivePolicy(
  owner: Owner,
  bindings: readonly Binding[],
  current: string | undefined,
): string | undefined {
  return policyFor(owner, bindings.map(admissionOf), current)
}

/**
 * Has exact names and no patterns, in one statement for each anchor and issuer: two lists in one condition would admit the
 * names of one authority signed by the other.
 *
 * @param current the policy in IAM; undefined for a new role
 * @returns JSON, or undefined if `current` cannot be parsed
 */
export function policyFor(
  owner: Owner,
  admissions: readonly Admission[],
  current: string | undefined,
): string | undefined {
  const policy = current === undefined ? { Version: VERSION, Statement: [] } : parseJsonObject(current)
  if (policy === undefined) return undefined
  const foreign = statementsOf(policy).filter((one) => !isOurs(owner, one))
  return JSON.stringify({ ...policy, Statement: [...foreign, ...ourStatements(owner, admissions)] })
}

/** Whether two policies mean the same. IAM turns a list of one into its value, and does not keep the order of keys. */
export function samePolicy(one: string, other: string): boolean {
  const [a, b] = [parseJsonObject(one), parseJsonObject(other)]
  return a !== undefined && b !== undefined && canonical(a) === canonical(b)
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    const items = value.map(canonical)
    return items.length === 1 ? (items[0] ?? '') : `[${items.join()}]`
  }
  if (!isRecord(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
  return `{${members.join()}}`
}

/** In characters as IAM counts them, without white space. */
export function policySize(policy: string): number {
  return policy.replace(/\s/g, '').length
}

/** The names that our statements admit. */
export function admissions(owner: Owner, policy: string): readonly Admission[] {
  return statementsOf(parseJsonObject(policy) ?? {}).flatMap((one) => {
    if (!isOurs(owner, one) || !isRecord(one) || one['Effect'] !== 'Allow') return []
    const condition = isRecord(one['Condition']) ? one['Condition'] : {}
    const { ArnEquals: source, StringEquals: equal } = condition
    if (!isRecord(source) || !isRecord(equal)) return []
    const [arn = '', ...more] = listOf(source['aws:SourceArn'])
    const issuers = equal[ISSUER] === undefined ? [''] : listOf(equal[ISSUER])
    const [, region, id] = /^arn:[^:]+:rolesanywhere:([^:]+):[^:]*:trust-anchor\/(.+)$/.exec(arn) ?? []
    if (region === undefined || id === undefined || more.length > 0) return []
    return issuers.flatMap((issuer) =>
      listOf(equal[SUBJECT]).map((name) => ({ anchor: { region, id }, issuer, name })),
    )
  })
}

/** Whether our statements differ from those for the names that they admit: someone changed them by hand. */
export function isAltered(owner: Owner, policy: string): boolean {
  const ours = statementsOf(parseJsonObject(policy) ?? {}).filter((one) => isOurs(owner, one))
  return ours.length > 0 && canonical(ours) !== canonical(ourStatements(owner, admissions(owner, policy)))
}

/** What anyone else wrote. */
export function foreignStatements(owner: Owner, policy: string): readonly unknown[] {
  return statementsOf(parseJsonObject(policy) ?? {}).filter((one) => !isOurs(owner, one))
}

/** Ours, as they are. */
export function ownStatements(owner: Owner, policy: string): readonly unknown[] {
  return statementsOf(parseJsonObject(policy) ?? {}).filter((one) => isOurs(owner, one))
}

const SUBJECT = 'aws:PrincipalTag/x509Subject/CN'
const ISSUER = 'aws:PrincipalTag/x509Issuer/CN'

function ourStatements(owner: Owner, admitted: readonly Admission[]): readonly unknown[] {
  const groups = Map.groupBy(admitted, ({ anchor, issuer }) => `${anchor.region}/${anchor.id} ${issuer}`)
  // Without bindings the role must admit nobody, and IAM refuses a trust policy without statements.
  if (groups.size === 0)
    return [{ Sid: sid(owner, 0), Effect: 'Deny', Principal: PRINCIPAL, Action: ACTIONS }]
  // Sorted, so that operators who write the same names write the same text.
  const ordered = [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return ordered.map(([, group], index) => statement(owner, group, index))
}

function statement(owner: Owner, group: readonly Admission[], index: number): unknown {
  const [first] = group
  const names = [...new Set(group.map(({ name }) => name))].toSorted()
  return {
    Sid: sid(owner, index),
    Effect: 'Allow',
    Principal: PRINCIPAL,
    Action: ACTIONS,
    Condition: {
      ArnEquals: { 'aws:SourceArn': first === undefined ? '' : anchorArn(owner, first.anchor) },
      StringEquals: {
        [SUBJECT]: names,
        ...(first === undefined || first.issuer === '' ? {} : { [ISSUER]: first.issuer }),
      },
    },
  }
}

export function anchorArn({ partition, account }: Owner, { region, id }: AnchorId): string {
  return `arn:${partition}:rolesanywhere:${region}:${account}:trust-anchor/${id}`
}

/** A Sid has only letters and digits. The name of an installation has no capitals, so X can stand for its dashes. */
function sid(owner: Owner, index: number): string {
  return `${sidPrefix(owner)}${index}`
}

function sidPrefix({ installation }: Owner): string {
  return `IamRa0${installation.replaceAll('-', 'X')}0X`
}

function isOurs(owner: Owner, one: unknown): boolean {
  if (!isRecord(one) || typeof one['Sid'] !== 'string') return false
  const prefix = sidPrefix(owner)
  return one['Sid'].startsWith(prefix) && /^\d+$/.test(one['Sid'].slice(prefix.length))
}

/** IAM also accepts one statement instead of a list. */
function statementsOf(policy: Readonly<Record<string, unknown>>): readonly unknown[] {
  const { Statement: statements } = policy
  if (statements === undefined) return []
  return Array.isArray(statements) ? statements : [statements]
}

function listOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string')
}
