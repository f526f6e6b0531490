import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError, type ErrorCode } from '../../src/errors.ts'
import { createSession } from '../../src/exchange/create-session.ts'
import type { ExchangeSettings } from '../../src/exchange/settings.ts'
import { tlsError, TransportError } from '../../src/net/transport-error.ts'
import type { IssuedCertificate, SessionCredentials } from '../../src/credentials.ts'
import { VERSION } from '../../src/version.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { pem } from '../certs/read.ts'
import { errorText } from '../support/error-text.ts'
import {
  FAKE_NOW_MS,
  fakeBounds,
  fakeRuntime,
  recordingLogger,
  scriptedHttp,
  type FakeRuntime,
  type RecordingLogger,
  type ScriptedAnswer,
  type ScriptedHttp,
} from '../support/fake-runtime.ts'
import { answer, bodyOf, CERTIFICATE, SETTINGS } from './fixture.ts'

interface Run {
  readonly result: Promise<SessionCredentials>
  readonly wire: ScriptedHttp
  readonly runtime: FakeRuntime
  readonly logger: RecordingLogger
}

function run(
  script: Parameters<typeof scriptedHttp>[0],
  settings: Partial<ExchangeSettings> = {},
  certificate: Partial<IssuedCertificate> = {},
  signal?: AbortSignal,
): Run {
  const wire = scriptedHttp(script)
  const runtime = fakeRuntime({ http: wire.http })
  const logger = recordingLogger()
  const bounds = fakeBounds(runtime.clock, 60_000, signal)
  const result = createSession(
    { ...SETTINGS, ...settings },
    { ...CERTIFICATE, ...certificate },
    { runtime, bounds, logger },
  )
  return { result, wire, runtime, logger }
}

const CREATED = { status: 201, body: answer() }
const CANARY = /canary/i

/** Fails at the first answer, for good. */
async function refusal(one: ScriptedAnswer, code: ErrorCode): Promise<IamRaError> {
  const { result, wire } = run([one])
  const error = await rejectsWithCode(result, code)
  assert.is(error.stage, 'exchange')
  assert.is(wire.requests.length, 1, 'no second attempt')
  assert.is(wire.open(), 0, 'the client is closed')
  assert.not.match(errorText(error), CANARY)
  return error
}

const request = suite('the request of createSession')

request('names the three ARNs in the body and nothing that was not set', async () => {
  const { result, wire } = run([CREATED])
  await result
  assert.is(wire.requests.length, 1)
  const [sent] = wire.requests
  assert.is(sent?.method, 'POST')
  assert.is(sent?.url.href, 'https://rolesanywhere.eu-west-1.amazonaws.com/sessions')
  assert.equal(bodyOf(sent), {
    profileArn: SETTINGS.profileArn.text,
    roleArn: SETTINGS.roleArn.text,
    trustAnchorArn: SETTINGS.anchorArn.text,
  })
  assert.is(wire.open(), 0)
})

request('sends duration and session name where they are set', async () => {
  const { result, wire } = run([CREATED], { durationSeconds: 900, sessionName: 'my-session' })
  await result
  const { durationSeconds, roleSessionName } = bodyOf(wire.requests[0]) as Record<string, unknown>
  assert.is(durationSeconds, 900)
  assert.is(roleSessionName, 'my-session')
})

request('says in User-Agent who asks and of which version', async () => {
  const { result, wire } = run([CREATED])
  await result
  const headers = wire.requests[0]?.headers ?? {}
  assert.is(headers['user-agent'], `aws-iam-ra/${VERSION}`)
  assert.equal(Object.keys(headers).sort(), [
    'accept',
    'authorization',
    'content-type',
    'host',
    'user-agent',
    'x-amz-date',
    'x-amz-x509',
  ])
})

for (const [endpoint, host] of [
  ['http://127.0.0.1:4566', '127.0.0.1:4566'],
  ['http://[::1]:4566', '[::1]:4566'],
  ['https://vpce-1.example:443', 'vpce-1.example'],
  ['https://vpce-1.example.', 'vpce-1.example'],
  ['https://vpce-1.example.:8443', 'vpce-1.example:8443'],
]) {
  request(`the Host of ${endpoint} is ${host}`, async () => {
    const { result, wire } = run([CREATED], { endpoint: new URL(endpoint ?? '') })
    await result
    assert.is(wire.requests[0]?.headers['host'], host)
    assert.is(wire.requests[0]?.url.pathname, '/sessions')
  })
}

request(
  'goes through the proxy of the settings and trusts the bundle beside the built-in roots',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'iam-ra-'))
    try {
      const caFile = join(folder, 'ca.pem')
      await writeFile(caFile, pem('root').replaceAll('\n', '\\n'))
      const proxy = new URL('http://proxy.example:3128')
      const { result, wire } = run([CREATED], { caFile, proxy })
      await result
      assert.equal(wire.clients, [{ ca: pem('root'), caMode: 'add', proxy }])
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)

request('a bundle that is missing or no PEM is said before anything is sent', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'iam-ra-'))
  try {
    const caFile = join(folder, 'ca.pem')
    const missing = run([], { caFile })
    const error = await rejectsWithCode(missing.result, 'INPUT_FILE')
    assert.match(error.message, /AWS_CA_BUNDLE .*ca\.pem cannot be read \(ENOENT\)/)
    await writeFile(caFile, 'canary')
    const garbage = await rejectsWithCode(run([], { caFile }).result, 'INPUT_FILE')
    assert.match(garbage.message, /contains no PEM certificate/)
    assert.not.match(errorText(garbage), CANARY)
    assert.is(missing.wire.clients.length, 0)
  } finally {
    await rm(folder, { recursive: true })
  }
})

request.run()

const success = suite('an answer of success')

success('becomes credentials with the role, the session and the time', async () => {
  const { result, logger } = run([CREATED])
  assert.equal(await result, {
    accessKeyId: 'ASIAEXAMPLEEXAMPLE00',
    secretAccessKey: 'canary/secret/access/key/0123456789ABCDE',
    sessionToken: 'canarySessionToken0123456789abcdefABCDEF==',
    expiresAtMs: Date.UTC(2026, 10, 21, 13),
    arn: 'arn:aws:sts::111122223333:assumed-role/app/f00dcafe01',
    roleArn: SETTINGS.roleArn.text,
    sessionName: 'f00dcafe01',
  })
  assert.not.match(JSON.stringify(logger.lines), CANARY)
})

const MEMBERS: readonly [string, Parameters<typeof answer>[0], RegExp][] = [
  ['no accessKeyId', { credentials: { accessKeyId: undefined } }, /accessKeyId is missing/],
  ['a number as accessKeyId', { credentials: { accessKeyId: 1234567890123456 } }, /accessKeyId is missing/],
  [
    'a newline in accessKeyId',
    { credentials: { accessKeyId: 'ASIACANARY\n[x]' } },
    /accessKeyId has invalid char/,
  ],
  ['no secretAccessKey', { credentials: { secretAccessKey: null } }, /secretAccessKey is missing/],
  ['an empty secretAccessKey', { credentials: { secretAccessKey: '' } }, /secretAccessKey is missing/],
  [
    'a blank in secretAccessKey',
    { credentials: { secretAccessKey: 'canary canary canary' } },
    /secretAccessKey has invalid char/,
  ],
  [
    'a trailing newline in secretAccessKey',
    { credentials: { secretAccessKey: `${'canary'.repeat(6)}\n` } },
    /secretAccessKey has invalid char/,
  ],
  ['no sessionToken', { credentials: { sessionToken: undefined } }, /sessionToken is missing/],
  ['a list as sessionToken', { credentials: { sessionToken: ['canary'] } }, /sessionToken is missing/],
  [
    'a quote in sessionToken',
    { credentials: { sessionToken: `"${'canary'.repeat(6)}"` } },
    /sessionToken has invalid char/,
  ],
  ['no expiration', { credentials: { expiration: undefined } }, /expiration is missing/],
  ['epoch seconds as expiration', { credentials: { expiration: 1795269600 } }, /expiration is missing/],
  [
    'a date without a zone',
    { credentials: { expiration: '2026-11-21T13:00:00' } },
    /expiration has invalid char/,
  ],
  ['a thirteenth month', { credentials: { expiration: '2026-13-21T13:00:00Z' } }, /expiration is not a date/],
  [
    'an expiration in the past',
    { credentials: { expiration: '2026-11-21T11:59:59Z' } },
    /expiration \(2026-11-21T11:59:59Z\) is in the past by this machine's clock/,
  ],
  ['an expiration of now', { credentials: { expiration: '2026-11-21T12:00:00Z' } }, /is in the past/],
  ['no assumedRoleUser.arn', { assumedRoleUser: { arn: undefined } }, /assumedRoleUser\.arn is missing/],
  [
    'a user as assumedRoleUser.arn',
    { assumedRoleUser: { arn: 'arn:aws:iam::111122223333:user/canary' } },
    /is not an assumed-role ARN/,
  ],
  [
    'another role',
    { assumedRoleUser: { arn: 'arn:aws:sts::111122223333:assumed-role/other/f00d' } },
    /names another role \(arn:aws:sts::111122223333:assumed-role\/other\/f00d\)/,
  ],
  [
    'the path for the name',
    { assumedRoleUser: { arn: 'arn:aws:sts::111122223333:assumed-role/team/f00d' } },
    /names another role/,
  ],
  [
    'another account',
    { assumedRoleUser: { arn: 'arn:aws:sts::999999999999:assumed-role/app/f00d' } },
    /names another role/,
  ],
  [
    'another partition',
    { assumedRoleUser: { arn: 'arn:aws-cn:sts::111122223333:assumed-role/app/f00d' } },
    /names another role/,
  ],
]
for (const [title, changes, expected] of MEMBERS) {
  success(`with ${title} is refused`, async () => {
    const error = await refusal({ status: 201, body: answer(changes) }, 'ANSWER_INVALID')
    assert.match(error.message, expected)
  })
}

for (const [title, body, what] of [
  ['truncated JSON', JSON.stringify(answer()).slice(0, -20), 'something'],
  ['nothing', '', 'an empty body'],
  ['a page', '<!doctype html><title>canary</title>', 'a page'],
  ['a list', [answer()], 'something'],
] as const) {
  success(`with ${title} is refused`, async () => {
    const error = await refusal({ status: 201, body }, 'ANSWER_INVALID')
    assert.match(error.message, `answered 201 with ${what} that is not a CreateSession response`)
    assert.not.match(error.message, 'canary')
  })
}

const SHAPES: readonly [string, object][] = [
  ['an empty credentialSet', { credentialSet: [] }],
  ['a credentialSet that is no list', { credentialSet: answer().credentialSet[0] ?? {} }],
  ['null in credentialSet', { credentialSet: [null] }],
]
for (const [title, body] of SHAPES) {
  success(`with ${title} is refused`, async () => {
    const error = await refusal({ status: 201, body }, 'ANSWER_INVALID')
    assert.match(error.message, /answered with success, but/)
  })
}

success.run()

const odd = suite('an odd answer')

odd('200 is not success, even with credentials', async () => {
  const error = await refusal({ status: 200, body: answer() }, 'ANSWER_INVALID')
  assert.match(error.message, /answered 200 with something that is not a CreateSession response/)
})

for (const status of [301, 302, 303, 307, 308]) {
  odd(`a redirect with ${status} is never followed`, async () => {
    const headers = { location: 'https://canary.example/sessions' }
    const error = await refusal({ status, headers, body: '' }, 'REDIRECT_REFUSED')
    assert.is(error.status, status)
  })
}

const PAGE = '<html><body>canary</body></html>'

for (const status of [200, 400, 403, 404]) {
  odd(`a page with ${status} is not taken for AWS`, async () => {
    const error = await refusal({ status, body: PAGE }, 'ANSWER_INVALID')
    assert.match(error.message, new RegExp(`answered ${status} with a page`))
    assert.match(error.hint ?? '', /proxy/)
  })
}

odd('a page with 503 is worth another attempt', async () => {
  const { result, wire } = run([{ status: 503, body: PAGE }, CREATED])
  await result
  assert.is(wire.requests.length, 2)
})

odd('an error of the wrong shape is still an error', async () => {
  for (const body of ['[]', '"canary"', '{"message":', 'canary']) {
    const error = await refusal({ status: 403, body }, 'ANSWER_INVALID')
    assert.match(error.message, /answered 403 with something/)
  }
  const error = await refusal({ status: 403, body: { message: { canary: 1 }, code: 7 } }, 'REFUSED')
  assert.match(error.message, /answered 403: the trust anchor/)
})

odd.run()

const types = suite('the error type')

const DENIED: readonly [string, Readonly<Record<string, string>>, object][] = [
  ['in the header', { 'x-amzn-errortype': 'AccessDeniedException' }, {}],
  [
    'in the header with a URL',
    { 'x-amzn-errortype': 'AccessDeniedException:http://internal.amazon.com/coral/' },
    {},
  ],
  ['in the header before the body', { 'x-amzn-errortype': 'AccessDeniedException' }, { code: 'Other' }],
  ['in __type with a namespace', {}, { __type: 'com.amazonaws.rolesanywhere#AccessDeniedException' }],
  ['in code', {}, { code: 'AccessDeniedException' }],
  ['with both decorations', {}, { code: 'aws.rolesanywhere#AccessDeniedException:http://x.example/' }],
]
for (const [title, headers, body] of DENIED) {
  types(`is read ${title}`, async () => {
    const error = await refusal({ status: 403, headers, body: { ...body, Message: 'No.' } }, 'REFUSED')
    assert.match(error.message, /answered 403 AccessDeniedException: No: /)
    assert.is(error.status, 403)
  })
}

types('is left out where it is none', async () => {
  const error = await refusal({ status: 403, body: { __type: 'canary canary', message: 'no' } }, 'REFUSED')
  assert.match(error.message, /answered 403: no: /)
})

types.run()

const later = suite('an answer that says: later')

for (const [title, first] of [
  ['429', { status: 429, body: {} }],
  [
    'ThrottlingException with 400',
    { status: 400, headers: { 'x-amzn-errortype': 'ThrottlingException' }, body: {} },
  ],
  ['TooManyRequestsException with 403', { status: 403, body: { __type: 'x#TooManyRequestsException' } }],
  ['RequestLimitExceeded with 400', { status: 400, body: { code: 'RequestLimitExceeded' } }],
  ['500', { status: 500, body: { message: 'Internal' } }],
  ['502', { status: 502, body: '' }],
  ['504', { status: 504, body: '' }],
  ['408', { status: 408, body: '' }],
  ['a reset connection', new TransportError('unreachable', 'ECONNRESET', 'the connection was reset')],
  ['an answer cut short', new TransportError('cut-short', 'ECONNRESET', 'it ended')],
] as const) {
  later(`${title} is tried again, with a new signature`, async () => {
    const { result, wire, runtime } = run([first, CREATED])
    await result
    assert.is(wire.requests.length, 2)
    assert.is(runtime.clock.sleeps.length, 1)
    assert.ok((runtime.clock.sleeps[0] ?? 0) >= 50)
    assert.is(wire.open(), 0)
  })
}

later('each attempt is signed for its own time', async () => {
  const { result, wire } = run([{ status: 503, headers: { 'retry-after': '20' } }, CREATED])
  await result
  assert.equal(
    wire.requests.map(({ headers }) => headers['x-amz-date']),
    ['20261121T120000Z', '20261121T120020Z'],
  )
})

later('Retry-After is the least that is waited, as seconds or as a date', async () => {
  const date = new Date(FAKE_NOW_MS + 7000).toUTCString()
  for (const [value, leastMs] of [
    ['3', 3000],
    [date, 7000],
  ] as const) {
    const { result, runtime } = run([{ status: 429, headers: { 'retry-after': value } }, CREATED])
    await result
    assert.ok((runtime.clock.sleeps[0] ?? 0) >= leastMs, value)
  }
})

later('where time runs out, the last answer is said', async () => {
  const busy = { status: 429, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } }
  const { result, wire } = run(() => busy)
  const error = await rejectsWithCode(result, 'DEADLINE')
  assert.is(error.stage, 'exchange')
  assert.match(
    error.message,
    /answered 429 ThrottlingException: Rate exceeded \(gave up after \d+ attempts: DEADLINE of 60 s is used up/,
  )
  assert.match(error.hint ?? '', /START_SPREAD/)
  assert.ok(wire.requests.length > 2)
})

later('a certificate that ended meanwhile is not sent', async () => {
  const { result, wire } = run(
    [{ status: 503, headers: { 'retry-after': '20' } }],
    {},
    { notAfterMs: FAKE_NOW_MS + 10_000 },
  )
  const error = await rejectsWithCode(result, 'OUTLIVED')
  assert.is(error.stage, 'exchange')
  assert.is(wire.requests.length, 1)
  const ended = run([], {}, { notAfterMs: FAKE_NOW_MS })
  await rejectsWithCode(ended.result, 'OUTLIVED')
  assert.is(ended.wire.requests.length, 0)
})

later('a signal ends an attempt with its own reason', async () => {
  const stop = new AbortController()
  const reason = new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 15 })
  const hang = (): 'hang' => {
    setImmediate(() => stop.abort(reason))
    return 'hang'
  }
  const { result, wire } = run(hang, {}, {}, stop.signal)
  assert.is(await rejectsWithCode(result, 'INTERRUPTED'), reason)
  assert.is(wire.open(), 0)
})

later('a TLS failure ends at once and names the setting', async () => {
  const error = await refusal(tlsError('untrusted'), 'TLS')
  assert.match(error.hint ?? '', /AWS_CA_BUNDLE/)
})

later.run()
