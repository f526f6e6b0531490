import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXCHANGE_RULES, exchangeFacts, explainRefusal, type Refusal } from '../../src/exchange/refusal.ts'
import type { ExchangeSettings } from '../../src/exchange/settings.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'
import { walkRules } from '../support/refusals.ts'
import { arn, CERTIFICATE, SETTINGS } from './fixture.ts'
import { SESSION_REFUSALS, UNSEEN } from './refusals.ts'

interface Told {
  readonly message: string
  readonly hint: string
}

function explain(refusal: Partial<Refusal>, settings: Partial<ExchangeSettings> = {}): Told {
  const whole = {
    status: 403,
    type: 'AccessDeniedException',
    text: '',
    sentence: 'Roles Anywhere said no',
    serverDate: new Date(FAKE_NOW_MS).toUTCString(),
    ...refusal,
  }
  const error = explainRefusal(whole, { ...SETTINGS, ...settings }, CERTIFICATE, FAKE_NOW_MS)
  assert.is(error.code, 'REFUSED')
  assert.is(error.stage, 'exchange')
  assert.is(error.retryable, false)
  assert.is(error.status, whole.status)
  return { message: error.message, hint: error.hint ?? '' }
}

const refusals = suite('explainRefusal')

for (const { status, type, text, cause, hint } of SESSION_REFUSALS) {
  refusals(`has the cause of: ${text === '' ? type : text}`, () => {
    const told = explain({ status, type, text })
    assert.match(told.message, cause ?? '')
    assert.match(told.hint, hint)
  })
}

refusals('is not led astray by the words in the name of the role', () => {
  for (const name of ['profile-expired', 'duration-revoked', 'trust-anchor-not-found', 'invalid-signature']) {
    const roleArn = arn(`arn:aws:iam::111122223333:role/${name}`)
    const told = explain({ text: `Unable to assume role for ${roleArn.text}` }, { roleArn })
    assert.match(told.message, /trust policy does not allow this certificate/, name)
  }
})

refusals('judges by the type where the text says nothing', () => {
  assert.match(explain({ type: 'ValidationException', status: 400 }).message, /does not accept a value/)
  assert.match(
    explain({ type: 'ResourceNotFoundException', status: 404 }).message,
    /an ARN or its region is wrong/,
  )
  assert.match(explain({ type: '', status: 404 }).hint, /AWS_ENDPOINT_URL_ROLESANYWHERE/)
  assert.match(explain({ type: 'InvalidSignatureException' }).message, /this node's clock/)
  assert.match(explain({ type: 'ExpiredTokenException' }).message, /has expired/)
})

refusals('names what to look for where nothing is known', () => {
  const told = explain({ text: 'Something new' })
  assert.match(told.message, /does not accept this certificate/)
  assert.match(told.hint, /serial F00DCAFE01 in CloudTrail in region eu-west-1/)
})

refusals('says which subject, serial, issuer and chain were sent', () => {
  assert.match(
    explain({ text: 'Untrusted signing certificate' }).message,
    /; sent: subject \[CN=app\.team\.cluster\], serial F00DCAFE01, issuer \[O=Example, CN=Intermediate 2\], without a chain$/,
  )
  const chained = { ...CERTIFICATE, chainSubjects: ['CN=Int 2', 'CN=Int 1'] }
  const error = explainRefusal(
    { status: 403, type: '', text: '', sentence: 's', serverDate: undefined },
    SETTINGS,
    chained,
    FAKE_NOW_MS,
  )
  assert.match(error.message, /with the chain \[CN=Int 2\] → \[CN=Int 1\]$/)
})

refusals('measures the clock by the Date header', () => {
  const signedAt = (differenceMs: number): string =>
    explain({
      text: 'Invalid signature',
      serverDate: new Date(FAKE_NOW_MS - differenceMs).toUTCString(),
    }).message
  assert.match(signedAt(10 * 60_000), /this node's clock is 10 min ahead of AWS/)
  assert.match(signedAt(-6 * 60_000), /this node's clock is 6 min behind AWS/)
  assert.not.match(signedAt(30_000), /min ahead/)
})

refusals('reads no clock out of a Date header that is absent or none', () => {
  for (const serverDate of [undefined, 'yesterday', '']) {
    assert.match(explain({ text: 'Invalid signature', serverDate }).message, /off by minutes, or something/)
  }
})

walkRules(
  refusals,
  EXCHANGE_RULES,
  SESSION_REFUSALS,
  (refusal) => exchangeFacts({ ...refusal, serverDate: undefined }, SETTINGS, CERTIFICATE, FAKE_NOW_MS),
  UNSEEN,
)

refusals.run()
