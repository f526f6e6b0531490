import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createInspection, type Inspection } from '../../src/inspection/inspection.ts'
import { IamRaError } from '../../src/errors.ts'
import type { StepContext, StepDescription } from '../../src/run/watch.ts'
import { fakeRuntime, recordingLogger } from '../support/fake-runtime.ts'

function inspect(): Inspection {
  const { signal } = new AbortController()
  return createInspection(fakeRuntime(), recordingLogger(), 60_000, signal, () => undefined)
}

function named(name: string, more: Partial<StepDescription> = {}): StepDescription {
  return { name, title: name, stage: 'exchange', how: 'sends', ...more }
}

const NO = new IamRaError('REFUSED', 'exchange', 'no')

const inspection = suite('an inspection')

inspection('takes one step after the other, whatever a run does beside what', async () => {
  const made = inspect()
  const events: string[] = []
  const work = async ({ logger, runtime }: StepContext): Promise<void> => {
    events.push('begun')
    await runtime.clock.sleep(10)
    logger.warn('late')
    events.push('ended')
  }
  await made.follow(async (watch) => {
    const beside = watch.step(named('first'), work)
    await watch.step(named('second'), work)
    await beside
  })
  assert.equal(events, ['begun', 'ended', 'begun', 'ended'])
  assert.equal(
    made.steps.map(({ name, warnings }) => [name, warnings]),
    [
      ['first', ['late']],
      ['second', ['late']],
    ],
  )
})

inspection('keeps what was found before a failure, and follows the way no further', async () => {
  const made = inspect()
  const followed = await made.follow(async (watch) => {
    await watch.step(named('first', { sent: { a: 1 } }), ({ found }) => {
      found({ b: 2 })
      return Promise.reject(NO)
    })
    return 'the end'
  })
  assert.is(followed, undefined)
  const [step] = made.steps
  assert.equal([step?.state, step?.sent, step?.error], ['failed', { a: 1 }, NO])
  assert.is(step?.found['b'], 2)
  await made.follow((watch) => watch.step(named('second'), () => Promise.resolve()))
  assert.is(made.steps[1]?.state, 'ok')
})

inspection('gives a step ten seconds and a long one all of DEADLINE', async () => {
  const made = inspect()
  const left: number[] = []
  const work = ({ bounds, runMs }: StepContext): Promise<void> => {
    left.push(bounds.remainingMs(), runMs())
    return Promise.resolve()
  }
  await made.follow(async (watch) => {
    await watch.step(named('short'), work)
    await watch.step(named('long', { isLong: true }), work)
  })
  assert.equal(left, [10_000, 60_000, 60_000, 60_000])
})

inspection('shows a look that lacks something as skipped, and as failed where even that fails', async () => {
  const made = inspect()
  await made.follow((watch) => watch.look({ step: named('nothing'), lacks: 'token' }))
  const failing = { step: named('little'), lacks: 'token', work: () => Promise.reject(NO) }
  await made.follow((watch) => watch.look(failing))
  assert.equal(
    made.steps.map(({ name, state, lacks }) => [name, state, lacks]),
    [
      ['nothing', 'skipped', 'token'],
      ['little', 'failed', 'token'],
    ],
  )
})

inspection('hands on what no step stands for', async () => {
  const made = inspect()
  const bug = new TypeError('a bug')
  const thrown = await made
    .follow((watch) => watch.step(named('first'), () => Promise.reject(bug)))
    .catch((error: unknown) => error)
  assert.is(thrown, bug)
  assert.equal(made.steps, [])
})

inspection.run()
