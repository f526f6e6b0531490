/** Tags first, then the policy that follows from them: operators at once, old reads, killed runs, and tags that nobody may trust. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bindingTag, type Binding } from '../../../src/onboarding/aws/bindings.ts'
import { settle, type Settled, type Settling } from '../../../src/onboarding/aws/settle.ts'
import { admittedNames } from './admitted-names.ts'
import { derivePolicy } from '../../../src/onboarding/aws/trust-policy.ts'
import { commonName } from '../../../src/onboarding/names.ts'
import { IamRaError } from '../../../src/errors.ts'
import { seededRandom } from '../../rig/chance.ts'
import { virtualClock } from '../../rig/virtual-clock.ts'
import { memoryRole, OWNER, type MemoryRole } from './memory-role.ts'

const ANCHOR = { region: 'eu-central-1', id: '8f9a2b1c-1234-5678-9abc-def012345678' }

function workload(name: string, more: Partial<Binding> = {}): Binding {
  return {
    cluster: 'prod',
    namespace: 'default',
    workload: name,
    account: name,
    anchor: ANCHOR,
    issuer: '',
    ...more,
  }
}

interface Scene extends MemoryRole {
  /** Each at a moment; lets time pass until all are done. */
  run(
    ...settlings: readonly (Omit<Settling, 'role'> & { readonly atMs?: number })[]
  ): Promise<readonly Settled[]>
  elapsed(): number
  names(): readonly string[]
}

function scene(seed = 1): Scene {
  const clock = virtualClock()
  const random = seededRandom(seed)
  const memory = memoryRole(clock, random)
  return Object.assign(memory, {
    elapsed: () => clock.elapsed(),
    names: () => admittedNames(OWNER, memory.now().policy).toSorted(),
    run: async (...settlings: readonly (Omit<Settling, 'role'> & { readonly atMs?: number })[]) => {
      const all = Promise.allSettled(
        settlings.map(async ({ atMs = 0, ...one }) => {
          await clock.sleep(atMs)
          return settle(memory.account, OWNER, { role: 'iam-ra-admin', ...one })
        }),
      )
      await clock.run()
      return (await all).map((one) => {
        if (one.status === 'rejected') throw one.reason
        return one.value
      })
    },
  })
}

/** A role that some are bound to already. */
function bound(one: Scene, ...bindings: readonly Binding[]): Scene {
  const tags = [...one.now().tags, ...bindings.map((binding) => bindingTag('default', binding))]
  one.set({ tags, policy: derivePolicy(OWNER, bindings, one.now().policy) ?? '' })
  return one
}

const cnOf = (...names: readonly string[]): readonly string[] =>
  names.map((name) => commonName(workload(name)))

const settling = suite('settling')

settling('binds by a tag, a policy and a second look, and unbinds so', async () => {
  const one = scene()
  const [settled] = await one.run({ bind: [workload('a')] })
  assert.equal(one.names(), cnOf('a'))
  assert.is(settled?.shows, true)
  assert.equal(['TagRole', 'UpdateAssumeRolePolicy', 'GetRole'].map(one.count), [1, 1, 3])
  await one.run({ unbind: [workload('a')] })
  assert.equal(one.names(), [])
  assert.ok(one.now().policy.includes('"Deny"'))
  assert.ok(one.elapsed() < 2000)
  await one.run({ unbind: [workload('a')] })
  assert.is(one.count('UpdateAssumeRolePolicy'), 2)
  assert.ok(one.elapsed() > 3000, 'that there is nothing to do may be an old read')
})

settling('loses none of eight who bind at once, whatever the order of their calls', async () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const one = scene(seed)
    one.wayMs = 400
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    await one.run(...names.map((name, index) => ({ bind: [workload(name)], atMs: index * (seed % 7) * 50 })))
    assert.equal(one.names(), cnOf(...names), `seed ${seed}`)
  }
})

settling('loses none and keeps none where some bind and others unbind', async () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const one = bound(scene(seed), ...['a', 'b', 'c', 'd'].map((name) => workload(name)))
    one.wayMs = 400
    await one.run(
      ...['a', 'b', 'c'].map((name) => ({ unbind: [workload(name)] })),
      ...['e', 'f', 'g'].map((name) => ({ bind: [workload(name)] })),
    )
    assert.equal(one.names(), cnOf('d', 'e', 'f', 'g'), `seed ${seed}`)
  }
})

settling('with old reads loses no tag, and whoever is told to settle finds all of them', async () => {
  let whole = 0
  for (let seed = 1; seed <= 100; seed += 1) {
    const one = scene(seed)
    Object.assign(one, { wayMs: 200, staleMs: 2500 })
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
    await one.run(...names.map((name, index) => ({ bind: [workload(name)], atMs: index * (seed % 5) * 300 })))
    if (one.names().length === names.length) whole += 1
    await one.run({ letIn: names.map((name) => workload(name)), atMs: 5000 })
    assert.equal(one.names(), cnOf(...names), `seed ${seed}`)
  }
  assert.ok(whole >= 95, `${whole} of 100 needed nobody`)
})

settling('with old reads keeps a name that was bound just before', async () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const one = scene(seed)
    one.staleMs = 2500
    await one.run({ bind: [workload('a')] })
    await one.run({ bind: [workload('b')] })
    assert.equal(one.names(), cnOf('a', 'b'), `seed ${seed}`)
  }
})

settling('with old reads never lets in again whom it has just let out', async () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const one = bound(scene(seed), workload('a'), workload('b'))
    one.staleMs = 2500
    const before = one.policies().length
    await one.run({ unbind: [workload('a')] })
    assert.equal(one.names(), cnOf('b'))
    const admitted = one
      .policies()
      .slice(before)
      .map((policy) => admittedNames(OWNER, policy).includes('a.default.prod'))
    // The tag goes in a version of its own, before the policy.
    assert.equal(admitted.lastIndexOf(true), 0, `seed ${seed}`)
  }
})

settling('binds though its tag does not show, and says that it does not', async () => {
  const one = scene()
  const { iam } = one.account
  const { getRole } = iam
  const { tags } = one.now()
  iam.getRole = async (name) => {
    const role = await getRole(name)
    return role === undefined ? undefined : { ...role, tags }
  }
  const [settled] = await one.run({ bind: [workload('a')] })
  assert.equal(one.names(), cnOf('a'))
  assert.is(settled?.shows, false)
})

settling('lets nobody in by a tag alone, says so, and does it when told', async () => {
  const one = bound(scene(), workload('a'))
  one.set({ tags: [...one.now().tags, bindingTag('default', workload('mallory'))] })
  const [settled] = await one.run({ bind: [workload('b')] })
  assert.equal(one.names(), cnOf('a', 'b'))
  assert.equal(settled?.others, [workload('mallory')])
  one.set({ tags: [...one.now().tags, bindingTag('default', workload('late'))] })
  const [told] = await one.run({ letIn: [workload('mallory')] })
  assert.equal(one.names(), cnOf('a', 'b', 'mallory'))
  assert.equal(told?.others, [workload('late')])
})

settling(
  'lets nobody in by a changed tag: another account, or an authority that is not asked for',
  async () => {
    for (const more of [{ account: 'mallory' }, { issuer: 'mallory' }]) {
      const one = bound(scene(), workload('a', { issuer: 'Pods' }))
      const { policy, tags } = one.now()
      const changed = bindingTag('default', workload('a', { issuer: 'Pods', ...more }))
      one.set({ tags: tags.map((tag) => (tag.Key === changed.Key ? changed : tag)) })
      const [settled] = await one.run({})
      assert.equal(settled?.others.length, 1)
      assert.is.not(policy, one.now().policy, 'the old name is dropped after a while')
      assert.equal(one.names(), [])
    }
  },
)

settling('drops a name whose tag is gone after 15 s and no earlier', async () => {
  const one = bound(scene(), workload('a'), workload('b'))
  one.set({ tags: one.now().tags.filter(({ Key }) => !Key.endsWith('/a')) })
  await one.run({ bind: [workload('c')] })
  assert.equal(one.names(), cnOf('b', 'c'))
  assert.ok(one.elapsed() >= 15_000)
  const back = bound(scene(), workload('a'))
  const { tags } = back.now()
  back.set({ tags: tags.filter(({ Key }) => !Key.endsWith('/a')) })
  const running = back.run({ bind: [workload('c')] }, { bind: [workload('a')], atMs: 10_000 })
  await running
  assert.equal(back.names(), cnOf('a', 'c'))
  assert.is(admittedNames(OWNER, back.now().policy).includes(cnOf('a')[0] ?? ''), true)
})

settling('goes on from what a killed run left', async () => {
  const half = scene()
  half.set({ tags: [...half.now().tags, bindingTag('default', workload('a'))] })
  await half.run({ bind: [workload('a')] })
  assert.equal(half.names(), cnOf('a'))
})

settling('changes an account at once', async () => {
  const one = bound(scene(), workload('a'), workload('b'))
  await one.run({ bind: [workload('a', { account: 'other' })] })
  assert.equal(one.names(), ['b.default.prod', 'other.default.prod'])
  assert.ok(one.elapsed() < 2000)
})

settling('keeps a name that another workload has too', async () => {
  const one = bound(scene(), workload('a'), workload('b', { account: 'a' }))
  await one.run({ unbind: [workload('b')] })
  assert.equal(one.names(), cnOf('a'))
})

settling('refuses a role whose tags it cannot read whole, before it writes', async () => {
  for (const [tag, words] of [
    [{ Key: 'iam-ra:default:workload/x', Value: 'new form' }, /cannot read: iam-ra:default:workload\/x/],
    [{ Key: 'iam-ra:schema', Value: '2' }, /was created by another version of iam-ra/],
    [{ Key: 'aws:cloudformation:stack-name', Value: 'pods' }, /CloudFormation stack pods/],
  ] as const) {
    const one = scene()
    one.set({ tags: [...one.now().tags.filter(({ Key }) => Key !== tag.Key), tag] })
    try {
      await one.run({ bind: [workload('a')] })
      assert.unreachable()
    } catch (error) {
      assert.instance(error, IamRaError)
      assert.match((error as IamRaError).message, words)
    }
    assert.is(one.count('TagRole') + one.count('UpdateAssumeRolePolicy'), 0)
  }
})

settling('says that IAM does not show it, where it never does', async () => {
  const one = scene()
  one.staleMs = 0
  const { policy } = one.now()
  // A policy that nobody can change: every read is the first.
  one.account.iam.setTrustPolicy = async () => one.set({ policy })
  const waits = new Set<string>()
  const [settled] = await one.run({ bind: [workload('a')], onWait: (what) => waits.add(what) })
  assert.is(settled?.shows, false)
  assert.equal([...waits], ['IAM to show the change'])
  assert.ok(one.elapsed() >= 15_000 && one.elapsed() < 22_000)
})

settling.run()
