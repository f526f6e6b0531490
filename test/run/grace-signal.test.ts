import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { GRACE_MS, graceSignal } from '../../src/run/grace-signal.ts'
import { fakeClock } from '../support/fake-runtime.ts'

const late = suite('the signal of a late answer')

const reason = new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 15 })

/** What waits on the fake clock goes on. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

late('is aborted a moment after the other, for the same reason', async () => {
  const [clock, stop] = [fakeClock(0), new AbortController()]
  const { signal } = graceSignal(stop.signal, clock)
  stop.abort(reason)
  clock.advance(GRACE_MS - 1)
  await settled()
  assert.not.ok(signal.aborted)
  clock.advance(1)
  await settled()
  assert.is(signal.reason, reason)
})

late('is aborted at once where the other was before', () => {
  const { signal } = graceSignal(AbortSignal.abort(reason), fakeClock(0))
  assert.is(signal.reason, reason)
})

for (const isStopped of [false, true]) {
  late(`${isStopped ? 'released after' : 'released before'} a stop is not aborted`, async () => {
    const [clock, stop] = [fakeClock(0), new AbortController()]
    const { signal, release } = graceSignal(stop.signal, clock)
    if (isStopped) stop.abort(reason)
    release()
    if (!isStopped) stop.abort(reason)
    clock.advance(GRACE_MS)
    await settled()
    assert.not.ok(signal.aborted)
  })
}

late.run()
