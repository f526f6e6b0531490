/**
 * Binds and unbinds: writes the tag, then makes the trust policy match all tags, and reads until it does. IAM merges tags by
 * key, but has no compare-and-set for a policy: a write may undo what another operator has just written. So a run is not done
 * until the policy has everything that the tags have, and a run that finds tags without names waits for other operators. Reads
 * may be seconds old: IAM User Guide, "Changes that I make are not always immediately visible".
 */
import { IamRaError } from '../../errors.ts'
import type { Account } from './account.ts'
import { bindingKey, bindingTag, readBindings, type Binding } from './bindings.ts'
import type { RoleRecord } from './iam.ts'
import { unreadFault } from './installation.ts'
import { isOwned, refuseFault } from './owned.ts'
import { STAGE } from './refusal.ts'
import {
  admissionKey,
  admissionOf,
  admissions,
  policyFor,
  samePolicy,
  type Admission,
  type Owner,
} from './trust-policy.ts'

export interface Settling {
  /** Its name in IAM. */
  readonly role: string
  readonly bind?: readonly Binding[]
  /** As they were when they were read. */
  readonly unbind?: readonly Binding[]
  /**
   * Those to let in too whose tags this run did not write and whom no policy that it has seen let in: the ones that an operator
   * was shown, and no later ones. Who may tag a role must not be able to grant it.
   */
  readonly letIn?: readonly Binding[]
  /** Told what is waited for. */
  readonly onWait?: (what: string) => void
}

export interface Settled {
  readonly role: RoleRecord
  readonly bindings: readonly Binding[]
  /** Other operators' bindings that the policy lacks, and still does. */
  readonly others: readonly Binding[]
  /** Names that the policy admits although no tag has them, not yet for long enough to remove them. */
  readonly untagged: readonly Admission[]
  /** Whether what this run wrote is visible yet. */
  readonly shows: boolean
}

/** For the whole run, and between the two reads in which a name's tag must be missing before the name is removed. */
export const BOUND_MS = 15_000
/** If the policy lacks others' bindings, the read may be old, or their operators may not have written it yet. */
const GRACE_MS = 3000
/** For this long, a policy from before our own write is taken for an old read. */
const SPREAD_MS = 5000
/** Once others were seen at work, everything must be right for this long: their last write may still be on its way. */
const CONFIRM_MS = 3000
const PAUSE_MS = 500

/** @throws IamRaError also if the role has tags that this version cannot parse: nothing is derived from some of the tags */
export async function settle(account: Account, owner: Owner, settling: Settling): Promise<Settled> {
  const { role, bind = [], unbind = [], letIn = [], onWait } = settling
  const { iam, interrupt } = account
  const { clock, random } = account.runtime
  const { installation } = owner
  const keyOf = (one: Pick<Binding, 'cluster' | 'namespace' | 'workload'>): string =>
    bindingKey(installation, one)
  const taken = await writeTags(account, owner, { role, bind, unbind })
  const isTaken = (one: Binding): boolean => taken.some((old) => isSame(installation, old, one))
  const lettingOut = new Set(taken.map((one) => admissionKey(admissionOf(one))))
  const mine = new Set(bind.map(keyOf))
  const unseen = new Map(bind.map((one) => [keyOf(one), one]))
  const trusted = new Set(letIn.map((one) => admissionKey(admissionOf(one))))
  const missingSince = new Map<string, number>()
  const seen: string[] = []
  let startMs: number | undefined
  let wroteMs: number | undefined
  let disturbedMs: number | undefined
  for (;;) {
    const record = await readRole(account, owner, role)
    const nowMs = clock.elapsed()
    startMs ??= nowMs
    const found = bindingsOf(owner, record)
    // An old read may still show what this run has removed.
    const bindings = found.filter((one) => !isTaken(one))
    for (const one of bindings) {
      const own = unseen.get(keyOf(one))
      if (own !== undefined && isSame(installation, own, one)) unseen.delete(keyOf(one))
    }
    const wantedBindings = [...bindings.filter((one) => !unseen.has(keyOf(one))), ...unseen.values()]
    const tagged = new Set(wantedBindings.map((one) => admissionKey(admissionOf(one))))
    const admitted = admissions(owner, record.policy)
    for (const one of admitted) trusted.add(admissionKey(one))
    const untagged = admitted.filter((one) => {
      const key = admissionKey(one)
      if (tagged.has(key)) missingSince.delete(key)
      return !tagged.has(key) && !lettingOut.has(key)
    })
    const kept = untagged.filter((one) => {
      const sinceMs = missingSince.get(admissionKey(one)) ?? nowMs
      missingSince.set(admissionKey(one), sinceMs)
      return nowMs - sinceMs < BOUND_MS
    })
    const mayEnter = (one: Binding): boolean =>
      mine.has(keyOf(one)) || trusted.has(admissionKey(admissionOf(one)))
    const others = wantedBindings.filter((one) => !mayEnter(one))
    const entering = wantedBindings.filter(mayEnter).map(admissionOf)
    const wanted = policyFor(owner, [...entering, ...kept], record.policy)
    if (wanted === undefined) throw unreadable(role)
    const equal = samePolicy(wanted, record.policy)
    // A read that has our tags also has all older ones.
    const hidden = bind.some((own) => !bindings.some((one) => isSame(installation, own, one)))
    // If only what this run writes is missing, no other operator is at work.
    const isOwnDoing = others.length === 0 && kept.length === 0 && wroteMs === undefined
    const shows = equal && unseen.size === 0 && found.length === bindings.length
    const result = { role: record, bindings, others, untagged: kept, shows }
    const pastMs = nowMs - startMs
    const isWhole = shows && others.length === 0 && kept.length === 0
    if (!isWhole && !isOwnDoing) disturbedMs = nowMs
    // If there is nothing to write although this run was started to write, all of it may be an old read.
    const quietMs = disturbedMs ?? (wroteMs === undefined ? startMs : Number.NEGATIVE_INFINITY)
    if (isWhole && nowMs - quietMs >= CONFIRM_MS) return result
    if (shows && pastMs >= BOUND_MS) return result
    if (pastMs >= BOUND_MS + SPREAD_MS) return result
    const isOld = wroteMs !== undefined && nowMs - wroteMs < SPREAD_MS && isAmong(seen, record.policy)
    const isEarly =
      (hidden && pastMs < SPREAD_MS) || (wroteMs === undefined && others.length > 0 && pastMs < GRACE_MS)
    if (!equal && !isOld && !isEarly) {
      if (!isAmong(seen, record.policy)) seen.push(record.policy)
      await iam.setTrustPolicy(role, wanted)
      wroteMs = nowMs
      continue
    }
    onWait?.(waitingFor(result, equal))
    await clock.sleep(PAUSE_MS * (0.5 + random()), interrupt)
  }
}

/** @returns bindings that are gone: removed, or replaced by one with another account, anchor or authority */
async function writeTags(
  account: Account,
  owner: Owner,
  { role, bind, unbind }: Required<Pick<Settling, 'role' | 'bind' | 'unbind'>>,
): Promise<readonly Binding[]> {
  if (bind.length === 0 && unbind.length === 0) return []
  const { installation } = owner
  const record = await readRole(account, owner, role)
  const before = bindingsOf(owner, record)
  // Even if they seem to exist, or to be gone: that may be an old read.
  if (bind.length > 0)
    await account.iam.tagRole(
      role,
      bind.map((one) => bindingTag(installation, one)),
    )
  const going = unbind.map((one) => bindingKey(installation, one))
  // As they are spelled in IAM, which ignores case.
  const spelled = record.tags.map(({ Key }) => Key).filter((key) => going.includes(key.toLowerCase()))
  if (going.length > 0) await account.iam.untagRole(role, [...new Set([...spelled, ...going])])
  const gone = before.filter((one) => {
    const key = bindingKey(installation, one)
    const replacing = bind.find((other) => bindingKey(installation, other) === key)
    return going.includes(key) || (replacing !== undefined && !isSame(installation, replacing, one))
  })
  return [...unbind, ...gone]
}

async function readRole(account: Account, { installation }: Owner, role: string): Promise<RoleRecord> {
  const record = await account.iam.getRole(role)
  if (record === undefined || !isOwned(record.tags, installation)) {
    throw new IamRaError('REFUSED', STAGE, `role ${role} does not exist in installation ${installation}`, {
      hint: 'run iam-ra role list to see the roles',
    })
  }
  refuseFault(`role ${role}`, record.tags)
  return record
}

function bindingsOf({ installation }: Owner, { name, tags }: RoleRecord): readonly Binding[] {
  const { bindings, unread } = readBindings(installation, tags)
  const fault = unreadFault(unread)
  if (fault === undefined) return bindings
  throw new IamRaError('REFUSED', STAGE, `role ${name} ${fault}`, {
    hint: 'use the version of iam-ra that wrote them, or remove them from the role',
  })
}

function isSame(installation: string, one: Binding, other: Binding): boolean {
  const [a, b] = [bindingTag(installation, one), bindingTag(installation, other)]
  return a.Key === b.Key && a.Value === b.Value
}

function isAmong(policies: readonly string[], policy: string): boolean {
  return policies.some((one) => samePolicy(one, policy))
}

function unreadable(role: string): IamRaError {
  return new IamRaError('ANSWER_INVALID', STAGE, `the trust policy of role ${role} is not a JSON object`, {
    hint: `check it with aws iam get-role --role-name ${role}`,
  })
}

function waitingFor({ others, untagged, shows }: Settled, equal: boolean): string {
  if (!equal || !shows) return 'IAM to show the change'
  const names = [
    ...others.map((one) => `${one.namespace}/${one.workload}`),
    ...untagged.map(({ name }) => name),
  ]
  return `other operators to finish with ${names.join(', ')}`
}
