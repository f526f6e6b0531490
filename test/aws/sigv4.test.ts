import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { signWithKey } from '../../src/aws/sigv4.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { createSessionStore } from '../rig/emulators/sessions.ts'
import { verifySigV4 } from '../rig/emulators/sigv4.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'

const signing = suite('signWithKey')

signing("makes the signature of AWS's own test suite", async () => {
  const headers = await signWithKey(
    {
      host: 'example.amazonaws.com',
      path: '/',
      body: 'Param1=value1',
      region: 'us-east-1',
      service: 'service',
      contentType: 'application/x-www-form-urlencoded',
      nowMs: Date.UTC(2015, 7, 30, 12, 36),
    },
    // AWS's published example, no secret.
    {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: ['wJalrXUtnFEMI/K7MDENG', 'bPxRfiCYEXAMPLEKEY'].join('+'),
    },
  )
  assert.equal(headers, {
    'content-type': 'application/x-www-form-urlencoded',
    host: 'example.amazonaws.com',
    'x-amz-date': '20150830T123600Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
      'SignedHeaders=content-type;host;x-amz-date, ' +
      'Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  })
})

signing('covers the session token of temporary keys', async () => {
  const sessions = createSessionStore()
  const { account, region } = EXAMPLE
  const key = sessions.issue({
    expiresAtMs: FAKE_NOW_MS + 3_600_000,
    assumedRoleArn: `arn:aws:sts::${account}:assumed-role/a/b`,
    assumedRoleId: 'AROA:b',
    account,
  })
  const body = 'Action=GetCallerIdentity&Version=2011-06-15'
  const request = { host: 'sts.example', path: '/', body, region, service: 'sts', contentType: 'x/y' }
  const signed = await signWithKey({ ...request, nowMs: FAKE_NOW_MS }, key)
  const judge = (headers: Readonly<Record<string, string>>): unknown =>
    verifySigV4(
      {
        method: 'POST',
        target: '/',
        path: '/',
        query: '',
        headers: Object.entries(headers),
        header: (name) => headers[name],
        body: Buffer.from(body),
      },
      { now: () => FAKE_NOW_MS, region, service: 'sts', sessions },
    )
  assert.is(judge(signed), key)
  assert.is(judge({ ...signed, 'x-amz-security-token': `${key.sessionToken}x` }), 'wrong-token')
})

signing.run()
