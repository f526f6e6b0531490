import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { warnOfUserKeys } from '../../../src/commands/long-lived/user-keys.ts'
import { CREDENTIALS } from '../../endpoint/request.ts'
import { recordingLogger } from '../../support/fake-runtime.ts'

const userKeys = suite('keys of an IAM user over the endpoint')
const { sessionToken: _sessionToken, ...withoutToken } = CREDENTIALS

userKeys('are warned of once, at the first of them', () => {
  const logger = recordingLogger()
  const told = warnOfUserKeys(logger)
  told(CREDENTIALS)
  assert.equal(logger.messages('warn'), [])
  told(withoutToken)
  told(withoutToken)
  told(CREDENTIALS)
  told(withoutToken)
  const [message = '', ...others] = logger.messages('warn')
  assert.equal(others, [])
  assert.match(message, /IAM user and have no session token.*Java and Rust.*JavaScript v2.*CRT/)
  assert.not.match(message, withoutToken.secretAccessKey)
})

userKeys.run()
