import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import { BOUND_MS, createExamination, type Examination } from '../../../src/onboarding/doctor/examination.ts'
import { failed, ok, type Line } from '../../../src/onboarding/doctor/finding.ts'
import { fakeClock } from '../../support/fake-runtime.ts'

function begin(interrupt = new AbortController().signal): {
  readonly exam: Examination
  readonly shown: Line[]
  readonly clock: ReturnType<typeof fakeClock>
} {
  const clock = fakeClock(0)
  const shown: Line[] = []
  return { shown, clock, exam: createExamination({ clock, interrupt, onLine: (line) => shown.push(line) }) }
}

const refusal = (status: number): IamRaError =>
  new IamRaError('REFUSED', 'exchange', 'AWS refused iam:GetRole', { status, hint: 'ask for it' })

const examination = suite('an examination')

examination('shows each finding as it is made, and keeps it', async () => {
  const { exam, shown } = begin()
  const facts = await exam.look('AWS', 'anchor', {
    read: () => Promise.resolve(3),
    judge: (count) => [ok(`there are ${count}`), failed('no', 'do')],
  })
  assert.is(facts, 3)
  assert.equal(shown, [
    { group: 'AWS', check: 'anchor', state: 'ok', sentence: 'there are 3' },
    { group: 'AWS', check: 'anchor', state: 'failed', sentence: 'no', hint: 'do' },
  ])
  assert.equal(exam.lines, shown)
  assert.equal([exam.hasFailed('AWS'), exam.hasFailed('Vault')], [true, false])
})

examination('takes what cannot be read for a fault, with its problems and its hint', async () => {
  const { exam, shown } = begin()
  const error = new IamRaError('UNREACHABLE', 'identity', 'no answer', { problems: ['a', 'b'], hint: 'look' })
  const facts = await exam.look('Vault', 'server', { read: () => Promise.reject(error) })
  assert.is(facts, undefined)
  assert.equal(shown, [
    { group: 'Vault', check: 'server', state: 'failed', sentence: 'no answer; a; b', hint: 'look' },
  ])
})

examination('takes a 403 for something that this operator may not look at', async () => {
  const { exam, shown } = begin()
  await exam.look('AWS', 'role', { read: () => Promise.reject(refusal(403)) })
  await exam.look('AWS', 'role', { read: () => Promise.reject(refusal(400)) })
  await exam.look('AWS', 'identity', { read: () => Promise.reject(refusal(403)), deniedIsFault: true })
  assert.equal(
    shown.map(({ state }) => state),
    ['unknown', 'failed', 'failed'],
  )
})

examination('ends a check that gets no answer, and says so', async () => {
  const { exam, shown, clock } = begin()
  const looking = exam.look('Cluster', 'cluster', { read: () => new Promise(() => undefined) })
  clock.advance(BOUND_MS)
  await looking
  assert.match(shown[0]?.sentence ?? '', /^there was no complete answer within 20 s$/)
  assert.is(shown[0]?.state, 'failed')
})

examination('lets a bug and a signal through', async () => {
  const { exam } = begin()
  const bug = new TypeError('a bug')
  await exam.look('AWS', 'x', { read: () => Promise.reject(bug) }).then(
    () => assert.unreachable(),
    (error: unknown) => assert.is(error, bug),
  )
  const stop = new AbortController()
  const signal = new IamRaError('INTERRUPTED', 'internal', 'stopped')
  const { exam: other, shown } = begin(stop.signal)
  const looking = other.look('AWS', 'x', {
    read: () => {
      stop.abort(signal)
      return Promise.reject(refusal(500))
    },
  })
  await looking.then(
    () => assert.unreachable(),
    (error: unknown) => assert.is(error, signal),
  )
  assert.equal(shown, [])
})

examination.run()
