import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createBounds } from '../../src/run/deadline.ts'
import { IamRaError } from '../../src/errors.ts'
import { fakeClock } from '../support/fake-runtime.ts'

const bounds = suite('bounds')

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const stopped = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })

bounds('count down by the clock that does not jump', () => {
  const clock = fakeClock(0)
  const run = createBounds(60_000, clock, new AbortController().signal)
  assert.is(run.deadlineMs, 60_000)
  assert.is(run.remainingMs(), 60_000)
  clock.setNow(0)
  assert.is(run.remainingMs(), 60_000)
  clock.advance(59_000)
  assert.is(run.remainingMs(), 1000)
  clock.advance(2000)
  assert.is(run.remainingMs(), -1000)
  run.release()
})

bounds('end with DEADLINE when the time is over, not before', async () => {
  const clock = fakeClock(0)
  const run = createBounds(1500, clock, new AbortController().signal)
  clock.advance(1499)
  await settled()
  assert.is(run.signal.aborted, false)
  clock.advance(1)
  await settled()
  assert.is(run.signal.aborted, true)
  const reason: unknown = run.signal.reason
  assert.instance(reason, IamRaError)
  assert.equal(reason instanceof IamRaError && [reason.code, reason.message, reason.retryable], [
    'DEADLINE',
    'DEADLINE of 1.5 s ran out',
    false,
  ])
})

bounds('end with the reason of a process signal, which a later deadline does not change', async () => {
  const clock = fakeClock(0)
  const interrupt = new AbortController()
  const run = createBounds(1000, clock, interrupt.signal)
  interrupt.abort(stopped)
  assert.is(run.signal.reason, stopped)
  clock.advance(2000)
  await settled()
  assert.is(run.signal.reason, stopped)
})

bounds('begin ended where the signal came before', () => {
  const run = createBounds(1000, fakeClock(0), AbortSignal.abort(stopped))
  assert.is(run.signal.reason, stopped)
  run.release()
})

bounds('let everything go when they are released', async () => {
  const clock = fakeClock(0)
  const interrupt = new AbortController()
  const run = createBounds(1000, clock, interrupt.signal)
  run.release()
  interrupt.abort(stopped)
  clock.advance(2000)
  await settled()
  assert.is(run.signal.aborted, false)
})

bounds.run()
