import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ErrorCode, IamRaError } from '../../src/errors.ts'
import { getCallerIdentity } from '../../src/aws/caller-identity.ts'
import { tlsError, TransportError } from '../../src/net/transport-error.ts'
import type { AwsConnection } from '../../src/aws/connection.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { errorText } from '../support/error-text.ts'
import {
  fakeBounds,
  fakeRuntime,
  recordingLogger,
  scriptedHttp,
  type RecordingLogger,
  type ScriptedAnswer,
  type ScriptedHttp,
} from '../support/fake-runtime.ts'

const ARN = 'arn:aws:iam::111122223333:user/vault/vault-token-app-1'
const KEY = {
  accessKeyId: 'AKIAEXAMPLEEXAMPLE00',
  secretAccessKey: 'canary/secret/access/key/0123456789ABCDE',
}
const known = {
  status: 200,
  body: `<GetCallerIdentityResponse xmlns="x"><GetCallerIdentityResult>\n <Arn>${ARN}</Arn><UserId>AIDA</UserId></GetCallerIdentityResult></GetCallerIdentityResponse>`,
}

function refusal(status: number, code: string, message = 'canary'): ScriptedAnswer {
  const body = `<?xml version="1.0"?><ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
  return { status, body }
}

const unknown = refusal(403, 'InvalidClientTokenId', 'The security token included in the request is invalid.')

interface Asked {
  readonly arn: Promise<string>
  readonly wire: ScriptedHttp
  readonly logger: RecordingLogger
}

function ask(answers: Parameters<typeof scriptedHttp>[0], changes: Partial<AwsConnection> = {}): Asked {
  const wire = scriptedHttp(answers)
  const runtime = fakeRuntime({ http: wire.http })
  const logger = recordingLogger()
  const settings = {
    region: 'eu-west-1',
    endpoint: new URL('https://sts.eu-west-1.amazonaws.com'),
    ...changes,
  }
  const arn = getCallerIdentity(settings, KEY, { runtime, bounds: fakeBounds(runtime.clock), logger })
  return { arn, wire, logger }
}

async function failure(answer: ScriptedAnswer, code: ErrorCode): Promise<IamRaError> {
  const { arn, wire } = ask([answer])
  const error = await rejectsWithCode(arn, code)
  assert.is(error.stage, 'exchange')
  assert.is(wire.requests.length, 1, 'no second attempt')
  assert.is(wire.open(), 0)
  return error
}

const identity = suite('getCallerIdentity')

identity('names the host without the dot at its end', async () => {
  const { arn, wire } = ask([known], { endpoint: new URL('https://sts.example.') })
  await arn
  assert.is(wire.requests[0]?.headers['host'], 'sts.example')
})

identity('posts the signed form to the endpoint, over the proxy of the settings', async () => {
  const proxy = new URL('http://proxy.example:3128')
  const { arn, wire } = ask([known], { endpoint: new URL('http://127.0.0.1:4566'), proxy })
  assert.is(await arn, ARN)
  const [sent] = wire.requests
  assert.is(sent?.url.href, 'http://127.0.0.1:4566/')
  assert.is(sent?.method, 'POST')
  assert.is(sent?.body, 'Action=GetCallerIdentity&Version=2011-06-15')
  assert.is(sent?.headers['host'], '127.0.0.1:4566')
  assert.match(
    sent?.headers['authorization'] ?? '',
    /^AWS4-HMAC-SHA256 Credential=AKIAEXAMPLEEXAMPLE00\/20261121\/eu-west-1\/sts\/aws4_request, /,
  )
  assert.not.match(JSON.stringify(sent?.headers), /canary/)
  assert.equal(wire.clients, [{ proxy }])
  assert.is(wire.open(), 0)
})

identity('comes back with a new signature until AWS knows the keys', async () => {
  const { arn, wire, logger } = ask([unknown, unknown, { status: 503 }, known])
  assert.is(await arn, ARN)
  assert.is(wire.requests.length, 4)
  assert.match(logger.messages('step')[0] ?? '', /AWS does not recognize the new keys yet/)
  const dates = wire.requests.map(({ headers }) => headers['x-amz-date'])
  assert.ok(new Set(dates).size > 1)
})

identity('gives up at the deadline, and says that AWS does not know the keys', async () => {
  const { arn, wire } = ask(() => unknown)
  const error = await rejectsWithCode(arn, 'DEADLINE')
  assert.match(
    error.message,
    /answered 403 InvalidClientTokenId: .*does not recognize the new keys yet \(gave up after \d+ attempts: DEADLINE/,
  )
  assert.match(error.hint ?? '', /raise DEADLINE .*AWS_REGION \(eu-west-1\) and AWS_ENDPOINT_URL_STS/)
  assert.ok(wire.requests.length > 3)
  assert.is(wire.open(), 0)
})

for (const [title, answer, code, hint] of [
  ['an old clock', refusal(403, 'SignatureDoesNotMatch', 'Signature expired: 1 &lt; 2'), 'REFUSED', /clock/],
  ['a policy of the endpoint', refusal(403, 'AccessDenied', 'no'), 'REFUSED', /VPC endpoint/],
  ['a page', { status: 200, body: '<html>canary' }, 'ANSWER_INVALID', /AWS_ENDPOINT_URL_STS/],
  ['an ARN that is none', { status: 200, body: '<Arn>canary</Arn>' }, 'ANSWER_INVALID', /proxy/],
  ['a redirect', { status: 302 }, 'ANSWER_INVALID', /proxy/],
  ['JSON', { status: 403, body: { message: 'canary' } }, 'ANSWER_INVALID', /proxy/],
] as const) {
  identity(`does not come back after ${title}`, async () => {
    const error = await failure(answer, code)
    assert.match(error.hint ?? '', hint)
    assert.not.match(errorText(error), /canary/)
  })
}

identity('comes back after what passes', async () => {
  const { arn, wire } = ask([
    refusal(400, 'Throttling'),
    { status: 500 },
    refusal(412, 'PreconditionFailed'),
    new TransportError('unreachable', 'ECONNREFUSED', 'the connection was refused'),
    known,
  ])
  assert.is(await arn, ARN)
  assert.is(wire.requests.length, 5)
})

identity('never shows keys that an answer echoes', async () => {
  const error = await failure(
    refusal(
      403,
      'SignatureDoesNotMatch',
      `${KEY.secretAccessKey} of ${KEY.accessKeyId} &amp; ${KEY.secretAccessKey}`,
    ),
    'REFUSED',
  )
  assert.match(error.message, /SignatureDoesNotMatch: \[hidden\] of \[hidden\] & \[hidden\]$/)
})

identity('names the setting where TLS fails', async () => {
  assert.match((await failure(tlsError('untrusted'), 'TLS')).hint ?? '', /AWS_CA_BUNDLE/)
  for (const reason of ['other-name', 'plain-http'] as const)
    assert.match((await failure(tlsError(reason), 'TLS')).hint ?? '', /check AWS_ENDPOINT_URL_STS/)
})

identity.run()
