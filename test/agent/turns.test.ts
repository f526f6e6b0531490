import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createRates } from '../../src/agent/rates.ts'
import { createTurns } from '../../src/agent/turns.ts'

async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

interface Work {
  readonly name: string
  end(error?: Error): void
}

function line(limits: Parameters<typeof createTurns>[0]): {
  readonly begun: Work[]
  join(group: string, name: string): Promise<string> | undefined
} {
  const turns = createTurns(limits)
  const begun: Work[] = []
  return {
    begun,
    join: (group, name) =>
      turns.take(
        group,
        () =>
          new Promise((resolve, reject) => {
            begun.push({ name, end: (error) => (error === undefined ? resolve(name) : reject(error)) })
          }),
      ),
  }
}

const LIMITS = { atOnce: 3, ofGroup: 2, waitingOfGroup: 3, waiting: 4 }

const turns = suite('agent: turns')

turns('a group has no more than its own, even if there is room', async () => {
  const { begun, join } = line(LIMITS)
  for (const name of ['a1', 'a2', 'a3', 'a4']) void join('a', name)
  assert.is(begun.length, 2)
  begun[0]?.end()
  await settled()
  assert.equal(
    begun.map(({ name }) => name),
    ['a1', 'a2', 'a3'],
  )
})

turns('who finds no room to wait is told at once', () => {
  const { join } = line(LIMITS)
  for (let number = 0; number < 5; number += 1) assert.ok(join('a', 'a'))
  assert.is(join('a', 'a'), undefined)
  assert.ok(join('b', 'b'))
  assert.ok(join('b', 'b'))
  assert.is(join('c', 'c'), undefined)
})

turns('a failure is its own, and makes room', async () => {
  const { begun, join } = line({ ...LIMITS, atOnce: 1 })
  const [first, second] = [join('a', 'a'), join('b', 'b')]
  begun[0]?.end(new Error('no'))
  let failure: unknown
  await first?.catch((error: unknown) => (failure = error))
  assert.instance(failure, Error)
  await settled()
  begun[1]?.end()
  assert.is(await second, 'b')
})

turns.run()

const rates = suite('agent: rates')

rates('some at once, then one by one', () => {
  let nowMs = 0
  const { take, waitMs } = createRates({ burst: 2, perSecond: 4, entries: 9 }, () => nowMs)
  assert.equal([take('a'), take('a'), take('a')], [true, true, false])
  assert.is(waitMs('a'), 250)
  assert.ok(take('b'))
  nowMs = 250
  assert.equal([take('a'), take('a')], [true, false])
})

rates('remembers the busiest of too many', () => {
  const { take } = createRates({ burst: 1, perSecond: 1, entries: 2 }, () => 0)
  for (const name of ['a', 'b', 'c']) assert.ok(take(name))
  assert.equal([take('b'), take('c'), take('a')], [false, false, true])
})

rates.run()
