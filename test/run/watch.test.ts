import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { watchStages, type StepDescription } from '../../src/run/watch.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { fakeBounds, fakeRuntime, recordingLogger } from '../support/fake-runtime.ts'

const STEP: StepDescription = { name: 'a', title: 'a step', stage: 'exchange', how: 'sends' }

const runtime = fakeRuntime()
const watch = watchStages({ runtime, bounds: fakeBounds(runtime.clock), logger: recordingLogger() })

const run = suite('the watch of a run')

run('begins a step before it returns, so that what is not awaited runs beside the next', async () => {
  const begun: string[] = []
  const steps = ['a', 'b'].map((name) =>
    watch.step(STEP, () => {
      begun.push(name)
      return Promise.resolve(name)
    }),
  )
  assert.equal(begun, ['a', 'b'])
  assert.equal(await Promise.all(steps), ['a', 'b'])
})

run('names the stage that the deadline ends, and leaves all else as it is', async () => {
  const deadline = new IamRaError('DEADLINE', 'internal', 'over', { hint: 'raise it' })
  const named = await rejectsWithCode(
    watch.step(STEP, () => Promise.reject(deadline)),
    'DEADLINE',
  )
  assert.equal([named.stage, named.message, named.hint], ['exchange', 'over', 'raise it'])
  const other = new IamRaError('REFUSED', 'identity', 'no')
  assert.is(
    await rejectsWithCode(
      watch.step(STEP, () => Promise.reject(other)),
      'REFUSED',
    ),
    other,
  )
})

run('takes no look ahead', async () => {
  await watch.look({ step: STEP, work: () => Promise.reject(new Error('looked')) })
})

run.run()
