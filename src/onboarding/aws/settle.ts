/**
 * Binds and unbinds: writes the tag, then makes the trust policy equal to what all tags say, and looks until it is. IAM merges
 * tags by key, but has no compare-and-set for a policy: a write may undo what another operator has just written. So no run is
 * done before the policy has everything that the tags have, and a run that finds more tags than names waits for other operators.
 * Reads may be seconds old: IAM User Guide, "Changes that I make are not always immediately visible".
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
  /** As they were read. */
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
  /** Other operators' bindings that the policy lacks, left as they are. */
  readonly others: readonly Binding[]
  /** Whom the policy lets in and no tag names, since less than the time after which they are dropped. */
  readonly untagged: readonly Admission[]
  /** Whether what this run wrote shows: if not, IAM has not spread it yet. */
  readonly shows: boolean
}

/** For all of it, and between the two reads that a name must be missing in before it is dropped. */
export const BOUND_MS = 15_000
/** That others' bindings are lacking may be an old read, or operators who have not written yet. */
const GRACE_MS = 3000
/** So long a policy that was there before ours was written is taken for an old read. */
const SPREAD_MS = 5000
/** So long nothing may be amiss once others were seen at work: the last of their writes may still be on its way. */
const CONFIRM_MS = 3000
const PAUSE_MS = 500

/** @throws IamRaError also if the role has tags that this version cannot read: nothing is derived from half of them */
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
    // What an old read still shows, though this run has taken it away.
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
    // Tags that are older than ours are in every read that has ours.
    const hidden = bind.some((own) => !bindings.some((one) => isSame(installation, own, one)))
    // That nothing is there yet but for what this run writes is no sign of others.
    const isOwnDoing = others.length === 0 && kept.length === 0 && wroteMs === undefined
    const shows = equal && unseen.size === 0 && found.length === bindings.length
    const result = { role: record, bindings, others, untagged: kept, shows }
    const pastMs = nowMs - startMs
    const isWhole = shows && others.length === 0 && kept.length === 0
    if (!isWhole && !isOwnDoing) disturbedMs = nowMs
    // That there is nothing to write, to who came to write, may be an old read of all of it.
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

/** @returns bindings that are no more: taken away, or replaced by one of another account, anchor or authority */
async function writeTags(
  account: Account,
  owner: Owner,
  { role, bind, unbind }: Required<Pick<Settling, 'role' | 'bind' | 'unbind'>>,
): Promise<readonly Binding[]> {
  if (bind.length === 0 && unbind.length === 0) return []
  const { installation } = owner
  const record = await readRole(account, owner, role)
  const before = bindingsOf(owner, record)
  // Also if they seem to be there, or seem gone: that may be an old read.
  if (bind.length > 0)
    await account.iam.tagRole(
      role,
      bind.map((one) => bindingTag(installation, one)),
    )
  const going = unbind.map((one) => bindingKey(installation, one))
  // As IAM spells them, which ignores case.
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
    throw new IamRaError(
      'REFUSED',
      STAGE,
      `role ${role} of installation ${installation} is not there, or no longer`,
      {
        hint: 'look at what there is: iam-ra role list',
      },
    )
  }
  refuseFault(`role ${role}`, record.tags)
  return record
}

function bindingsOf({ installation }: Owner, { name, tags }: RoleRecord): readonly Binding[] {
  const { bindings, unread } = readBindings(installation, tags)
  const fault = unreadFault(unread)
  if (fault === undefined) return bindings
  throw new IamRaError('REFUSED', STAGE, `role ${name} ${fault}`, {
    hint: 'use the version of iam-ra that wrote them, or remove them: nothing is derived from half of the tags',
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
  return new IamRaError('ANSWER_INVALID', STAGE, `the trust policy of role ${role} is no JSON object`, {
    hint: 'look at it: aws iam get-role --role-name with its name',
  })
}

function waitingFor({ others, untagged, shows }: Settled, equal: boolean): string {
  if (!equal || !shows) return 'IAM to show what was written'
  const names = [
    ...others.map((one) => `${one.namespace}/${one.workload}`),
    ...untagged.map(({ name }) => name),
  ]
  return `other operators to finish with ${names.join(', ')}`
}
