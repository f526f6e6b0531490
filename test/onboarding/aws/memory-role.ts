/** One IAM role in memory: calls take virtual time on their way in and out, and reads may be old, tags and policy each by itself. */
import type { Account } from '../../../src/onboarding/aws/account.ts'
import type { Tag } from '../../../src/onboarding/aws/bindings.ts'
import type { RoleRecord } from '../../../src/onboarding/aws/iam.ts'
import { ownTags, ROLE } from '../../../src/onboarding/aws/owned.ts'
import { derivePolicy, type Owner } from '../../../src/onboarding/aws/trust-policy.ts'
import type { VirtualClock } from '../../rig/virtual-clock.ts'

export const OWNER: Owner = { installation: 'default', partition: 'aws', account: '111122223333' }

export interface MemoryRole {
  readonly account: Account
  /** As it is now. */
  now(): RoleRecord
  /** Past everything. */
  set(change: Partial<Pick<RoleRecord, 'tags' | 'policy'>>): void
  count(action: string): number
  /** Every trust policy that it had, from the first. */
  policies(): readonly string[]
  /** Milliseconds that a read may be old. */
  staleMs: number
  /** The longest way of a call, there or back. */
  wayMs: number
}

export function memoryRole(clock: VirtualClock, random: () => number): MemoryRole {
  const first: RoleRecord = {
    ...{ name: 'iam-ra-admin', path: '/iam-ra/default/', maxSessionSeconds: 3600, boundary: undefined },
    arn: 'arn:aws:iam::111122223333:role/iam-ra/default/iam-ra-admin',
    tags: ownTags('default', { [ROLE]: 'admin' }),
    policy: derivePolicy(OWNER, [], undefined) ?? '',
  }
  const versions: { readonly atMs: number; readonly role: RoleRecord }[] = [{ atMs: -1e9, role: first }]
  const calls: string[] = []
  const now = (): RoleRecord => versions.at(-1)?.role ?? first
  const asOf = (ms: number): RoleRecord => versions.findLast(({ atMs }) => atMs <= ms)?.role ?? first
  const set = (change: Partial<RoleRecord>): void => {
    versions.push({ atMs: clock.elapsed(), role: { ...now(), ...change } })
  }
  const call = async <T>(action: string, run: () => T): Promise<T> => {
    calls.push(action)
    await clock.sleep(random() * memory.wayMs)
    const result = run()
    await clock.sleep(random() * memory.wayMs)
    return result
  }
  const iam = {
    getRole: () =>
      call('GetRole', () => {
        const [tags, policy] = [0, 1].map(() => asOf(clock.elapsed() - random() * memory.staleMs))
        return { ...now(), tags: tags?.tags ?? [], policy: policy?.policy ?? '' }
      }),
    tagRole: (_name: string, tags: readonly Tag[]) =>
      call('TagRole', () => {
        const keys = tags.map(({ Key }) => Key)
        set({ tags: [...now().tags.filter(({ Key }) => !keys.includes(Key)), ...tags] })
      }),
    untagRole: (_name: string, keys: readonly string[]) =>
      call('UntagRole', () => set({ tags: now().tags.filter(({ Key }) => !keys.includes(Key)) })),
    setTrustPolicy: (_name: string, policy: string) => call('UpdateAssumeRolePolicy', () => set({ policy })),
  }
  const account = { iam, runtime: { clock, random }, interrupt: new AbortController().signal }
  const memory: MemoryRole = {
    ...{ now, set, staleMs: 0, wayMs: 100 },
    account: account as unknown as Account,
    policies: () => versions.map(({ role }) => role.policy),
    count: (action) => calls.filter((one) => one === action).length,
  }
  return memory
}
