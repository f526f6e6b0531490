/** Tags that mark AWS resources as this program's: it changes and deletes only those that have them. */
import { IamRaError } from '../../errors.ts'
import type { Tag } from './bindings.ts'
import { STAGE } from './refusal.ts'

const INSTALLATION = 'iam-ra:installation'
export const ROLE = 'iam-ra:role'
export const CA_MODE = 'iam-ra:ca-mode'
const SCHEMA = 'iam-ra:schema'
/** The format of the tags. A version that does not know it must change nothing. */
const SCHEMA_NOW = '1'
const CLUSTER = 'iam-ra:cluster/'

export function ownTags(installation: string, more: Readonly<Record<string, string>> = {}): readonly Tag[] {
  const tags = { [INSTALLATION]: installation, [SCHEMA]: SCHEMA_NOW, ...more }
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}

/** IAM ignores the case of tag keys. */
export function tagValue(tags: readonly Tag[], key: string): string | undefined {
  return tags.find((tag) => tag.Key.toLowerCase() === key.toLowerCase())?.Value
}

export function isOwned(tags: readonly Tag[], installation: string): boolean {
  return tagValue(tags, INSTALLATION) === installation
}

/** Why a resource of ours must not be changed, in words that follow its name; undefined if it may be. */
export function ownedFault(
  tags: readonly Tag[],
): { readonly wrong: string; readonly hint: string } | undefined {
  const stack = tagValue(tags, 'aws:cloudformation:stack-name')
  if (stack !== undefined) {
    return {
      wrong: `belongs to the CloudFormation stack ${stack}`,
      hint: `change it through the stack ${stack}`,
    }
  }
  const schema = tagValue(tags, SCHEMA)
  if (schema === SCHEMA_NOW) return undefined
  return {
    wrong:
      schema === undefined
        ? `has no tag ${SCHEMA}`
        : `was created by another version of iam-ra (${SCHEMA} is ${schema})`,
    hint: 'use the version of iam-ra that created it, or a newer one',
  }
}

/** @throws IamRaError if it must not be changed */
export function refuseFault(what: string, tags: readonly Tag[]): void {
  const fault = ownedFault(tags)
  if (fault !== undefined)
    throw new IamRaError('REFUSED', STAGE, `${what} ${fault.wrong}`, { hint: fault.hint })
}

export interface Cluster {
  readonly name: string
  /** What signs its certificates, such as `vault`. */
  readonly mode: string
  /** The namespace of the cluster's own objects. */
  readonly namespace: string
  /** What its authority has to know later; none contains a space. */
  readonly words: readonly string[]
}

export function clusterTag({ name, mode, namespace, words }: Cluster): Tag {
  return { Key: `${CLUSTER}${name}`, Value: [mode, namespace, ...words].join(' ') }
}

/** The clusters of an anchor, sorted by name. */
export function readClusters(tags: readonly Tag[]): readonly Cluster[] {
  return tags
    .filter(({ Key }) => Key.startsWith(CLUSTER))
    .map(({ Key, Value }) => {
      const [mode = '', namespace = '', ...words] = Value.split(' ')
      return { name: Key.slice(CLUSTER.length), mode, namespace, words }
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
