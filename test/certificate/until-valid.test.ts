import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { untilValid } from '../../src/certificate/until-valid.ts'
import { IamRaError } from '../../src/errors.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { FAKE_NOW_MS, fakeClock, recordingLogger, type FakeClock } from '../support/fake-runtime.ts'

const wait = suite('the wait for a certificate')

interface Waited {
  readonly result: Promise<void>
  readonly clock: FakeClock
  readonly warnings: () => string[]
}

function waitFor(
  aheadMs: number,
  remainingMs = 120_000,
  clock = fakeClock(60_000),
  signal = new AbortController().signal,
): Waited {
  const logger = recordingLogger()
  const certificate = { validFromMs: FAKE_NOW_MS + aheadMs }
  const result = untilValid(certificate, { runtime: { clock }, logger, signal, remainingMs })
  return { result, clock, warnings: () => logger.messages('warn') }
}

wait('is none and says nothing once it is valid', async () => {
  for (const aheadMs of [0, -1, -3_600_000]) {
    const { result, clock, warnings } = waitFor(aheadMs, 0)
    await result
    assert.equal([...clock.sleeps, ...warnings()], [])
  }
})

wait("goes on until then and a second, for AWS's clock, and is told", async () => {
  const { result, clock, warnings } = waitFor(3000)
  await result
  assert.equal(clock.sleeps, [4000])
  assert.equal(warnings(), [
    'the certificate and its chain are not valid before 2026-11-21T12:00:03Z, in 3 s: waiting until then',
  ])
})

wait('is never longer than a minute', async () => {
  const { result, clock } = waitFor(60_000)
  await result
  assert.equal(clock.sleeps, [60_000])
  const longer = waitFor(60_001)
  await rejectsWithCode(longer.result, 'CERTIFICATE_UNFIT')
  assert.equal(longer.clock.sleeps, [])
})

wait('is an error at once if the deadline comes first, which says how long was left', async () => {
  const { result, clock } = waitFor(3000, 3000)
  const error = await rejectsWithCode(result, 'CERTIFICATE_UNFIT')
  assert.match(error.message, /in 3 s, and only 2\.8 s are left to wait$/)
  assert.match(error.hint ?? '', /raise DEADLINE/)
  assert.equal(clock.sleeps, [])
  await waitFor(2750, 3000).result
})

/** A clock that is set once, during the first sleep. */
function set(byMs: number): FakeClock {
  const clock = fakeClock(60_000)
  let isSet = false
  return {
    ...clock,
    sleep: async (ms, signal) => {
      await clock.sleep(ms, signal)
      if (!isSet) clock.setNow(clock.now() + byMs)
      isSet = true
    },
  }
}

wait('begins again for the rest of the minute when the clock was set back', async () => {
  const { result, clock, warnings } = waitFor(10_000, 120_000, set(-5000))
  await result
  assert.equal(clock.sleeps, [11_000, 5000])
  assert.is(warnings().length, 2)
  await rejectsWithCode(waitFor(10_000, 120_000, set(-55_000)).result, 'CERTIFICATE_UNFIT')
})

wait('ends with a signal', async () => {
  const stop = new AbortController()
  const { result } = waitFor(10_000, 120_000, fakeClock(0), stop.signal)
  stop.abort(new IamRaError('INTERRUPTED', 'internal', 'SIGTERM', { signal: 15 }))
  await rejectsWithCode(result, 'INTERRUPTED')
})

wait.run()
