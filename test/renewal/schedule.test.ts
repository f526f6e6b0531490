import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { renewalAt, renewalPauseMs } from '../../src/renewal/schedule.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'
import { fc } from '../support/generated.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

const moment = suite('renewal')
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const life = (ms: number): Parameters<typeof renewalAt>[0] => ({
  obtainedAtMs: FAKE_NOW_MS,
  expiresAtMs: FAKE_NOW_MS + ms,
})

moment('of an hour falls between a third and two thirds of it', () => {
  assert.is(renewalAt(life(HOUR), 0) - FAKE_NOW_MS, 20 * MINUTE)
  assert.is(renewalAt(life(HOUR), 0.5) - FAKE_NOW_MS, 30 * MINUTE)
  assert.is(renewalAt(life(HOUR), 1) - FAKE_NOW_MS, 40 * MINUTE)
})

moment('is 20 minutes ahead from half an hour of life on, and ten in the shortest', () => {
  fc.assert(
    fc.property(fc.integer({ min: 15 * MINUTE, max: 12 * HOUR }), chance, (ms, random) => {
      const left = FAKE_NOW_MS + ms - renewalAt(life(ms), random)
      assert.ok(left >= (ms >= 30 * MINUTE ? 20 * MINUTE : 10 * MINUTE) - 1, `${left} ms left of ${ms}`)
      assert.ok(left < ms)
    }),
  )
})

moment('lies in a window half as wide as its end is far, so that a crowd is drawn apart', () => {
  for (const ms of [15 * MINUTE, 30 * MINUTE, 45 * MINUTE, HOUR, 12 * HOUR]) {
    const [first, last] = [0, 1].map((random) => renewalAt(life(ms), random) - FAKE_NOW_MS)
    assert.is(last, 2 * (first ?? 0))
  }
})

moment('is never at once, whatever a clock makes of the life', () => {
  for (const ms of [-HOUR, 0, 1, 20_000, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.ok(renewalAt(life(ms), 0) >= FAKE_NOW_MS + 10_000)
  }
})

const pause = suite('the pause after a failed renewal')

pause('doubles from a minute up to half of the life that is left, 15 minutes at most', () => {
  const pauses = (left: number): number[] =>
    [1, 2, 3, 4, 5, 6].map((count) => renewalPauseMs(count, left, 1) / MINUTE)
  assert.equal(pauses(12 * HOUR), [1, 2, 4, 8, 15, 15])
  assert.equal(pauses(20 * MINUTE), [1, 2, 4, 8, 10, 10])
})

pause('is a minute at most once the credentials are dead or nearly so', () => {
  for (const left of [2 * MINUTE, 0, -HOUR, Number.NaN]) assert.is(renewalPauseMs(9, left, 1), MINUTE)
})

pause('is anywhere below, but never nothing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer(), chance, (failures, left, random) => {
      const ms = renewalPauseMs(failures, left, random)
      assert.ok(ms >= 1000 && ms <= 15 * MINUTE)
    }),
  )
  assert.is(renewalPauseMs(2, HOUR, 0.25), MINUTE / 2)
})

pause('comes on top of what a server asked to wait, of a quarter of an hour at most', () => {
  assert.is(renewalPauseMs(1, 12 * HOUR, 0.5, 2 * MINUTE), 2.5 * MINUTE)
  assert.is(renewalPauseMs(1, 12 * HOUR, 0.5, 24 * HOUR), 15.5 * MINUTE)
})

pause('heeds a server for half of the life that is left, and so comes back before its end', () => {
  assert.is(renewalPauseMs(1, 5 * MINUTE, 0, 15 * MINUTE), 2.5 * MINUTE + 1000)
  const left = fc.integer({ min: 2 * MINUTE, max: 12 * HOUR })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), left, chance, fc.nat(), (failures, ms, random, asked) => {
      const pauseMs = renewalPauseMs(failures, ms, random, asked)
      assert.ok(pauseMs < ms, `${pauseMs} ms of ${ms}`)
      assert.ok(pauseMs >= Math.min(asked, ms / 2, 15 * MINUTE))
    }),
  )
})

pause('heeds a server for five minutes once the credentials are dead', () => {
  for (const left of [0, -HOUR, Number.NaN]) {
    assert.is(renewalPauseMs(1, left, 0.5, 2 * MINUTE), 2.5 * MINUTE)
    assert.is(renewalPauseMs(1, left, 0.5, 15 * MINUTE), 5.5 * MINUTE)
    assert.is(renewalPauseMs(11, left, 0.5, 15 * MINUTE), 7.5 * MINUTE)
  }
})

pause('grows to five minutes once nothing has worked for ten runs', () => {
  assert.is(renewalPauseMs(10, 0, 0.5), MINUTE / 2)
  assert.is(renewalPauseMs(11, 0, 0.5), 2.5 * MINUTE)
  assert.is(renewalPauseMs(1000, -HOUR, 0.5), 2.5 * MINUTE)
})

moment.run()
pause.run()
