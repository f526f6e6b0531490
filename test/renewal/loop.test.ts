import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createLoop, type LoopOptions } from '../../src/renewal/loop.ts'
import { systemClock } from '../../src/run/runtime.ts'
import { STOPPED } from './refresher-scene.ts'

const LONG_MS = 600_000

/** @param said what each call of `pauseMs` and `turn` appends to */
function looping(
  pauses: readonly number[],
  said: string[],
  turn: LoopOptions['turn'],
): ReturnType<typeof createLoop> {
  let asked = 0
  return createLoop({
    clock: systemClock,
    pauseMs: () => {
      said.push('pause')
      return pauses[asked++] ?? LONG_MS
    },
    turn: async (interrupt) => {
      said.push('turn')
      await turn(interrupt)
    },
  })
}

const loop = suite('the loop')

loop('takes a turn when nothing is left of the pause, and asks anew after each turn and sleep', async () => {
  const stop = new AbortController()
  const said: string[] = []
  const running = looping([0, 1, -1], said, async () => undefined).run(stop.signal)
  setTimeout(() => stop.abort(STOPPED), 50)
  await running
  assert.equal(said, ['pause', 'turn', 'pause', 'pause', 'turn', 'pause'])
})

loop('asks for the pause anew when it is woken', async () => {
  const stop = new AbortController()
  const said: string[] = []
  const own = looping([LONG_MS, 0], said, async () => stop.abort(STOPPED))
  const running = own.run(stop.signal)
  own.wake()
  await running
  assert.equal(said, ['pause', 'pause', 'turn'])
})

loop('throws what else it is stopped with, and what a turn throws', async () => {
  const bug = new TypeError('example')
  const stop = new AbortController()
  const failing = looping([0], [], async () => {
    throw bug
  })
  const stopped = looping([0], [], async () => stop.abort(bug))
  for (const one of [failing, stopped]) {
    const error: unknown = await one.run(stop.signal).catch((reason: unknown) => reason)
    assert.is(error, bug)
  }
})

loop.run()
