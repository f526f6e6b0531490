import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { credentialProcessOutput } from '../../src/sink/credential-process.ts'
import { CREDENTIALS } from './scratch.ts'

const output = suite('credential_process output')

output('is one line of JSON with the members that SDKs read', () => {
  const text = credentialProcessOutput({ ...CREDENTIALS, expiresAtMs: CREDENTIALS.expiresAtMs + 999 })
  assert.match(text, /^\{[^\n]*\}\n$/)
  assert.equal(JSON.parse(text), {
    Version: 1,
    AccessKeyId: CREDENTIALS.accessKeyId,
    SecretAccessKey: CREDENTIALS.secretAccessKey,
    SessionToken: CREDENTIALS.sessionToken,
    // Not rounded up: they would be used beyond their end.
    Expiration: '2026-11-21T15:00:00Z',
  })
})

output('has no SessionToken for the keys of an IAM user', () => {
  const { accessKeyId, secretAccessKey, expiresAtMs } = CREDENTIALS
  const members = Object.keys(
    JSON.parse(credentialProcessOutput({ accessKeyId, secretAccessKey, expiresAtMs })) as object,
  )
  assert.equal(members, ['Version', 'AccessKeyId', 'SecretAccessKey', 'Expiration'])
})

output.run()
