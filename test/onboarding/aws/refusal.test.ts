/** Each refusal of AWS by the rule that knows it, in words for the operator. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import { asAwsError, AWS_RULES, isAbsent, isThereAlready } from '../../../src/onboarding/aws/refusal.ts'
import { explain } from '../../../src/net/rules.ts'
import { REFUSALS, type RecordedRefusal } from './refusals.ts'

function thrown(
  { type, status, text }: Pick<RecordedRefusal, 'type' | 'status' | 'text'>,
  headers = {},
): Error {
  return Object.assign(new Error(text), {
    name: type,
    ...(status === 0 ? {} : { $metadata: { httpStatusCode: status }, $response: { headers } }),
  })
}

const asked = (one: RecordedRefusal, headers = {}): IamRaError =>
  asAwsError(thrown(one, headers), 'iam:GetRole', 'of role iam-ra-admin', 0) as IamRaError

const refusals = suite('refusals of AWS')

for (const one of REFUSALS) {
  refusals(`${one.rule}: ${one.text.slice(0, 60)}`, () => {
    const { rule } = explain(AWS_RULES, { action: 'iam:GetRole', ...one })
    assert.is(rule.name, one.rule)
    const error = asked(one)
    assert.instance(error, IamRaError)
    assert.is(error.exitCode, 5)
    const start = one.status === 0 ? 'cannot get AWS credentials' : 'AWS refused iam:GetRole'
    assert.ok(error.message.startsWith(`${start} of role iam-ra-admin: `), error.message)
    assert.ok(error.message.includes(one.type))
    assert.ok((error.hint ?? '') !== '')
    if (one.says !== undefined) assert.match(error.message, one.says)
    assert.is(error.retryable, ['throttled', 'unable'].includes(one.rule))
  })
}

refusals('are all recorded', () => {
  const recorded = REFUSALS.map(({ rule }) => rule)
  assert.equal(
    AWS_RULES.map(({ name }) => name).filter((name) => !recorded.includes(name)),
    [],
  )
})

refusals('of a policy that is too long name the quota of the account and three ways out', () => {
  const [one] = REFUSALS.filter(({ rule }) => rule === 'policy-size')
  assert.match(
    one === undefined ? '' : (asked(one).hint ?? ''),
    /2,048 characters in Service Quotas \(L-C07B4B0D.*second role.*offboard/,
  )
})

refusals('for later say when, and what is no refusal stays what it is', () => {
  const [throttled] = REFUSALS.filter(({ rule }) => rule === 'throttled')
  assert.is(throttled === undefined ? 0 : asked(throttled, { 'retry-after': '7' }).retryAfterMs, 7000)
  const bug = new TypeError('x is not a function')
  assert.is(asAwsError(bug, 'iam:GetRole', '', 0), bug)
  const known = new IamRaError('TIMEOUT', 'exchange', 'late')
  assert.is(asAwsError(known, 'iam:GetRole', '', 0), known)
})

refusals('show no secret that AWS repeats', () => {
  const text = 'The key AKIAIOSFODNN7EXAMPLE is not known'
  const error = asAwsError(thrown({ type: 'InvalidClientTokenId', status: 403, text }), 'iam:GetRole', '', 0)
  assert.not.match((error as IamRaError).message, /AKIAIOSF/)
})

refusals('tell apart what is not there, and what is there already', () => {
  const named = (type: string): unknown =>
    asAwsError(thrown({ type, status: 409, text: 'x' }), 'iam:GetRole', '', 0)
  for (const type of ['NoSuchEntity', 'NoSuchEntityException', 'ResourceNotFoundException'])
    assert.is(isAbsent(named(type)), true)
  for (const type of ['EntityAlreadyExists', 'EntityAlreadyExistsException'])
    assert.is(isThereAlready(named(type)), true)
  assert.is(isAbsent(named('DeleteConflict')) || isThereAlready(named('DeleteConflict')), false)
})

refusals.run()
