import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import type { Bounds } from '../../src/run/deadline.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'
import { AWAY, HOUR, MINUTE, obtained, SECOND, stage, STOPPED, type Scene } from './refresher-scene.ts'

const fails = (): never => {
  throw AWAY
}
const keyOf = ({ refresher }: Scene): string | undefined => refresher.current()?.accessKeyId
const runs = ({ begun }: Scene): number => begun.length

const renewal = suite('renewals')

renewal('begin at once, and come back half-way through the life', async () => {
  const scene = stage({ obtain: (run) => obtained(scene, run) })
  assert.equal(scene.refresher.status(), { succeeded: 0, failed: 0 })
  assert.is(scene.refresher.current(), undefined)
  scene.start()
  await scene.clock.pass(1)
  assert.is(keyOf(scene), 'key-1')
  const { credentials, ...status } = scene.refresher.status()
  assert.is(credentials?.accessKeyId, 'key-1')
  assert.equal(status, {
    succeeded: 1,
    failed: 0,
    obtainedAtMs: FAKE_NOW_MS,
    nextRunAtMs: FAKE_NOW_MS + 30 * MINUTE,
  })
  await scene.clock.pass(2 * HOUR)
  assert.equal(scene.begun, [0, 30 * MINUTE, HOUR, 90 * MINUTE, 2 * HOUR])
  assert.is(keyOf(scene), 'key-5')
  await scene.stop()
})

renewal('are reckoned from when the credentials came, however long storing them takes', async () => {
  const scene = stage({
    deadlineMs: HOUR,
    obtain: (run) => obtained(scene, run),
    store: () => scene.clock.sleep(7 * MINUTE),
  })
  scene.start()
  await scene.clock.pass(6 * MINUTE)
  assert.is(keyOf(scene), undefined)
  await scene.clock.pass(MINUTE)
  assert.is(keyOf(scene), 'key-1')
  await scene.clock.pass(23 * MINUTE)
  assert.equal(scene.begun, [0, 30 * MINUTE])
  await scene.stop()
})

renewal('have each the whole deadline', async () => {
  const left: number[] = []
  const signals: AbortSignal[] = []
  const scene = stage({
    obtain: (run, _scene, bounds) => {
      left.push(bounds.remainingMs())
      signals.push(bounds.signal)
      return obtained(scene, run)
    },
  })
  scene.start()
  await scene.clock.pass(HOUR)
  assert.equal(left, [MINUTE, MINUTE, MINUTE])
  await scene.stop()
  assert.not.ok(
    signals.some(({ aborted }) => aborted),
    'a run that has ended is let go of',
  )
})

renewal.run()

const failing = suite('a renewal that fails')

failing('leaves what is alive in use, and is tried again after pauses that grow', async () => {
  const scene = stage({ obtain: (run) => (run === 1 || run > 4 ? obtained(scene, run) : fails()) })
  scene.start()
  await scene.clock.pass(30 * MINUTE)
  assert.is(keyOf(scene), 'key-1')
  const status = scene.refresher.status()
  assert.is(status.failure, AWAY)
  assert.equal([status.succeeded, status.failed], [1, 1])
  assert.is(status.nextRunAtMs, FAKE_NOW_MS + 30.5 * MINUTE)
  await scene.clock.pass(10 * MINUTE)
  assert.equal(
    scene.begun.map((ms) => ms / MINUTE),
    [0, 30, 30.5, 31.5, 33.5],
  )
  assert.is(keyOf(scene), 'key-5')
  assert.is(scene.refresher.status().failure, undefined)
  await scene.stop()
})

failing('after others that succeeded has the first pause again', async () => {
  const scene = stage({
    obtain: (run) => {
      if (run === 2 || run === 3 || run === 5) throw AWAY
      return obtained(scene, run)
    },
  })
  scene.start()
  await scene.clock.pass(65 * MINUTE)
  assert.equal(
    scene.begun.map((ms) => ms / MINUTE),
    [0, 30, 30.5, 31.5, 61.5, 62],
  )
  await scene.stop()
})

failing('hands nothing out once the credentials are dead, and says what they were', async () => {
  const scene = stage({ obtain: (run) => (run === 1 ? obtained(scene, run) : fails()) })
  scene.start()
  await scene.clock.pass(HOUR - 1)
  assert.is(keyOf(scene), 'key-1')
  await scene.clock.pass(1)
  assert.is(keyOf(scene), undefined)
  assert.is(scene.refresher.status().credentials?.accessKeyId, 'key-1')
  await scene.stop()
})

failing(
  'for good looking reasons is tried again too, a minute apart without credentials, and five after ten runs',
  async () => {
    const refused = new IamRaError('REFUSED', 'identity', 'Vault refused the login', { status: 403 })
    const scene = stage({
      random: () => 0.999,
      obtain: () => {
        throw refused
      },
    })
    scene.start()
    await scene.clock.pass(HOUR)
    assert.ok(runs(scene) >= 20 && runs(scene) <= 22, `${runs(scene)} runs`)
    await scene.stop()
  },
)

failing('by a bug does not end the loop, nor make it a busy one', async () => {
  const scene = stage({
    random: () => 0,
    obtain: () => {
      throw new TypeError('canary')
    },
  })
  scene.start()
  await scene.clock.pass(MINUTE)
  assert.ok(runs(scene) <= 61, `${runs(scene)} runs`)
  assert.is(scene.refresher.status().failure?.code, 'INTERNAL')
  assert.equal(
    scene.logger.errors.map(({ code }) => code),
    ['INTERNAL'],
  )
  await scene.stop()
})

failing('because a server asks to wait comes back no earlier, also after a deadline', async () => {
  const scene = stage({
    obtain: () => {
      throw new IamRaError('DEADLINE', 'exchange', 'no time left', { retryAfterMs: 5 * MINUTE })
    },
  })
  scene.start()
  await scene.clock.pass(5 * MINUTE)
  assert.is(runs(scene), 1)
  await scene.clock.pass(MINUTE)
  assert.is(runs(scene), 2)
  await scene.stop()
})

failing.run()

const storing = suite('a store that fails')

storing('fails the run, and the next has only to store; the old credentials stay in use', async () => {
  const full = new IamRaError('FILE', 'sink', 'cannot write the file')
  const scene = stage({
    obtain: (run) => obtained(scene, run),
    store: (count) => {
      if (count === 2 || count === 3) throw full
    },
  })
  scene.start()
  await scene.clock.pass(30 * MINUTE)
  assert.is(keyOf(scene), 'key-1')
  assert.is(scene.refresher.status().failure, full)
  await scene.clock.pass(5 * MINUTE)
  assert.equal(
    scene.stores.map(({ credentials }) => credentials.accessKeyId),
    ['key-1', 'key-2', 'key-2', 'key-2'],
  )
  assert.is(runs(scene), 2)
  assert.is(keyOf(scene), 'key-2')
  // As if the file had been written at once.
  assert.is(scene.refresher.status().nextRunAtMs, FAKE_NOW_MS + HOUR)
  await scene.stop()
})

storing('for long has new credentials obtained once those are due themselves', async () => {
  const scene = stage({
    obtain: (run) => obtained(scene, run),
    store: () => {
      throw new IamRaError('FILE', 'sink', 'cannot write the file')
    },
  })
  scene.start()
  await scene.clock.pass(89 * MINUTE)
  assert.is(runs(scene), 3)
  assert.ok(scene.stores.length > 30)
  assert.is(keyOf(scene), undefined)
  await scene.stop()
})

storing.run()

const asked = suite('a renewal that is asked for')

asked('comes at once out of the sleep', async () => {
  const scene = stage({ obtain: (run) => obtained(scene, run) })
  scene.start()
  await scene.clock.pass(10 * MINUTE)
  scene.refresher.renewNow()
  await scene.clock.pass(1)
  assert.equal(scene.begun, [0, 10 * MINUTE])
  assert.is(keyOf(scene), 'key-2')
  await scene.stop()
})

asked('comes at once out of the wait for the first run, and before it', async () => {
  const scene = stage({ obtain: (run) => obtained(scene, run) })
  scene.start(10 * MINUTE)
  await scene.clock.pass(MINUTE)
  assert.equal(scene.begun, [])
  scene.refresher.renewNow()
  await scene.clock.pass(1)
  assert.equal(scene.begun, [MINUTE])
  await scene.stop()
  const early = stage({ obtain: (run) => obtained(early, run) })
  early.refresher.renewNow()
  early.start(10 * MINUTE)
  await early.clock.pass(1)
  assert.equal(early.begun, [0])
  await early.stop()
})

asked('says what became of it, though it is what was said before', async () => {
  const scene = stage({ obtain: () => fails() })
  scene.start()
  await scene.clock.pass(2 * SECOND)
  scene.refresher.renewNow()
  await scene.clock.pass(1)
  assert.is(scene.logger.messages('warn').length, 2)
  await scene.stop()
})

asked('comes at once out of the pause after a failure', async () => {
  const scene = stage({ obtain: (run) => (run === 1 ? fails() : obtained(scene, run)) })
  scene.start()
  await scene.clock.pass(2 * SECOND)
  scene.refresher.renewNow()
  await scene.clock.pass(1)
  assert.equal(scene.begun, [0, 2 * SECOND])
  await scene.stop()
})

asked(
  'by fifty during a run follows it once, since that run may have read what was there before',
  async () => {
    let [inFlight, most] = [0, 0]
    const scene = stage({
      obtain: async (run) => {
        most = Math.max(most, (inFlight += 1))
        await scene.clock.sleep(10 * SECOND)
        inFlight -= 1
        return obtained(scene, run)
      },
    })
    scene.start()
    await scene.clock.pass(5 * SECOND)
    for (let count = 0; count < 50; count += 1) scene.refresher.renewNow()
    await scene.clock.pass(25 * MINUTE)
    assert.equal(scene.begun, [0, 11 * SECOND])
    assert.is(most, 1)
    await scene.stop()
  },
)

asked('again and again comes once a second at most', async () => {
  const scene = stage({ obtain: (run) => obtained(scene, run) })
  scene.start()
  for (let count = 0; count < 100; count += 1) {
    scene.refresher.renewNow()
    await scene.clock.pass(100)
  }
  assert.ok(runs(scene) <= 11, `${runs(scene)} runs`)
  await scene.stop()
})

asked('brings new credentials where the last ones could only not be stored', async () => {
  const scene = stage({
    obtain: (run) => obtained(scene, run),
    store: (count) => {
      if (count === 1) fails()
    },
  })
  scene.start()
  await scene.clock.pass(2 * SECOND)
  scene.refresher.renewNow()
  await scene.clock.pass(1)
  assert.is(keyOf(scene), 'key-2')
  await scene.stop()
})

asked('that fails leaves what could only not be stored for the next to store', async () => {
  const scene = stage({
    obtain: (run) => (run === 1 ? obtained(scene, run) : fails()),
    store: (count) => {
      if (count === 1) fails()
    },
  })
  scene.start()
  await scene.clock.pass(2 * SECOND)
  scene.refresher.renewNow()
  await scene.clock.pass(1)
  assert.is(runs(scene), 2)
  assert.is(keyOf(scene), undefined)
  await scene.clock.pass(2 * MINUTE)
  assert.is(keyOf(scene), 'key-1')
  assert.is(runs(scene), 2)
  await scene.stop()
})

asked.run()

const stop = suite('the stop')

stop('ends the sleep', async () => {
  const scene = stage({ obtain: (run) => obtained(scene, run) })
  scene.start()
  await scene.clock.pass(MINUTE)
  await scene.stop()
  await scene.clock.pass(HOUR)
  assert.is(runs(scene), 1)
})

stop('reaches the run in flight, and waits for what that has to tidy', async () => {
  const events: unknown[] = []
  const scene = stage({
    obtain: async (_run, _scene, bounds: Bounds) => {
      try {
        await scene.clock.sleep(MINUTE, bounds.signal)
      } catch {
        events.push(bounds.signal.reason)
        await scene.clock.sleep(2 * SECOND)
        events.push('revoked')
      }
      throw AWAY
    },
  })
  scene.start()
  await scene.clock.pass(10 * SECOND)
  await scene.stop()
  assert.equal(events, [STOPPED, 'revoked'])
  // Its end says nothing of the servers.
  assert.is(scene.refresher.status().failed, 0)
  assert.equal(scene.logger.messages('warn'), [])
})

stop('before the first run lets none begin', async () => {
  const scene = stage({ obtain: (run) => obtained(scene, run) })
  await scene.refresher.run(AbortSignal.abort(STOPPED), 0)
  assert.is(runs(scene), 0)
})

stop('by a bug rejects with it', async () => {
  const scene = stage({ obtain: (run) => obtained(scene, run) })
  scene.start()
  await scene.clock.pass(1)
  await rejectsWithCode(scene.stop(new IamRaError('INTERNAL', 'internal', 'a bug')), 'INTERNAL')
})

stop.run()
