/**
 * The workloads that may assume a role, as tags on that role. IAM merges tags by key, so operators who bind at the same time
 * lose nothing. A trust policy is not merged, so it is derived from the tags (trust-policy.ts).
 */
import type { Identity } from '../names.ts'

/** A workload that may assume the role. */
export interface Binding extends Identity {
  readonly workload: string
  /** The trust anchor of its certificates. */
  readonly anchor: AnchorId
  /** The CN of the authority that signs them; empty if the anchor's own root does. */
  readonly issuer: string
}

/** The part of an anchor's ARN that differs from the role's: both are in one partition and account. */
export interface AnchorId {
  readonly region: string
  readonly id: string
}

export interface Tag {
  readonly Key: string
  readonly Value: string
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules_creating */
const MOST_KEY = 128
const MOST_VALUE = 256
const VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

export function bindingKey(installation: string, { cluster, namespace, workload }: BindingName): string {
  return `${prefixOf(installation)}${cluster}/${namespace}/${workload}`
}

type BindingName = Pick<Binding, 'cluster' | 'namespace' | 'workload'>

export function bindingTag(installation: string, binding: Binding): Tag {
  const { account, anchor, issuer } = binding
  return {
    Key: bindingKey(installation, binding),
    Value: `${account} ${anchor.region}/${anchor.id} ${issuer}`.trimEnd(),
  }
}

/** Why AWS would refuse the tag, in words that follow it; undefined if it would not. */
export function tagFault({ Key, Value }: Tag): string | undefined {
  if (Key.length > MOST_KEY) return `has a key of ${Key.length} characters, and AWS's limit is ${MOST_KEY}`
  if (Value.length > MOST_VALUE)
    return `has a value of ${Value.length} characters, and AWS's limit is ${MOST_VALUE}`
  return VALUE.test(Value) ? undefined : 'has a value with a character that AWS does not accept'
}

export interface ReadBindings {
  readonly bindings: readonly Binding[]
  /** Keys of ours whose values this version cannot parse: the policy must not be derived then. */
  readonly unread: readonly string[]
}

/** IAM ignores the case of tag keys. */
export function readBindings(installation: string, tags: readonly Tag[]): ReadBindings {
  const bindings: Binding[] = []
  const unread: string[] = []
  for (const tag of tags) {
    if (!tag.Key.toLowerCase().startsWith(prefixOf(installation))) continue
    const binding = readBinding(installation, tag)
    if (binding === undefined) unread.push(tag.Key)
    else bindings.push(binding)
  }
  return { bindings: bindings.toSorted((a, b) => compare(sortKey(a), sortKey(b))), unread }
}

const VALUE_PARTS = /^(\S+) ([a-z0-9-]+)\/([a-f0-9-]{36})(?: (.+))?$/

function readBinding(installation: string, { Key, Value }: Tag): Binding | undefined {
  const names = Key.toLowerCase().slice(prefixOf(installation).length).split('/')
  const [cluster, namespace, workload] = names
  const [, account, region, id, issuer = ''] = VALUE_PARTS.exec(Value) ?? []
  if (names.length !== 3 || cluster === undefined || namespace === undefined || workload === undefined)
    return undefined
  if (account === undefined || region === undefined || id === undefined) return undefined
  return { cluster, namespace, workload, account, anchor: { region, id }, issuer }
}

function sortKey({ cluster, namespace, workload }: Binding): string {
  return `${cluster}/${namespace}/${workload}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function prefixOf(installation: string): string {
  return `iam-ra:${installation}:workload/`
}
