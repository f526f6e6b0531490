/** Keys that Vault leases: the lease is renewed first, and ended only when nobody can hold its keys any more. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import type { Lease, SessionCredentials } from '../../src/credentials.ts'
import { AWAY, HOUR, MINUTE, obtained, SECOND, stage, type Scene } from './refresher-scene.ts'

interface TrackedLease extends Lease {
  readonly events: readonly string[]
}

/** @param renew what the nth renewal gives; a number is the life of the same keys from then on */
function lease(scene: () => Scene, number: number, renew: (nth: number) => number | undefined): TrackedLease {
  const events: string[] = []
  let renewals = 0
  return {
    events,
    renew: async (): Promise<SessionCredentials | undefined> => {
      events.push('renew')
      const lifeMs = renew((renewals += 1))
      return lifeMs === undefined ? undefined : obtained(scene(), number, lifeMs).credentials
    },
    end: async () => {
      events.push('end')
    },
  }
}

const leases = suite('leases')

leases('are renewed as long as Vault gives time, with the same keys', async () => {
  const only = lease(
    () => scene,
    1,
    () => HOUR,
  )
  const scene: Scene = stage({ obtain: (run) => obtained(scene, run, HOUR, only) })
  scene.start()
  await scene.clock.pass(100 * MINUTE)
  assert.equal([scene.begun, only.events], [[0], ['renew', 'renew', 'renew']])
  assert.is(scene.refresher.current()?.expiresAtMs, scene.clock.now() + 50 * MINUTE)
  assert.is(scene.refresher.status().succeeded, 4)
  await scene.stop()
  assert.equal(only.events, ['renew', 'renew', 'renew', 'end'])
})

for (const [why, refusal] of [
  ['gives no more time', undefined],
  [
    'refuses to',
    new IamRaError('REFUSED', 'exchange', 'Vault refused to renew the lease', { hint: 'policy' }),
  ],
] as const) {
  leases(`make way for new keys where Vault ${why}, and the old live on to their end`, async () => {
    const made: TrackedLease[] = []
    const scene: Scene = stage({
      obtain: (run) => {
        const own = lease(
          () => scene,
          run,
          () => {
            if (refusal !== undefined) throw refusal
            return undefined
          },
        )
        made.push(own)
        return obtained(scene, run, HOUR, own)
      },
    })
    scene.start()
    await scene.clock.pass(30 * MINUTE)
    assert.is(scene.refresher.current()?.accessKeyId, 'key-2')
    assert.equal(
      scene.logger.messages('warn'),
      refusal === undefined
        ? []
        : ['the lease was not renewed, so new keys were created: Vault refused to renew the lease'],
    )
    await scene.clock.pass(30 * MINUTE - 1)
    assert.equal(made[0]?.events, ['renew'])
    await scene.clock.pass(30 * SECOND)
    assert.equal(made[0]?.events, ['renew', 'end'])
    assert.equal(made[1]?.events, ['renew'])
    await scene.stop()
    assert.equal(
      made.map(({ events }) => events.filter((event) => event === 'end').length),
      [1, 1, 1],
    )
  })
}

leases('are not replaced when time ran out: nothing of it is left for new keys', async () => {
  const only = lease(
    () => scene,
    1,
    (nth) => {
      if (nth === 1) throw new IamRaError('DEADLINE', 'exchange', 'no time left', { cause: AWAY })
      return HOUR
    },
  )
  const scene: Scene = stage({ obtain: (run) => obtained(scene, run, HOUR, only) })
  scene.start()
  await scene.clock.pass(35 * MINUTE)
  assert.equal([scene.begun, only.events], [[0], ['renew', 'renew']])
  assert.equal([scene.refresher.status().succeeded, scene.refresher.status().failed], [2, 1])
  await scene.stop()
})

leases('give way to new keys when a renewal was asked for, without being ended', async () => {
  const made: TrackedLease[] = []
  const scene: Scene = stage({
    obtain: (run) => {
      const own = lease(
        () => scene,
        run,
        () => HOUR,
      )
      made.push(own)
      return obtained(scene, run, HOUR, own)
    },
  })
  scene.start()
  await scene.clock.pass(MINUTE)
  scene.refresher.renewNow()
  await scene.clock.pass(MINUTE)
  assert.equal(
    made.map(({ events }) => events),
    [[], []],
  )
  await scene.stop()
  assert.equal(
    made.map(({ events }) => events),
    [['end'], ['end']],
  )
})

leases('go on being renewed where the keys asked for in their place are refused', async () => {
  const only = lease(
    () => scene,
    1,
    () => HOUR,
  )
  const refused = new IamRaError('REFUSED', 'exchange', 'Vault refused the keys', { status: 403 })
  const scene: Scene = stage({
    obtain: (run) => {
      if (run > 1) throw refused
      return obtained(scene, run, HOUR, only)
    },
  })
  scene.start()
  await scene.clock.pass(5 * MINUTE)
  scene.refresher.renewNow()
  await scene.clock.pass(SECOND)
  assert.is(scene.refresher.status().failure, refused)
  for (let minutes = 5; minutes < 180; minutes += 1) {
    assert.is(scene.refresher.current()?.accessKeyId, 'key-1', `after ${minutes} min`)
    await scene.clock.pass(MINUTE)
  }
  assert.equal(
    scene.begun.map((ms) => ms / MINUTE),
    [0, 5],
  )
  assert.equal([...new Set(only.events)], ['renew'])
  assert.is(scene.refresher.status().failure, undefined)
  assert.is(scene.refresher.status().failed, 1)
  await scene.stop()
})

leases('that a clock set ahead declares dead are left alone: apps may hold their keys', async () => {
  const made: TrackedLease[] = []
  const scene: Scene = stage({
    obtain: (run) => {
      const own = lease(
        () => scene,
        run,
        () => undefined,
      )
      made.push(own)
      return obtained(scene, run, HOUR, own)
    },
  })
  scene.start()
  await scene.clock.pass(MINUTE)
  scene.clock.jump(9 * HOUR)
  await scene.clock.pass(10 * MINUTE)
  assert.is(made.length, 2)
  assert.equal(made[0]?.events, [])
  await scene.stop()
})

leases('that nobody renewed in time are ended, and new keys asked for without trying them', async () => {
  let isAway = false
  const only = lease(
    () => scene,
    1,
    () => {
      throw new IamRaError('DEADLINE', 'exchange', 'no time left', { cause: AWAY })
    },
  )
  const scene: Scene = stage({
    obtain: (run) => {
      if (isAway) throw AWAY
      return obtained(scene, run, HOUR, run === 1 ? only : undefined)
    },
  })
  scene.start()
  await scene.clock.pass(MINUTE)
  isAway = true
  await scene.clock.pass(61 * MINUTE)
  const { length } = only.events
  assert.is(only.events.filter((event) => event === 'end').length, 1)
  isAway = false
  await scene.clock.pass(2 * MINUTE)
  assert.ok(scene.refresher.current() !== undefined)
  assert.is(only.events.length, length)
  await scene.stop()
})

leases('are ended at the stop, also one whose keys could not be stored', async () => {
  const only = lease(
    () => scene,
    1,
    () => HOUR,
  )
  const scene: Scene = stage({
    obtain: (run) => obtained(scene, run, HOUR, only),
    store: () => {
      throw new IamRaError('FILE', 'sink', 'cannot write the file')
    },
  })
  scene.start()
  await scene.clock.pass(MINUTE)
  assert.equal(only.events, [])
  await scene.stop()
  assert.equal(only.events, ['end'])
})

leases.run()
