import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { explainLoginRefusal, LOGIN_RULES, loginFacts } from '../../src/identity/refusal.ts'
import { decodeClaims } from '../../src/identity/service-account.ts'
import { VaultRefusal } from '../../src/vault/answer.ts'
import type { LoginSettings } from '../../src/identity/settings.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'
import { walkRules } from '../support/refusals.ts'
import { CLAIMS, jwt, settings } from './fixture.ts'
import { LOGIN_REFUSALS } from './refusals.ts'

interface Told {
  readonly message: string
  readonly hint: string
}

function explain(
  status: number,
  errors: readonly string[],
  changes: Partial<LoginSettings> = {},
  claims: object = CLAIMS,
  serverDateMs?: number,
): Told {
  const refusal = new VaultRefusal('identity', 'Vault said no', status, errors, serverDateMs)
  const error = explainLoginRefusal(refusal, decodeClaims(jwt(claims)), settings(changes), FAKE_NOW_MS)
  assert.is(error.code, 'REFUSED')
  assert.is(error.stage, 'identity')
  assert.is(error.retryable, false)
  assert.is(error.status, status)
  assert.is(error.cause, refusal)
  return { message: error.message, hint: error.hint ?? '' }
}

const EXPIRED = { ...CLAIMS, exp: FAKE_NOW_MS / 1000 - 1 }

const refusals = suite('explainLoginRefusal')

for (const { method, status, text, cause, hint, hasExpired } of LOGIN_REFUSALS) {
  refusals(`${method} auth, ${status}: ${text}${hasExpired === true ? ' (expired)' : ''}`, () => {
    const told = explain(
      status,
      [text],
      { authMethod: method, authMount: method },
      hasExpired === true ? EXPIRED : CLAIMS,
    )
    assert.match(told.message, `(${status}, ${text}): `)
    assert.match(told.message, cause ?? '')
    assert.match(told.hint, hint)
  })
}

refusals('names address, mount and role, and what the token says of itself', () => {
  assert.is(
    explain(403, ['permission denied'], { authMount: 'k8s/prod' }).message.replace(
      /: the token was.*;/,
      ': …;',
    ),
    'Vault at https://vault.example:8200 refused the login at auth/k8s/prod as role app (403, permission denied): …; ' +
      'the token belongs to team/app, audience vault, valid until 2026-11-21T12:10:00.000Z',
  )
})

refusals('says what is known of a token without claims', () => {
  const { message } = explain(403, [], {}, {})
  assert.match(message, /\(403, no reason given\)/)
  assert.match(message, /the token belongs to an unknown subject, no audience, no expiry$/)
})

refusals('takes an expired token for the cause where Vault gives none', () => {
  assert.match(
    explain(403, ['permission denied'], {}, EXPIRED).message,
    /: the service-account token has expired;/,
  )
  const told = explain(400, ['invalid role name "app"'], {}, EXPIRED)
  assert.match(told.message, /has no such role/)
})

refusals("judges the expiry by the server's clock where it is known", () => {
  const inTenMinutes = FAKE_NOW_MS + 600_000
  const { message } = explain(403, ['permission denied'], {}, CLAIMS, inTenMinutes)
  assert.match(message, /: the service-account token has expired;/)
})

walkRules(refusals, LOGIN_RULES, LOGIN_REFUSALS, ({ method, status, text, hasExpired }) =>
  loginFacts(
    new VaultRefusal('identity', 'Vault said no', status, [text]),
    decodeClaims(jwt(hasExpired === true ? EXPIRED : CLAIMS)),
    settings({ authMethod: method, authMount: method }),
    FAKE_NOW_MS,
  ),
)

refusals.run()
