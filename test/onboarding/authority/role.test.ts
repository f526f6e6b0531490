/** Names in an auth role, which Vault writes as a whole: operators at once, and what an operator wrote by hand. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import {
  admit,
  NAMES,
  NAMESPACES,
  planAdmission,
  textsOf,
} from '../../../src/onboarding/authority/vault/role.ts'
import type { Data } from '../../../src/onboarding/vault/difference.ts'
import { seededRandom } from '../../rig/chance.ts'
import { virtualClock } from '../../rig/virtual-clock.ts'
import { memoryVault, type MemoryVault } from './memory-vault.ts'

const PATH = 'auth/kubernetes-prod/role/default'
const ACCOUNTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']

interface Scene {
  readonly vault: MemoryVault
  readonly clock: ReturnType<typeof virtualClock>
  readonly random: () => number
  names(): readonly string[]
  /** All begin within the first moment. */
  admit(...accounts: readonly string[]): Promise<readonly PromiseSettledResult<void>[]>
}

function scene({ seed = 1, wayMs = 150, role }: { seed?: number; wayMs?: number; role?: Data } = {}): Scene {
  const clock = virtualClock()
  const random = seededRandom(seed)
  const vault = memoryVault(role === undefined ? {} : { [PATH]: role }, () => clock.sleep(random() * wayMs))
  return {
    ...{ vault, clock, random },
    names: () => textsOf(vault.found.get(PATH)?.[NAMES]).toSorted(),
    async admit(...accounts) {
      const all = Promise.allSettled(
        accounts.map(async (name) => {
          await clock.sleep(random() * 300)
          const created = { [NAMES]: [name], audience: 'vault' }
          await admit(PATH, { member: NAMES, name }, created, { vault, clock, random })
        }),
      )
      await clock.run()
      return await all
    },
  }
}

const roles = suite('auth roles')

roles('eight operators at once lose no account in fifty rounds', async () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const { admit: all, names, vault } = scene({ seed })
    const ends = await all(...ACCOUNTS)
    assert.equal(names(), ACCOUNTS, `seed ${seed}`)
    assert.ok(
      ends.every(({ status }) => status === 'fulfilled'),
      `seed ${seed}`,
    )
    assert.is(vault.found.get(PATH)?.['audience'], 'vault')
  }
})

roles('nor do they if each call takes seconds', async () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { admit: all, names } = scene({ seed, wayMs: 2000 })
    await all(...ACCOUNTS)
    assert.equal(names(), ACCOUNTS, `seed ${seed}`)
  }
})

roles('those who are there already stay, also if an old write drops them', async () => {
  const { admit: all, names, vault, clock } = scene({ role: { [NAMES]: ['old'] } })
  void clock.sleep(1000).then(() => vault.found.set(PATH, { [NAMES]: ['late'] }))
  await all('a')
  assert.equal(names(), ['a', 'late', 'old'])
})

roles('a role for all accounts is left as it is', async () => {
  const { admit: all, names, vault } = scene({ role: { [NAMES]: ['*'] } })
  await all('a')
  assert.equal(names(), ['*'])
  assert.equal(vault.asked, [`read ${PATH}`])
})

roles('only the names of a role are written', async () => {
  const role = { [NAMES]: ['old'], audience: 'mine', token_ttl: 60 }
  const { admit: all, vault } = scene({ role })
  await all('a')
  assert.equal(vault.found.get(PATH), { ...role, [NAMES]: ['old', 'a'] })
})

roles('an operator whom something else undoes again and again gives up, and says so', async () => {
  const { admit: all, vault } = scene()
  const write = vault.write.bind(vault)
  vault.write = async (path) => await write(path, { [NAMES]: [] })
  const [end] = await all('a')
  const error = end?.status === 'rejected' ? (end.reason as unknown) : undefined
  assert.instance(error, IamRaError)
  const { message, stage } = error as IamRaError
  assert.is(stage, 'identity')
  assert.match(
    message,
    /^auth\/kubernetes-prod\/role\/default was given a 30 times, and something else removed it again$/,
  )
})

roles('an interrupt ends the wait', async () => {
  const { vault, clock, random } = scene()
  const stop = new AbortController()
  const reason = new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 2 })
  void clock.sleep(500).then(() => stop.abort(reason))
  const admitting = { vault, clock, random, signal: stop.signal }
  const end = admit(PATH, { member: NAMES, name: 'a' }, {}, admitting).catch((error: unknown) => error)
  await clock.run()
  assert.is(await end, reason)
})

roles('a plan shows what is added, and nothing for those who are admitted', () => {
  const { vault, clock, random } = scene()
  const plan = (role: Data | undefined, name = 'a', member: typeof NAMES | typeof NAMESPACES = NAMES) =>
    planAdmission(PATH, { member, name }, { [member]: [name] }, role, { vault, clock, random }).map(
      ({ shown }) => shown,
    )
  const added = [{ name: NAMES, before: '[]', after: '["a"]' }]
  assert.equal(plan({ [NAMES]: ['b'] }), [{ verb: 'change', what: PATH, differences: added }])
  const created = [{ name: NAMES, after: '["a"]' }]
  assert.equal(plan(undefined), [{ verb: 'create', what: PATH, differences: created }])
  assert.equal(plan({ [NAMES]: ['b', 'a'] }), [])
  assert.equal(plan({ [NAMES]: ['*'] }), [])
  assert.equal(plan({ [NAMESPACES]: ['shop'] }, 'shop', NAMESPACES), [])
})

roles.run()
