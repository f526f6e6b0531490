/** An installation as it is in AWS: trust anchor, clusters, and roles with their bindings and profiles. There is no other state. */
import { anchorName, profileName, rolePath } from '../names.ts'
import type { Account } from './account.ts'
import { readBindings, type Binding, type Tag } from './bindings.ts'
import type { RoleRecord } from './iam.ts'
import { byAge } from './only-one.ts'
import { isOwned, ownedFault, readClusters, refuseFault, ROLE, tagValue, type Cluster } from './owned.ts'
import type { AnchorRecord, ProfileRecord } from './roles-anywhere.ts'
import {
  admissionKey,
  admissionOf,
  admissions,
  isAltered,
  type Admission,
  type Owner,
} from './trust-policy.ts'

export interface Anchor extends AnchorRecord {
  readonly tags: readonly Tag[]
}

export interface BoundRole extends RoleRecord {
  /** What the operator calls it. */
  readonly role: string
  readonly bindings: readonly Binding[]
  /** Bindings that the trust policy lacks. */
  readonly lacking: readonly Binding[]
  /** What the trust policy admits although no tag has it. */
  readonly untagged: readonly Admission[]
  /** Whether someone changed our statements of the trust policy by hand. */
  readonly altered: boolean
  /** Its own: those with the right name that list the role. More than one after a call whose answer was lost. */
  readonly profiles: readonly ProfileRecord[]
  /** Why it cannot be changed, in words that follow its name. */
  readonly fault: string | undefined
}

/** A workload and one of its roles; it has more than one only after a run that was stopped. */
export interface Bound {
  readonly role: BoundRole
  readonly binding: Binding
}

export interface Installation {
  readonly name: string
  readonly owner: Owner
  readonly anchor: Anchor | undefined
  /** Further ones of the installation, created by a call whose answer was lost. */
  readonly doubles: readonly Anchor[]
  /** Anchors that have its name but not its tags. */
  readonly strangers: readonly Anchor[]
  readonly clusters: readonly Cluster[]
  readonly roles: readonly BoundRole[]
}

export function ownerOf(account: Account, installation: string): Owner {
  return { installation, partition: account.partition, account: account.id }
}

/**
 * Makes two list calls to Roles Anywhere and one for the tags of each anchor with the name, lists the roles, and reads each.
 * @throws IamRaError if AWS refuses, or if another version created the anchor
 */
export async function readInstallation(account: Account, name: string): Promise<Installation> {
  const owner = ownerOf(account, name)
  const [anchors, profiles, roles] = await Promise.all([
    readAnchors(account, name),
    account.rolesAnywhere.listProfiles(),
    readRoles(account, name),
  ])
  const [anchor, ...doubles] = ownAnchors(anchors, name)
  if (anchor !== undefined) refuseFault(`trust anchor ${anchor.name}`, anchor.tags)
  return {
    ...{ name, owner, anchor, doubles },
    strangers: anchors.filter(({ tags }) => !isOwned(tags, name)),
    clusters: anchor === undefined ? [] : readClusters(anchor.tags),
    roles: roles.map((record) => boundRole(owner, record, profiles)),
  }
}

export async function readAnchors(account: Account, installation: string): Promise<readonly Anchor[]> {
  const all = await account.rolesAnywhere.listAnchors()
  const named = all.filter(({ name }) => name === anchorName(installation))
  return Promise.all(named.map(async (one) => ({ ...one, tags: await account.rolesAnywhere.tags(one.arn) })))
}

/** The installation's own. The first one is the one that is used; the others are doubles. */
export function ownAnchors(anchors: readonly Anchor[], installation: string): readonly Anchor[] {
  return anchors.filter(({ tags }) => isOwned(tags, installation)).toSorted(byUse)
}

/** Those that clusters use first, then the oldest: every run must choose the same one. */
function byUse(a: Anchor, b: Anchor): number {
  const clusters = readClusters(b.tags).length - readClusters(a.tags).length
  return clusters === 0 ? byAge(a, b) : clusters
}

/** IAM does not throttle this many calls at once. */
const AT_ONCE = 8

async function readRoles(account: Account, installation: string): Promise<readonly RoleRecord[]> {
  const left = [...(await account.iam.listRoles(rolePath(installation)))]
  const found: RoleRecord[] = []
  const work = async (): Promise<void> => {
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const role = await account.iam.getRole(name)
      if (role !== undefined && isOwned(role.tags, installation)) found.push(role)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function boundRole(owner: Owner, record: RoleRecord, profiles: readonly ProfileRecord[]): BoundRole {
  const { installation } = owner
  const role = tagValue(record.tags, ROLE) ?? record.name
  const { bindings, unread } = readBindings(installation, record.tags)
  const admitted = admissions(owner, record.policy)
  const [inPolicy, inTags] = [
    admitted.map(admissionKey),
    bindings.map((one) => admissionKey(admissionOf(one))),
  ]
  return {
    ...{ ...record, role, bindings },
    lacking: bindings.filter((one) => !inPolicy.includes(admissionKey(admissionOf(one)))),
    untagged: admitted.filter((one) => !inTags.includes(admissionKey(one))),
    altered: isAltered(owner, record.policy),
    profiles: profiles
      .filter((one) => one.name === profileName(installation, role) && one.roleArns.includes(record.arn))
      .toSorted(byAge),
    fault: ownedFault(record.tags)?.wrong ?? unreadFault(unread),
  }
}

export function unreadFault(unread: readonly string[]): string | undefined {
  return unread.length === 0 ? undefined : `has tags that this version cannot read: ${unread.join(', ')}`
}
