import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createJumpWatch, earlier, momentIn, untilMs } from '../../src/renewal/moment.ts'
import { FAKE_NOW_MS, fakeClock } from '../support/fake-runtime.ts'

const MINUTE = 60_000

const moments = suite('a moment by two clocks')

moments('has come once either says so', () => {
  for (const setByMs of [-90 * MINUTE, 0, 20 * MINUTE]) {
    const clock = fakeClock()
    const moment = momentIn(30 * MINUTE, clock)
    clock.setNow(clock.now() + setByMs)
    assert.is(untilMs(moment, clock), 30 * MINUTE - Math.max(0, setByMs))
    clock.advance(10 * MINUTE)
    assert.is(untilMs(moment, clock), 20 * MINUTE - Math.max(0, setByMs))
    clock.advance(20 * MINUTE)
    assert.ok(untilMs(moment, clock) <= 0)
  }
})

moments('of two is the earlier one by each clock', () => {
  const [one, other] = [
    { epochMs: 1, elapsedMs: 20 },
    { epochMs: 2, elapsedMs: 10 },
  ]
  assert.equal(earlier(one, other), { epochMs: 1, elapsedMs: 10 })
  assert.equal(earlier(other, one), { epochMs: 1, elapsedMs: 10 })
})

moments.run()

const watch = suite('the watch for jumps')

watch('tells each jump of over a minute once, and which way it went', () => {
  const clock = fakeClock()
  const jumps = createJumpWatch(clock)
  clock.advance(5 * MINUTE)
  assert.is(jumps.jumpedMs(), 0)
  clock.setNow(clock.now() + MINUTE + 1)
  clock.advance(MINUTE)
  assert.is(jumps.jumpedMs(), MINUTE + 1)
  assert.is(jumps.jumpedMs(), 0)
  clock.setNow(FAKE_NOW_MS)
  assert.is(jumps.jumpedMs(), -8 * MINUTE + MINUTE - 1)
})

watch('takes what NTP corrects bit by bit for none, however much it comes to', () => {
  const clock = fakeClock()
  const jumps = createJumpWatch(clock)
  for (let look = 0; look < 1000; look += 1) {
    clock.advance(30_000)
    clock.setNow(clock.now() + 500)
    assert.is(jumps.jumpedMs(), 0)
  }
})

watch.run()
