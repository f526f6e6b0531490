import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SessionCredentials } from '../../src/credentials.ts'
import { CREDENTIALS, endpoint, type Sent } from './request.ts'

const imds = suite('instance metadata')
const ROLES = '/latest/meta-data/iam/security-credentials'
const TTL = 'X-aws-ec2-metadata-token-ttl-seconds'
const put: Sent = { method: 'PUT', target: '/latest/api/token' }

for (const ttl of ['1', '60', '21600', '021']) {
  imds(`a session of ${ttl} s`, () => {
    const answer = endpoint().ask({ ...put, headers: [[TTL, ttl]] })
    assert.is(answer.status, 200)
    assert.is(answer.headers[TTL], String(Number(ttl)))
    assert.match(answer.headers['Content-Type'] ?? '', 'text/plain')
    assert.match(answer.body, /^[\w-]{51}$/)
  })
}

for (const [target, status] of [
  ['/latest/api/token/', 200],
  ['//latest/api/token', 200],
  ['///latest//api/token//', 200],
  ['//latest/api/token?x', 404],
  ['http://127.0.0.1:9911//latest/api/token', 404],
  ['//latest/./api/token', 404],
] as const) {
  imds(`a session by ${target}: ${status}`, () => {
    assert.is(endpoint().ask({ method: 'PUT', target, headers: [[TTL, '60']] }).status, status)
  })
}

for (const ttl of ['0', '-1', '21601', '1.5', '1e3', '', ' ', 'ten', '99999999999999999999', '60, 60']) {
  imds(`no session of ${JSON.stringify(ttl)} s`, () => {
    assert.is(endpoint().ask({ ...put, headers: [[TTL, ttl]] }).status, 400)
  })
}

const refusedStarts: readonly [title: string, sent: Sent, status: number][] = [
  ['no TTL', put, 400],
  [
    'two TTLs',
    {
      ...put,
      headers: [
        [TTL, '60'],
        [TTL, '60'],
      ],
    },
    400,
  ],
  ['GET', { target: '/latest/api/token', headers: [[TTL, '60']] }, 405],
  ['POST', { method: 'POST', target: '/latest/api/token', headers: [[TTL, '60']] }, 405],
  [
    'forwarded',
    {
      ...put,
      headers: [
        [TTL, '60'],
        ['X-Forwarded-For', '10.0.0.1'],
      ],
    },
    403,
  ],
  [
    'a foreign host',
    {
      ...put,
      headers: [
        [TTL, '60'],
        ['Host', 'attacker.example'],
      ],
    },
    403,
  ],
]
for (const [title, sent, status] of refusedStarts) {
  imds(`a session for ${title}: ${status}`, () => {
    const answer = endpoint().ask(sent)
    assert.is(answer.status, status)
    if (status === 405) assert.is(answer.headers['Allow'], 'PUT')
  })
}

const targets: readonly [target: string, status: number][] = [
  [ROLES, 200],
  [`${ROLES}/`, 200],
  [`${ROLES}/reader`, 200],
  [`${ROLES}/reader/`, 200],
  [`${ROLES}/writer`, 404],
  // What an SDK asks for whose variable ends in a slash.
  [`/${ROLES}/`, 200],
  [`/${ROLES}/reader`, 200],
  [`//${ROLES}`, 200],
  [`/${ROLES}/writer`, 404],
  [`${ROLES}//`, 200],
  [`${ROLES}/reader//`, 200],
  [`${ROLES}//reader`, 200],
  [`${ROLES}//writer`, 404],
  ['/latest//meta-data/iam//security-credentials/reader', 200],
  [`${ROLES}/reader/reader`, 404],
  [`${ROLES}/reader?x`, 404],
  [`/${ROLES}/?x`, 404],
  [`${ROLES}/./reader`, 404],
  [`${ROLES}/x/../reader`, 404],
  [`http://127.0.0.1:9911${ROLES}/`, 404],
  [`//127.0.0.1:9911${ROLES}/`, 404],
  [`${ROLES}-extended`, 404],
  [`${ROLES}-extended/`, 404],
  [`${ROLES}-extended/reader`, 404],
  [`/${ROLES}-extended/`, 404],
  [`/${ROLES}-extended/reader`, 404],
  [`/${ROLES}-extended//reader`, 404],
  // SDKs that were told no region ask for this one: the machine's is not the app's.
  ['/latest/meta-data/placement/region', 404],
  ['/latest/meta-data/placement/availability-zone', 404],
  ['/latest/meta-data/placement/', 404],
  ['//latest/dynamic/instance-identity/document', 404],
  ['/latest/dynamic/instance-identity/document', 404],
  ['/latest/dynamic/', 404],
  ['/latest/meta-data/iam/info', 404],
  ['/latest/meta-data/instance-id', 404],
  ['/latest/user-data', 404],
  ['/', 404],
  ['/latest', 200],
  ['/latest/meta-data/', 200],
  ['/latest/meta-data/iam/', 200],
  // Older tools name a version.
  ['/2021-01-03/meta-data/iam/security-credentials/', 200],
  ['/2021-01-03/meta-data/iam/security-credentials/reader', 200],
  ['/2021-01-03/meta-data/iam/security-credentials/writer', 404],
  ['/2021-01/meta-data/iam/security-credentials/', 404],
  ['/latests/meta-data/iam/security-credentials/', 404],
  ['/latest2021-01-03/meta-data/iam/security-credentials/', 404],
  ['/meta-data/iam/security-credentials/', 404],
]
/** Only a session is told whether there is such a role. */
const asksForRole = (target: string): boolean =>
  /^\/+(?:latest|2021-01-03)\/+meta-data\/iam\/+security-credentials\//.test(target)

for (const [target, status] of targets) {
  imds(`${target} in a session: ${status}`, () => {
    const { ask, session } = endpoint()
    assert.is(ask({ target, headers: [session()] }).status, status)
  })
  imds(`${target} without a session: no 200`, () => {
    const { ask } = endpoint()
    assert.is(ask({ target }).status, status === 200 || asksForRole(target) ? 401 : 404)
  })
}

imds('the list has the one role and nothing else', () => {
  const { ask, session } = endpoint()
  const answer = ask({ target: `${ROLES}/`, headers: [session()] })
  assert.is(answer.body, 'reader')
  assert.match(answer.headers['Content-Type'] ?? '', 'text/plain')
})

imds('the credentials are what AWS answers, member by member', () => {
  const { ask, session } = endpoint()
  assert.equal(JSON.parse(ask({ target: `${ROLES}/reader`, headers: [session()] }).body), {
    Code: 'Success',
    LastUpdated: '2026-11-21T12:00:00Z',
    Type: 'AWS-HMAC',
    AccessKeyId: 'ASIAEXAMPLE',
    SecretAccessKey: 'secret/key+of=example',
    Token: 'session/token+of=example==',
    Expiration: '2026-11-21T13:00:00Z',
  })
})

const methods = ['POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS']
for (const method of methods) {
  imds(`${method} on the role: 405`, () => {
    const { ask, session } = endpoint()
    const answer = ask({ method, target: `${ROLES}/reader`, headers: [session()] })
    assert.is(answer.status, 405)
    assert.is(answer.headers['Allow'], 'GET')
  })
}

imds('a forwarded request in a session: 403', () => {
  const { ask, session } = endpoint()
  const headers = [session(), ['X-Forwarded-For', '10.0.0.1'] as const]
  assert.is(ask({ target: `${ROLES}/reader`, headers }).status, 403)
})

imds('a session ends with its time and not before, wherever the wall clock is set to', () => {
  const { ask, clock, session } = endpoint()
  const headers = [session(60)]
  clock.setNow(clock.now() + 86_400_000)
  clock.advance(59_999)
  assert.is(ask({ target: ROLES, headers }).status, 200)
  clock.advance(1)
  assert.is(ask({ target: ROLES, headers }).status, 401)
})

imds('a session of another process: 401', () => {
  const other = endpoint({ sessionKey: new Uint8Array(32).fill(8) })
  assert.is(endpoint().ask({ target: ROLES, headers: [other.session()] }).status, 401)
})

imds('a session token that was changed anywhere: 401', () => {
  const { ask, session } = endpoint()
  const [name, token] = session()
  for (let index = 0; index < token.length; index += 1) {
    const changed = `${token.slice(0, index)}${token[index] === 'A' ? 'B' : 'A'}${token.slice(index + 1)}`
    assert.is(ask({ target: ROLES, headers: [[name, changed]] }).status, 401, `position ${index}`)
  }
})

imds('what is no session token: 401', () => {
  const { ask, session } = endpoint()
  const [name, token] = session()
  for (const text of [
    '',
    'x',
    `${token}=`,
    ` ${token}`,
    token.slice(0, -1),
    '-'.repeat(51),
    'é'.repeat(51),
    'x'.repeat(8000),
  ]) {
    assert.is(ask({ target: ROLES, headers: [[name, text]] }).status, 401, text.slice(0, 60))
  }
  assert.is(
    ask({
      target: ROLES,
      headers: [
        [name, token],
        [name, token],
      ],
    }).status,
    401,
    'twice',
  )
})

imds('IMDSv1 is answered where it is asked for, but not with a bad session', () => {
  const { ask, session } = endpoint({ imdsV1: true })
  assert.is(ask({ target: ROLES }).body, 'reader')
  assert.is(ask({ target: `${ROLES}/reader` }).status, 200)
  assert.is(ask({ target: ROLES, headers: [session()] }).status, 200)
  assert.is(ask({ target: ROLES, headers: [['X-aws-ec2-metadata-token', 'x']] }).status, 401)
  assert.is(ask({ target: ROLES, headers: [session(), session()] }).status, 401)
  assert.is(ask({ target: ROLES, headers: [['Host', 'attacker.example']] }).status, 403)
  assert.is(ask({ target: `${ROLES}-extended/` }).status, 404)
})

imds('without credentials that are alive: 503, for the list too', () => {
  const { ask, session } = endpoint({ current: () => undefined })
  assert.is(ask({ target: ROLES, headers: [session()] }).status, 503)
  assert.is(ask({ target: `${ROLES}/reader`, headers: [session()] }).status, 503)
  assert.is(ask({ target: ROLES }).status, 401)
})

const { roleArn: _roleArn, arn: _arn, ...unnamed } = CREDENTIALS
const names: readonly [name: string, credentials: SessionCredentials][] = [
  ['reader', { ...unnamed, arn: 'arn:aws:sts::123456789012:assumed-role/reader/4f2a' }],
  ['vault-root-x-1', { ...unnamed, arn: 'arn:aws:iam::123456789012:user/vault/vault-root-x-1' }],
  ['team', { ...unnamed, arn: 'arn:aws-cn:sts::123456789012:federated-user/team' }],
  ['a+b=c,d.e@f-g_h', { ...unnamed, roleArn: 'arn:aws:iam::123456789012:role/a+b=c,d.e@f-g_h' }],
  ['aws-iam-ra', unnamed],
  ['aws-iam-ra', { ...unnamed, arn: 'no ARN' }],
  ['aws-iam-ra', { ...unnamed, arn: 'arn:aws:iam::123456789012:user/a?b' }],
]
for (const [name, credentials] of names) {
  imds(`the role of ${credentials.roleArn ?? credentials.arn ?? 'nobody'} is ${name}, escaped or not`, () => {
    const { ask, session } = endpoint({ current: () => credentials })
    assert.is(ask({ target: ROLES, headers: [session()] }).body, name)
    assert.is(ask({ target: `${ROLES}/${name}`, headers: [session()] }).status, 200)
    assert.is(ask({ target: `${ROLES}/${encodeURIComponent(name)}/`, headers: [session()] }).status, 200)
  })
}

imds.run()
