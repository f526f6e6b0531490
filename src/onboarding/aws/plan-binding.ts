/** What binding and unbinding change in a role, and whether there is room for it. */
import { thousands } from '../../text/thousands.ts'
import { IamRaError } from '../../errors.ts'
import { commonName, commonNameFault } from '../names.ts'
import type { Difference } from '../plan/difference.ts'
import type { Account } from './account.ts'
import { bindingKey, bindingTag, tagFault, type Binding } from './bindings.ts'
import type { BoundRole } from './installation.ts'
import { tagValue } from './owned.ts'
import { STAGE, waysOut } from './refusal.ts'
import { MOST_TAGS, roomIn } from './room.ts'
import { settle, type Settling } from './settle.ts'
import type { Plan } from '../plan/step.ts'
import {
  admissionKey,
  admissionOf,
  admissions,
  policyFor,
  policySize,
  type Admission,
  type Owner,
} from './trust-policy.ts'

export interface BindingWishes extends Pick<Settling, 'bind' | 'unbind'> {
  /** Lets in those too whom only a tag names: as the plan shows them. */
  readonly settleOthers?: boolean
  /** The most characters that a trust policy may have in this account. */
  readonly quota: number
}

export function planBinding(account: Account, owner: Owner, role: BoundRole, wishes: BindingWishes): Plan {
  const { bind = [], unbind = [], settleOthers = false, quota } = wishes
  const { installation } = owner
  if (role.fault !== undefined) return { steps: [], notes: [], problems: [`role ${role.name} ${role.fault}`] }
  const keyOf = (one: Pick<Binding, 'cluster' | 'namespace' | 'workload'>): string =>
    bindingKey(installation, one)
  const replacedKeys = [...bind, ...unbind].map(keyOf)
  const rest = role.bindings.filter((one) => !replacedKeys.includes(keyOf(one)))
  const isLacking = (one: Binding): boolean => role.lacking.some((other) => keyOf(other) === keyOf(one))
  const others = settleOthers ? [] : rest.filter(isLacking)
  const after = [...rest.filter((one) => !others.includes(one)), ...bind]
  const wanted = policyFor(owner, after.map(admissionOf), role.policy) ?? role.policy
  const [sizeBefore, size] = [policySize(role.policy), policySize(wanted)]
  const newTags = bind.map((one) => bindingTag(installation, one))
  const tags: Difference[] = [
    ...newTags
      .filter(({ Key, Value }) => tagValue(role.tags, Key) !== Value)
      .map(({ Key, Value }) => {
        const before = tagValue(role.tags, Key)
        return { name: `tag ${Key}`, ...(before === undefined ? {} : { before }), after: Value }
      }),
    ...unbind
      .map((one) => ({ key: keyOf(one), before: tagValue(role.tags, keyOf(one)) }))
      .flatMap(({ key, before }) =>
        before === undefined ? [] : [{ name: `tag ${key}`, before, after: '(removed)' }],
      ),
  ]
  const names = [
    ...(role.altered
      ? [{ name: 'trust policy', before: 'statements changed by hand', after: 'as iam-ra writes them' }]
      : []),
    ...namesChanged(owner, role, wanted),
  ]
  const problems = [
    ...nameFaults(installation, bind),
    ...roomFaults(
      role,
      newTags.map(({ Key }) => Key),
      size,
      quota,
    ),
  ]
  const notes = [
    ...others.map(
      (one) =>
        `${keyOf(one)} is a tag of role ${role.name}, but its trust policy does not admit ${commonName(one)}: anyone who may tag the role could have set it; --settle-others admits it`,
    ),
    ...stillAdmitted(unbind, after),
  ]
  if (tags.length === 0 && names.length === 0) return { steps: [], notes, problems }
  const tagCount = role.tags.length + tags.filter(({ before }) => before === undefined).length - unbind.length
  const more = roomIn(owner, { tagCount, policy: wanted, bindings: after }, quota)
  const differences = [
    ...tags,
    ...names,
    {
      name: 'trust policy',
      before: `${sizeBefore}`,
      after: `${thousands(size)} of ${thousands(quota)} characters; about ${more} more workloads fit`,
    },
  ]
  const step = {
    shown: { verb: 'change' as const, what: `iam role ${role.name}`, differences },
    apply: (onWait?: Settling['onWait']) =>
      applyBinding(account, owner, {
        ...{ bind, unbind },
        ...(onWait === undefined ? {} : { onWait }),
        role: role.name,
        letIn: settleOthers ? rest.filter(isLacking) : [],
      }),
  }
  return { steps: [step], notes, problems }
}

/** A certificate has the name of the account, which workloads may share. */
function stillAdmitted(unbind: readonly Binding[], after: readonly Binding[]): readonly string[] {
  return unbind.flatMap((one) => {
    const key = admissionKey(admissionOf(one))
    const other = after.find((left) => admissionKey(admissionOf(left)) === key)
    if (other === undefined) return []
    return [
      `pods of ${one.namespace}/${one.workload} can still assume the role: they run as service account ${one.account}, as ${other.workload} does, which stays bound`,
    ]
  })
}

/** The names that a trust policy admits from now on, and those that it no longer does. */
function namesChanged(owner: Owner, role: BoundRole, wanted: string): readonly Difference[] {
  const [before, after] = [admissions(owner, role.policy), admissions(owner, wanted)]
  const [keysBefore, keysAfter] = [before.map(admissionKey), after.map(admissionKey)]
  const admitted = after.filter((one) => !keysBefore.includes(admissionKey(one)))
  const dropped = before.filter((one) => !keysAfter.includes(admissionKey(one)))
  // The same name by another CA, or from another trust anchor.
  const isMoved = ({ name }: Admission): boolean =>
    [admitted, dropped].every((some) => some.some((one) => one.name === name))
  const shown = (one: Admission): string => (isMoved(one) ? `${one.name} ${signedBy(one)}` : one.name)
  return [
    ...admitted.map((one) => ({ name: 'trust policy', before: '(nothing)', after: shown(one) })),
    ...dropped.map((one) => ({ name: 'trust policy', before: shown(one), after: '(nothing)' })),
  ]
}

function signedBy({ issuer, anchor }: Admission): string {
  return `(signed by ${issuer === '' ? 'the root' : issuer}, trust anchor ${anchor.region}/${anchor.id})`
}

function nameFaults(installation: string, bind: readonly Binding[]): readonly string[] {
  return bind.flatMap((one) => {
    const tag = bindingTag(installation, one)
    const [named, tagged] = [commonNameFault(one), tagFault(tag)]
    return [
      ...(named === undefined ? [] : [`${one.workload} ${named.wrong}; expected ${named.expected}`]),
      ...(tagged === undefined ? [] : [`the tag ${tag.Key} ${tagged}`]),
    ]
  })
}

function roomFaults(
  role: BoundRole,
  keys: readonly string[],
  size: number,
  quota: number,
): readonly string[] {
  const count = new Set([...role.tags.map(({ Key }) => Key), ...keys].map((key) => key.toLowerCase())).size
  return [
    ...(count > MOST_TAGS
      ? [
          `role ${role.name} would have ${count} tags, and AWS's limit is ${MOST_TAGS}: ${role.bindings.length} are bindings, ${role.tags.length - role.bindings.length} are others; bind further workloads to a second role`,
        ]
      : []),
    ...(size > quota
      ? [
          `the trust policy of role ${role.name} would have ${thousands(size)} characters, and ${thousands(quota)} fit: ${waysOut(quota)}`,
        ]
      : []),
  ]
}

/** If the anchor is gone once the binding is visible, another operator destroyed the installation: the binding is removed again. */
async function applyBinding(account: Account, owner: Owner, settling: Settling): Promise<string> {
  const { role, bind = [], unbind = [] } = settling
  const settled = await settle(account, owner, settling)
  const [first] = bind
  if (first !== undefined && (await account.rolesAnywhere.getAnchor(first.anchor.id)) === undefined) {
    await settle(account, owner, { role, unbind: bind })
    throw new IamRaError(
      'REFUSED',
      STAGE,
      `the trust anchor was deleted while ${first.workload} was being bound, and the binding was removed again`,
      {
        hint: 'ask who destroyed the installation; iam-ra status shows what is left',
      },
    )
  }
  const done = [
    ...bind.map((one) => `${one.namespace}/${one.workload} of cluster ${one.cluster} may assume ${role}`),
    ...unbind.map(
      (one) => `${one.namespace}/${one.workload} of cluster ${one.cluster} may no longer assume ${role}`,
    ),
  ]
  const what = done.length === 0 ? `the trust policy of ${role} matches its tags` : done.join('; ')
  return settled.shows ? what : `${what} (not visible yet: IAM can take some seconds)`
}
