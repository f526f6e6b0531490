/** A machine that was suspended, and a clock that is set, while a refresher waits or runs. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AWAY, HOUR, MINUTE, obtained, SECOND, stage, type Scene } from './refresher-scene.ts'

const runs = ({ begun }: Scene): number => begun.length

/** Ten minutes after its first credentials, of an hour. */
async function settledScene(random = () => 0.5): Promise<Scene> {
  const scene = stage({ random, obtain: (run) => obtained(scene, run) })
  scene.start()
  await scene.clock.pass(10 * MINUTE)
  return scene
}

const clock = suite('a clock that')

clock(
  'jumps over the end: the credentials are dead at once, and new ones are there within half a minute',
  async () => {
    for (const random of [0, 0.5, 0.999]) {
      const scene = await settledScene(() => random)
      scene.clock.jump(8 * HOUR)
      assert.is(scene.refresher.current(), undefined)
      await scene.clock.pass(30 * SECOND)
      assert.is(scene.refresher.current()?.accessKeyId, 'key-2')
      assert.equal(scene.logger.messages('warn'), [
        'the clock jumped ahead by 28800 s, as after a suspend: renewing',
      ])
      await scene.stop()
    }
  },
)

clock(
  'is set to an hour before: renewed within a minute and a half, since the end that apps were told is wrong',
  async () => {
    for (const random of [0, 0.5, 0.999]) {
      const scene = await settledScene(() => random)
      scene.clock.jump(-HOUR)
      assert.is(scene.refresher.current()?.accessKeyId, 'key-1')
      await scene.clock.pass(90 * SECOND)
      assert.is(runs(scene), 2)
      assert.equal(scene.logger.messages('warn'), ['the clock was set back by 3600 s: renewing'])
      await scene.stop()
    }
  },
)

clock('is set to an hour before does not make what is dead alive', async () => {
  const scene = stage({
    obtain: (run) => {
      if (run > 1) throw AWAY
      return obtained(scene, run)
    },
  })
  scene.start()
  await scene.clock.pass(10 * MINUTE)
  scene.clock.jump(-HOUR)
  await scene.clock.pass(50 * MINUTE)
  assert.is(scene.refresher.current(), undefined)
  await scene.stop()
})

clock('is set by less than a minute is no event', async () => {
  const scene = await settledScene()
  for (const ms of [59 * SECOND, -59 * SECOND, -50 * SECOND]) {
    scene.clock.jump(ms)
    await scene.clock.pass(MINUTE)
  }
  assert.is(runs(scene), 1)
  assert.equal(scene.logger.lines, [])
  await scene.stop()
})

clock('jumps during a run: once more after it, since its end may be reckoned with either', async () => {
  const scene = stage({
    obtain: async (run) => {
      const result = obtained(scene, run)
      await scene.clock.sleep(10 * SECOND)
      if (run === 1) scene.clock.jump(-HOUR)
      return result
    },
  })
  scene.start()
  await scene.clock.pass(2 * MINUTE)
  assert.is(runs(scene), 2)
  await scene.stop()
})

clock('jumps during the pause after a failure ends it', async () => {
  const scene = stage({
    random: () => 0.999,
    obtain: (run) => {
      if (run > 1 && run < 7) throw AWAY
      return obtained(scene, run, 12 * HOUR)
    },
  })
  scene.start()
  // In a pause of a quarter of an hour.
  while (runs(scene) < 6) await scene.clock.pass(MINUTE)
  scene.clock.jump(20 * MINUTE)
  await scene.clock.pass(30 * SECOND)
  assert.is(runs(scene), 7)
  await scene.stop()
})

clock(
  'jumps on a thousand pods at once brings them back over half a minute and more, not in one moment',
  async () => {
    for (const [jumpMs, leastMs] of [
      [-HOUR, 60 * SECOND],
      [8 * HOUR, 20 * SECOND],
    ] as const) {
      const seconds = new Map<number, number>()
      for (let pod = 0; pod < 1000; pod += 1) {
        let draws = pod
        // Any sequence will do that differs from pod to pod.
        const scene = await settledScene(() => ((draws += 618) % 1000) / 1000)
        scene.clock.jump(jumpMs)
        await scene.clock.pass(2 * MINUTE)
        const second = Math.floor(((scene.begun[1] ?? 0) - 10 * MINUTE) / SECOND)
        seconds.set(second, (seconds.get(second) ?? 0) + 1)
        await scene.stop()
      }
      const [first, last] = [Math.min(...seconds.keys()), Math.max(...seconds.keys())]
      assert.ok((last - first) * SECOND >= leastMs, `from ${first} to ${last} s`)
      assert.ok(Math.max(...seconds.values()) < 150, `${Math.max(...seconds.values())} in one second`)
    }
  },
)

clock('jumps while credentials could only not be stored: others are obtained', async () => {
  const scene = stage({
    random: () => 0.999,
    obtain: (run) => obtained(scene, run),
    store: (count) => {
      if (count <= 2) throw AWAY
    },
  })
  scene.start()
  await scene.clock.pass(61 * SECOND)
  assert.equal([runs(scene), scene.stores.length], [1, 2])
  scene.clock.jump(-HOUR)
  await scene.clock.pass(2 * MINUTE)
  assert.is(scene.refresher.current()?.accessKeyId, 'key-2')
  await scene.stop()
})

clock.run()
