import { setImmediate as turn } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Connection } from '../../src/endpoint/connection.ts'
import { createPlaces, type Places } from '../../src/endpoint/places.ts'

const places = suite('places')

interface Named extends Connection {
  readonly name: number
}

function setUp(limits: { connections: number; burst: number; checkMs?: number }): {
  places: Places
  /** The names of those that were closed. */
  ended: number[]
  make(name: number, isOverdue?: () => boolean): Named
} {
  const ended: number[] = []
  const all = createPlaces({ checkMs: 600_000, ...limits })
  const make = (name: number, isOverdue = (): boolean => false): Named => {
    const one: Named = {
      name,
      received: () => undefined,
      drained: () => undefined,
      closed: () => all.left(one),
      isOverdue,
      close() {
        ended.push(name)
        all.left(one)
      },
    }
    return one
  }
  return { places: all, ended, make }
}

/** As many turns of the loop as room takes to be made, and some more. */
const turns = async (): Promise<void> => {
  for (let count = 0; count < 5; count += 1) await turn()
}

places('those of one turn all have a place until the loop has read once', async () => {
  const { places: all, ended, make } = setUp({ connections: 2, burst: 3 })
  const five = [1, 2, 3, 4, 5].map((name) => make(name))
  assert.ok(five.every((one) => all.taken(one)))
  await turn()
  assert.equal(ended, [])
  // The first one asked meanwhile.
  all.asked(five[0] as Named)
  await turns()
  assert.equal(ended, [2, 3, 4])
  all.clear()
})

places('nothing is taken beyond the burst', async () => {
  const { places: all, ended, make } = setUp({ connections: 2, burst: 1 })
  assert.equal(
    [1, 2, 3, 4].map((name) => all.taken(make(name))),
    [true, true, true, false],
  )
  await turns()
  assert.equal(ended, [1])
  assert.ok(all.taken(make(5)))
  all.clear()
})

places('those that have their last answer make room first, in their order', async () => {
  const { places: all, ended, make } = setUp({ connections: 2, burst: 8 })
  const five = [1, 2, 3, 4, 5].map((name) => make(name))
  for (const one of five) all.taken(one)
  all.leaving(five[4] as Named)
  all.leaving(five[1] as Named)
  await turns()
  assert.equal(ended, [5, 2, 1])
  all.clear()
})

places('one that left has no place, and is not closed again', async () => {
  const { places: all, ended, make } = setUp({ connections: 1, burst: 8 })
  const [first, second] = [make(1), make(2)]
  all.taken(first)
  all.taken(second)
  all.left(first)
  await turns()
  assert.equal(ended, [])
  all.clear()
  assert.equal(ended, [2])
})

places('the overdue are closed, wherever they stand', async () => {
  const { places: all, ended, make } = setUp({ connections: 8, burst: 8, checkMs: 1 })
  const [first, second, third] = [make(1, () => true), make(2), make(3, () => true)]
  for (const one of [first, second, third]) all.taken(one)
  all.leaving(third)
  while (ended.length < 2) await turn()
  assert.equal(ended, [3, 1])
  all.clear()
})

places.run()
