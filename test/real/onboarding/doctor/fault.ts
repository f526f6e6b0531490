/** A set-up with one thing wrong, and what doctor has to say about it. */
import type { StoredAnchor, StoredProfile } from '../../../rig/emulators/roles-anywhere-account.ts'
import type { WholeSetUp } from './set-up.ts'

export type Undo = () => unknown

/** @returns what undoes it */
export type Make = (it: WholeSetUp) => Promise<Undo> | Undo

export interface Fault {
  readonly name: string
  readonly make?: Make
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly says: {
    readonly group: string
    /** Default failed, and then it must be the first that failed. */
    readonly state?: string
    readonly sentence: RegExp
    readonly hint?: RegExp
  }
}

/** Runs faster without the cluster. */
export const NO_KUBECTL = { PATH: '/nonexistent' }

type Stored<T> = readonly [map: Map<string, T>, id: string, before: T]

function only<T>(map: Map<string, T>): Stored<T> {
  const [entry, ...more] = map
  if (entry === undefined || more.length > 0) throw new Error(`there are ${map.size}`)
  return [map, ...entry]
}

function changed<T>([map, id, before]: Stored<T>, after: T): Undo {
  map.set(id, after)
  return () => map.set(id, before)
}

export function anchorWith(change: Partial<StoredAnchor>): Make {
  return ({ aws }) => {
    const stored = only(aws.account.anchors)
    return changed(stored, { ...stored[2], ...change })
  }
}

export function profileWith(change: Partial<StoredProfile>): Make {
  return ({ aws }) => {
    const stored = only(aws.account.profiles)
    return changed(stored, { ...stored[2], ...change })
  }
}

function onlyArn<T extends { readonly arn: string }>(map: Map<string, T>): string {
  return only(map)[2].arn
}

/** Another tag of the trust anchor, or none. */
export function anchorTag(key: string, value: string | undefined): Make {
  return (it) => tagOf(it, key, value)
}

function tagOf({ aws }: WholeSetUp, key: string, value: string | undefined): Undo {
  return tagged(aws.account.tags, onlyArn(aws.account.anchors), key, value)
}

function tagged(
  all: Map<string, Map<string, string>>,
  arn: string,
  key: string,
  value: string | undefined,
): Undo {
  const before = all.get(arn) ?? new Map<string, string>()
  const after = new Map(before)
  if (value === undefined) after.delete(key)
  else after.set(key, value)
  all.set(arn, after)
  return () => all.set(arn, before)
}

/** Words of the tag of the cluster: its namespace, and what its pods use in Vault. */
export function clusterWords(change: {
  readonly namespace?: string
  readonly authMount?: string
  readonly pkiMount?: string
  readonly pkiRole?: string
}): Make {
  return (it) => {
    const { namespace = 'iam-ra-system', authMount = 'kubernetes-prod' } = change
    const { pkiMount = 'pki-prod', pkiRole = 'iam-ra-prod' } = change
    const words = ['vault', namespace, it.vault.url, authMount, pkiMount, pkiRole]
    return tagOf(it, 'iam-ra:cluster/prod', words.join(' '))
  }
}
