/** One authenticated call of the control plane, and what the operations share: permissions, identifiers, pages, switches. */
import { asSource } from './control-members.ts'
import type { EmulatorRequest } from './http.ts'
import type { Context } from './conditions.ts'
import { isRefused, refusalText, tagContext, type Permissions } from './permissions.ts'
import { arnOf, type Kind, type RolesAnywhereAccount } from './roles-anywhere-account.ts'
import { denied, invalid, Refusal } from './x509-signature.ts'

export interface ControlCall {
  readonly account: RolesAnywhereAccount
  readonly nowMs: number
  readonly callerArn: string
  readonly permissions: Permissions
  /** What stands for `{id}` in the operation's path, decoded. */
  readonly id: string
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
}

/** @throws Refusal for a body that is no JSON object */
export function bodyMembers(request: EmulatorRequest): Readonly<Record<string, unknown>> {
  if (request.body.length === 0) return {}
  let parsed: unknown
  try {
    parsed = JSON.parse(request.body.toString())
  } catch {
    throw new Refusal(400, 'SerializationException', 'the body is no JSON')
  }
  return asSource(parsed, 'the body')
}

/** @throws Refusal unless the caller may do it, be it this call's own action or one that it needs besides */
export function authorize(call: ControlCall, action: string, resource: string, more: Context = {}): void {
  const context = { ...requestedTags(call), ...resourceTags(call, resource), ...more }
  if (isRefused(call.permissions, { action, resource, context }))
    throw denied(refusalText(call.callerArn, action, resource))
}

/** Asked before the members are read: what is no tag is refused later. */
function requestedTags({ body }: ControlCall): Context {
  const listed = (member: string): readonly unknown[] => {
    const value = body[member]
    return Array.isArray(value) ? value : []
  }
  const tags = listed('tags').map(
    (tag) => Object(tag) as { readonly key?: unknown; readonly value?: unknown },
  )
  return {
    ...tagContext(tags.map(({ key, value }) => [String(key), String(value)])),
    ...(body['tagKeys'] === undefined ? {} : { 'aws:TagKeys': listed('tagKeys').map(String) }),
  }
}

function resourceTags({ account }: ControlCall, arn: string): Context {
  return Object.fromEntries(
    [...(account.tags.get(arn) ?? [])].map(([key, value]) => [`aws:ResourceTag/${key}`, value]),
  )
}

/** iam:PassRole has no call of its own. No role of another account can be passed by anybody. */
export function authorizePass(call: ControlCall, roleArns: readonly string[]): void {
  for (const arn of roleArns) {
    if (arn.split(':')[4] !== call.account.account) throw denied('Cross-account pass role is not allowed.')
    authorize(call, 'iam:PassRole', arn, { 'iam:PassedToService': 'rolesanywhere.amazonaws.com' })
  }
}

const ID = /^[a-f0-9]{8}-(?:[a-z0-9]{4}-){3}[a-z0-9]{12}$/

/** The id in an identifier: itself, or the end of an ARN of this account and region. */
export function idOf(call: ControlCall, kind: Kind, identifier: string): string {
  const prefix = arnOf(call.account, kind, '')
  const id = identifier.startsWith(prefix) ? identifier.slice(prefix.length) : identifier
  if (!ID.test(id) && !identifier.startsWith('arn:')) {
    throw invalid(
      `1 validation error detected: Value '${identifier}' at '${MEMBER[kind]}' failed to satisfy constraint: Member must satisfy regular expression pattern: ${ID.source.slice(1, -1)}`,
    )
  }
  return id
}

const MEMBER: Readonly<Record<Kind, string>> = {
  'trust-anchor': 'trustAnchorId',
  profile: 'profileId',
  crl: 'crlId',
}

/** @throws Refusal for what is not there; the words are not AWS's */
export function find<T>(call: ControlCall, kind: Kind, stored: ReadonlyMap<string, T>): T {
  const found = stored.get(idOf(call, kind, call.id))
  if (found === undefined) throw absent(call.id)
  return found
}

export function absent(resource: string): Refusal {
  return new Refusal(404, 'ResourceNotFoundException', `Resource ${resource} was not found.`)
}

/** The model bounds pageSize by nothing; how many AWS gives is documented nowhere. */
const PAGE = 50

/** A page of what is stored, and the token of the next; a token is worth something only to who gave it. */
export function page<T>(
  call: ControlCall,
  stored: ReadonlyMap<string, T>,
): { readonly items: readonly T[]; readonly nextToken?: string } {
  const size = Number(call.query.get('pageSize') ?? PAGE)
  if (!Number.isInteger(size) || size < 1) throw invalid(`pageSize is out of bounds`)
  const token = call.query.get('nextToken')
  const ids = [...stored.keys()]
  const start = token === null ? 0 : ids.findIndex((id) => tokenOf(id) === token)
  if (start < 0) throw invalid('nextToken is invalid')
  const next = ids[start + size]
  return {
    items: [...stored.values()].slice(start, start + size),
    ...(next === undefined ? {} : { nextToken: tokenOf(next) }),
  }
}

function tokenOf(id: string): string {
  return Buffer.from(`next:${id}`).toString('base64')
}

/** Tags that stand in the call which makes a resource need the permission to tag it. */
export function tagAtCreation(
  call: ControlCall,
  arn: string,
  tags: readonly (readonly [string, string])[],
): void {
  if (tags.length > 0) authorize(call, 'rolesanywhere:TagResource', arn)
  call.account.tags.set(arn, new Map(tags))
}

/** A resource with these changes, kept. */
export function change<T extends { readonly id: string; readonly updatedAt: string }>(
  call: ControlCall,
  stored: Map<string, T>,
  resource: T,
  changes: Partial<T>,
): T {
  const changed = { ...resource, ...changes, updatedAt: new Date(call.nowMs).toISOString() }
  stored.set(resource.id, changed)
  return changed
}

/** Gone, with its tags. */
export function remove(
  call: ControlCall,
  stored: Map<string, unknown>,
  resource: { readonly id: string; readonly arn: string },
): void {
  stored.delete(resource.id)
  call.account.tags.delete(resource.arn)
}
