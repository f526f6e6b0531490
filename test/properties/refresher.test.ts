/** Days of whatever may happen to a refresher: what must hold at each moment, and after it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { seededRandom } from '../rig/chance.ts'
import { IamRaError } from '../../src/errors.ts'
import type { Lease } from '../../src/credentials.ts'
import { fc } from '../support/generated.ts'
import { AWAY, HOUR, MINUTE, obtained, SECOND, stage, type Scene } from '../renewal/refresher-scene.ts'

const DAY = 24 * HOUR

interface Outcome {
  readonly takesMs: number
  readonly lifeMs: number
  readonly end: 'credentials' | 'a lease' | 'no room to store' | 'away' | 'a bug'
}

const outcome: fc.Arbitrary<Outcome> = fc.record({
  takesMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 * MINUTE })),
  lifeMs: fc.integer({ min: 15 * MINUTE, max: 12 * HOUR }),
  end: fc.constantFrom('credentials', 'a lease', 'no room to store', 'away', 'a bug'),
})

/** Time that passes, then what happens from outside. */
const event = fc.record({
  afterMs: fc.integer({ min: 0, max: 2 * HOUR }),
  what: fc.constantFrom('nothing', 'clock set ahead', 'clock set back', 'SIGHUP'),
  byMs: fc.integer({ min: 0, max: 5 * HOUR }),
})

interface Day {
  readonly scene: Scene
  /** What must not be and was: a refresher would take what is thrown at it for a failed run. */
  readonly faults: readonly string[]
  /** How many leases were not ended yet. */
  held(): number
  stop(): Promise<void>
}

/** @param outcomes of the runs, over and over */
function begin(outcomes: readonly Outcome[], random: () => number): Day {
  const faults: string[] = []
  const held = new Set<Lease>()
  let [inFlight, endedMs] = [0, Number.NEGATIVE_INFINITY]
  let [storesToFail, isStopped] = [0, false]
  const lease = (lifeMs: number): Lease => {
    const lapseMs = scene.clock.elapsed() + lifeMs
    const own: Lease = {
      renew: async () => undefined,
      end: async () => {
        held.delete(own)
        if (!isStopped && scene.clock.elapsed() < lapseMs) faults.push('keys that live were taken from apps')
      },
    }
    held.add(own)
    return own
  }
  const scene: Scene = stage({
    random,
    obtain: async (run) => {
      const { takesMs, lifeMs, end } = outcomes[run % outcomes.length] as Outcome
      inFlight += 1
      if (inFlight > 1) faults.push('two runs at a time')
      // Sums of fractions of milliseconds are not exact.
      if (scene.clock.elapsed() - endedMs < SECOND - 0.001) faults.push('less than a second between two runs')
      await scene.clock.sleep(takesMs)
      inFlight -= 1
      endedMs = scene.clock.elapsed()
      if (end === 'a bug') throw new TypeError('a bug')
      if (end === 'away') throw AWAY
      storesToFail = end === 'no room to store' ? 3 : 0
      return obtained(scene, run, lifeMs, end === 'a lease' ? lease(lifeMs) : undefined)
    },
    store: () => {
      if (storesToFail === 0) return
      storesToFail -= 1
      throw new IamRaError('FILE', 'sink', 'cannot write the file')
    },
  })
  return {
    scene,
    faults,
    held: () => held.size,
    stop: async () => {
      isStopped = true
      await scene.stop()
    },
  }
}

const days = suite('properties: the refresher')

days('runs one at a time and never busily, hands out nothing dead, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(outcome, { minLength: 1, maxLength: 20 }),
      fc.array(event, { maxLength: 12 }),
      fc.integer(),
      async (outcomes, events, seed) => {
        const { scene, faults, held, stop } = begin(outcomes, seededRandom(seed))
        const { clock, refresher, begun, logger } = scene
        scene.start()
        for (const { afterMs, what, byMs } of events) {
          await clock.pass(afterMs)
          const current = refresher.current()
          assert.ok(current === undefined || current.expiresAtMs > clock.now())
          if (what === 'clock set ahead') clock.jump(byMs)
          if (what === 'clock set back') clock.jump(-byMs)
          if (what === 'SIGHUP') refresher.renewNow()
        }
        await clock.pass(DAY)
        await stop()
        assert.equal(faults, [])
        assert.is(held(), 0, 'every lease is ended')
        const runs = begun.length
        await clock.pass(DAY)
        assert.is(begun.length, runs)
        for (const { message, fields } of logger.lines) {
          assert.not.match(message + JSON.stringify(fields), 'canary')
        }
      },
    ),
    { numRuns: 50 },
  )
})

days('that succeed never leave less than 20 minutes, of lives of half an hour and more', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 30 * MINUTE, max: 12 * HOUR }), fc.integer(), async (lifeMs, seed) => {
      const { scene, stop } = begin([{ takesMs: 0, lifeMs, end: 'credentials' }], seededRandom(seed))
      scene.start()
      for (let minutes = 0; minutes < 24 * 60; minutes += 5) {
        await scene.clock.pass(5 * MINUTE)
        const leftMs = (scene.refresher.current()?.expiresAtMs ?? 0) - scene.clock.now()
        assert.ok(leftMs >= 20 * MINUTE - 1, `${leftMs} ms`)
      }
      assert.is(scene.refresher.status().failed, 0)
      await stop()
    }),
    { numRuns: 20 },
  )
})

days('that fail come back soon enough: an outage of a sixth of the life costs no app anything', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: HOUR, max: 12 * HOUR }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer(),
      async (lifeMs, share, seed) => {
        let isAway = false
        const scene: Scene = stage({
          random: seededRandom(seed),
          obtain: (run) => {
            if (isAway) throw AWAY
            return obtained(scene, run, lifeMs)
          },
        })
        scene.start()
        await scene.clock.pass(share * lifeMs)
        // Half of what is left at the latest renewal: a pause is half of the other half at most.
        for (let part = 0; part < 24; part += 1) {
          isAway = part < 6
          await scene.clock.pass(lifeMs / 36)
          assert.ok(scene.refresher.current() !== undefined)
        }
        await scene.stop()
      },
    ),
    { numRuns: 30 },
  )
})

days.run()
