import { setTimeout as delay } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Connection } from '../../src/endpoint/connection.ts'
import { createPlaces, type Places } from '../../src/endpoint/places.ts'

const places = suite('places')

interface Scene {
  readonly places: Places
  /** The names of those that were closed. */
  readonly ended: number[]
  /** One more, which has a place. */
  take(name: number, of?: { address?: string; isOverdue?: () => boolean }): Connection
  /** The time of all that are there to be young in is over. */
  age(): void
  /** Until as many were closed. */
  ends(count: number): Promise<number[]>
}

const YOUNG_MS = 4
/** Time for room to be made, where none is to be. */
const LONG_MS = 10 * YOUNG_MS

function setUp(limits: { connections: number; burst: number; most?: number; checkMs?: number }): Scene {
  const ended: number[] = []
  let nowMs = 0
  const all = createPlaces({ checkMs: 600_000, youngMs: YOUNG_MS, most: Infinity, ...limits }, () => nowMs)
  return {
    places: all,
    ended,
    take(name, { address = '192.0.2.1', isOverdue = () => false } = {}) {
      const one: Connection = {
        address,
        received: () => undefined,
        drained: () => undefined,
        closed: () => all.left(one),
        isOverdue,
        close() {
          ended.push(name)
          all.left(one)
        },
      }
      all.taken(one)
      return one
    },
    age: () => void (nowMs += YOUNG_MS),
    async ends(count) {
      while (ended.length < count) await delay(1)
      return ended
    },
  }
}

/** Ends what is left, so that the file ends. */
function test(
  title: string,
  limits: Parameters<typeof setUp>[0],
  run: (scene: Scene) => Promise<void>,
): void {
  places(title, async () => {
    const scene = setUp(limits)
    try {
      await run(scene)
    } finally {
      scene.places.clear()
    }
  })
}

test('the young have time to ask, whoever else comes', { connections: 2, burst: 3 }, async (scene) => {
  const [first] = [1, 2, 3, 4, 5].map((name) => scene.take(name)) as [Connection]
  await delay(LONG_MS)
  assert.equal(scene.ended, [])
  scene.places.asked(first)
  scene.age()
  assert.equal(await scene.ends(3), [2, 3, 4])
  await delay(LONG_MS)
  assert.equal(scene.ended, [2, 3, 4])
})

test(
  'never more than there are files for, within a turn too',
  { connections: 1, burst: 1, most: 3 },
  (scene) => {
    for (const name of [1, 2, 3]) scene.take(name)
    assert.equal(scene.ended, [])
    scene.take(4)
    scene.take(5, { address: '192.0.2.2' })
    assert.equal(scene.ended, [1, 2, 3])
    return Promise.resolve()
  },
)

test('of many senders the largest go first, level by level', { connections: 1, burst: 2 }, async (scene) => {
  const senders = ['a', 'b', 'b', 'c', 'c', 'c', 'd']
  for (const [name, address] of senders.entries()) scene.take(name, { address })
  assert.equal(await scene.ends(4), [3, 4, 1, 5])
})

test('those who ask without a pause do not end a young one', { connections: 2, burst: 8 }, async (scene) => {
  const [first, second] = [scene.take(1), scene.take(2)]
  scene.age()
  scene.take(3)
  scene.places.asked(first)
  scene.places.asked(second)
  assert.equal(await scene.ends(1), [1])
})

test('beyond the burst the oldest goes, in the next turn', { connections: 2, burst: 1 }, async (scene) => {
  for (const name of [1, 2, 3]) scene.take(name)
  await delay(LONG_MS)
  assert.equal(scene.ended, [])
  for (const name of [4, 5]) scene.take(name)
  assert.equal(scene.ended, [])
  assert.equal(await scene.ends(2), [1, 2])
})

test('those that have their last answer go first', { connections: 2, burst: 8 }, async (scene) => {
  const five = [1, 2, 3, 4, 5].map((name) => scene.take(name)) as [Connection, ...Connection[]]
  for (const name of [4, 1]) scene.places.leaving(five[name] as Connection)
  assert.equal(await scene.ends(2), [5, 2])
  scene.age()
  assert.equal(await scene.ends(3), [5, 2, 1])
})

test('one that left has no place, and is not closed', { connections: 1, burst: 8 }, async (scene) => {
  const first = scene.take(1)
  scene.take(2)
  scene.places.left(first)
  scene.age()
  await delay(LONG_MS)
  assert.equal(scene.ended, [])
})

test(
  'the sender that has the most makes room, whoever came first',
  { connections: 4, burst: 8 },
  async (scene) => {
    scene.take(1, { address: '192.0.2.7' })
    for (const name of [2, 3, 4, 5, 6, 7]) scene.take(name)
    scene.age()
    assert.equal(await scene.ends(3), [2, 3, 4])
    scene.take(8, { address: '192.0.2.8' })
    assert.equal(await scene.ends(4), [2, 3, 4, 5])
  },
)

test('also beyond the burst', { connections: 2, burst: 1 }, async (scene) => {
  scene.take(1, { address: '192.0.2.7' })
  for (const name of [2, 3, 4]) scene.take(name)
  assert.equal(await scene.ends(1), [2])
})

test('the overdue are closed', { connections: 8, burst: 8, checkMs: 1 }, async (scene) => {
  const isOverdue = (): boolean => true
  scene.take(1, { isOverdue })
  scene.take(2)
  scene.places.leaving(scene.take(3, { isOverdue }))
  assert.equal(await scene.ends(2), [3, 1])
})

places.run()
