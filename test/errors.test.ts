import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asIamRaError, EXIT_CODES, IamRaError, type PodStage } from '../src/errors.ts'

const errors = suite('errors')

errors('exit with the code of their stage', () => {
  const expected: Record<PodStage, number> = {
    settings: 2,
    identity: 3,
    certificate: 4,
    exchange: 5,
    sink: 6,
    internal: 70,
  }
  assert.equal(EXIT_CODES, expected)
  for (const [stage, code] of Object.entries(expected)) {
    assert.is(new IamRaError('REFUSED', stage as PodStage, 'no').exitCode, code)
    assert.is(new IamRaError('DEADLINE', stage as PodStage, 'late').exitCode, code)
  }
})

errors('exit with 128 and the number of a signal, whatever the stage', () => {
  assert.is(new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 15 }).exitCode, 143)
  assert.is(new IamRaError('INTERRUPTED', 'exchange', 'stopped', { signal: 2 }).exitCode, 130)
})

errors('are not retryable and have no problems unless said so', () => {
  const error = new IamRaError('REFUSED', 'exchange', 'no')
  assert.is(error.retryable, false)
  assert.is(error.problems.length, 0)
  assert.is(error.hint, undefined)
  assert.equal(error.said, [])
  assert.is('cause' in error, false)
  const cause = new Error('deeper')
  const full = new IamRaError('UNAVAILABLE', 'identity', 'later', {
    hint: 'wait',
    cause,
    retryable: true,
    retryAfterMs: 5,
    problems: ['one'],
    status: 503,
    said: ['no'],
  })
  assert.is(full.cause, cause)
  assert.equal(
    [full.hint, full.retryable, full.retryAfterMs, full.problems, full.status, full.said],
    ['wait', true, 5, ['one'], 503, ['no']],
  )
})

errors('of ours pass through as they are', () => {
  const error = new IamRaError('FILE', 'sink', 'no')
  assert.is(asIamRaError(error), error)
})

errors('of others become a bug of ours, without their message', () => {
  const cause = new TypeError('cannot read the secret s3cr3t')
  const bug = asIamRaError(cause)
  assert.equal([bug.code, bug.stage, bug.exitCode], ['INTERNAL', 'internal', 70])
  assert.is(bug.message, 'unexpected TypeError inside aws-iam-ra')
  assert.is(bug.cause, cause)
  assert.is(asIamRaError('s3cr3t').message, 'unexpected string inside aws-iam-ra')
  assert.is(asIamRaError(undefined).message, 'unexpected undefined inside aws-iam-ra')
})

errors.run()
