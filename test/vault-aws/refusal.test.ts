import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { VaultAwsSettings } from '../../src/vault-aws/settings.ts'
import { explainKeysRefusal, KEYS_RULES, keysFacts } from '../../src/vault-aws/refusal.ts'
import { arn } from '../exchange/fixture.ts'
import { walkRules } from '../support/refusals.ts'
import { KEYS_REFUSALS } from './refusals.ts'
import { refused } from './vault-session.ts'

const SETTINGS: VaultAwsSettings = {
  path: 'cloud/aws/creds/app',
  sts: { region: 'eu-west-1', endpoint: new URL('https://sts.eu-west-1.amazonaws.com') },
  roleArn: arn('arn:aws:iam::111122223333:role/team/app'),
  durationSeconds: 7200,
}
const SESSION = { policies: ['default', 'aws-keys'] }

const refusals = suite("a refusal of Vault's AWS engine")

for (const { title, status, text, cause, hint } of KEYS_REFUSALS) {
  refusals(`explains ${title}`, () => {
    const error = explainKeysRefusal(refused(status, text), SETTINGS, SESSION)
    assert.is(error.code, 'REFUSED')
    assert.is(error.stage, 'exchange')
    assert.is(error.status, status)
    assert.is.not(error.retryable, true)
    assert.match(error.message, cause ?? '')
    assert.match(error.message, text)
    assert.match(error.hint ?? '', hint)
  })
}

walkRules(refusals, KEYS_RULES, KEYS_REFUSALS, ({ status, text }) =>
  keysFacts(refused(status, text), SETTINGS, SESSION),
)

refusals.run()
