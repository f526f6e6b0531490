/**
 * A role's trust policy, derived from its bindings alone. Statements that others wrote stay as they are, in their place.
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

/**
 * Exact names and no pattern: one statement for each anchor and issuer, since two lists under one condition would admit
 * the names of one authority signed by the other. A CN that two bindings share is listed once.
 *
 * @param current the policy as IAM has it; undefined for a role that is being made
 * @returns the document, or undefined if `current` cannot be read
 */
export function derivePolicy(
  owner: Owner,
  bindings: readonly Binding[],
  current: string | undefined,
): string | undefined {
  const policy = current === undefined ? { Version: VERSION, Statement: [] } : parseJsonObject(current)
  if (policy === undefined) return undefined
  const foreign = statementsOf(policy).filter((one) => !isOurs(owner, one))
  return JSON.stringify({ ...policy, Statement: [...foreign, ...ourStatements(owner, bindings)] })
}

/** Characters as IAM counts them: white space is not counted. */
export function policySize(policy: string): number {
  return policy.replace(/\s/g, '').length
}

/** The CNs that our statements admit. */
export function admittedNames(owner: Owner, policy: string): readonly string[] {
  const parsed = parseJsonObject(policy) ?? {}
  return statementsOf(parsed)
    .filter((one) => isOurs(owner, one))
    .flatMap((one) => {
      const condition = isRecord(one) && isRecord(one['Condition']) ? one['Condition'] : {}
      const equal = isRecord(condition['StringEquals']) ? condition['StringEquals'] : {}
      return listOf(equal[SUBJECT])
    })
}

const SUBJECT = 'aws:PrincipalTag/x509Subject/CN'
const ISSUER = 'aws:PrincipalTag/x509Issuer/CN'

function ourStatements(owner: Owner, bindings: readonly Binding[]): readonly unknown[] {
  const groups = Map.groupBy(bindings, ({ anchor, issuer }) => `${anchor.region}/${anchor.id} ${issuer}`)
  // A role that nobody is bound to must admit nobody; a trust policy without a statement is refused by IAM.
  if (groups.size === 0)
    return [{ Sid: sid(owner, 0), Effect: 'Deny', Principal: PRINCIPAL, Action: ACTIONS }]
  return [...groups.values()].map((group, index) => statement(owner, group, index))
}

function statement(owner: Owner, group: readonly Binding[], index: number): unknown {
  const [first] = group
  const names = [...new Set(group.map(commonName))].toSorted()
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

/** Letters and digits are all that a Sid may hold; an installation's name has no capitals, so X stands for its dashes alone. */
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

/** IAM takes one statement in place of a list. */
function statementsOf(policy: Readonly<Record<string, unknown>>): readonly unknown[] {
  const { Statement: statements } = policy
  if (statements === undefined) return []
  return Array.isArray(statements) ? statements : [statements]
}

function listOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).filter((one) => typeof one === 'string')
}
