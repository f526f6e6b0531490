import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { SessionCredentials } from '../../src/credentials.ts'
import { CREDENTIALS, endpoint, PORT, TOKEN, type Sent } from './request.ts'

const container = suite('container credentials')
const authorized = [['Authorization', TOKEN]] as const

const requests: readonly [title: string, sent: Sent, status: number][] = [
  ['the path', { target: '/v1/credentials', headers: authorized }, 200],
  ['the path with a slash', { target: '/v1/credentials/', headers: authorized }, 200],
  ['a lower-case header name', { target: '/v1/credentials', headers: [['authorization', TOKEN]] }, 200],
  ['no token', { target: '/v1/credentials' }, 401],
  ['an empty token', { target: '/v1/credentials', headers: [['Authorization', '']] }, 401],
  [
    'another token',
    { target: '/v1/credentials', headers: [['Authorization', `${TOKEN.slice(0, -1)}x`]] },
    401,
  ],
  [
    'the beginning of the token',
    { target: '/v1/credentials', headers: [['Authorization', TOKEN.slice(0, -1)]] },
    401,
  ],
  ['a longer token', { target: '/v1/credentials', headers: [['Authorization', `${TOKEN}x`]] }, 401],
  [
    'a scheme before the token',
    { target: '/v1/credentials', headers: [['Authorization', `Bearer ${TOKEN}`]] },
    401,
  ],
  ['the token twice', { target: '/v1/credentials', headers: [...authorized, ...authorized] }, 401],
  ['POST', { method: 'POST', target: '/v1/credentials', headers: authorized }, 405],
  ['PUT', { method: 'PUT', target: '/v1/credentials', headers: authorized }, 405],
  ['HEAD', { method: 'HEAD', target: '/v1/credentials', headers: authorized }, 405],
  ['OPTIONS', { method: 'OPTIONS', target: '/v1/credentials', headers: authorized }, 405],
  ['a query', { target: '/v1/credentials?a=b', headers: authorized }, 404],
  ['a query without a word', { target: '/v1/credentials?', headers: authorized }, 404],
  ['a second slash at the end', { target: '/v1/credentials//', headers: authorized }, 200],
  ['a second slash at the beginning', { target: '//v1/credentials', headers: authorized }, 200],
  ['many slashes at the beginning', { target: '/////v1/credentials', headers: authorized }, 200],
  ['a second slash within', { target: '/v1//credentials', headers: authorized }, 200],
  ['second slashes and no token', { target: '//v1//credentials//' }, 401],
  ['no slash at the beginning', { target: 'v1/credentials', headers: authorized }, 404],
  ['a host after two slashes', { target: '//127.0.0.1:9911/v1/credentials', headers: authorized }, 404],
  ['an escaped slash', { target: '/%2fv1/credentials', headers: authorized }, 404],
  ['a backslash', { target: '/\\v1/credentials', headers: authorized }, 404],
  ['another case', { target: '/V1/Credentials', headers: authorized }, 404],
  ['an escaped letter', { target: '/v1/%63redentials', headers: authorized }, 404],
  ['dots', { target: '/v1/x/../credentials', headers: authorized }, 404],
  ['a dot', { target: '/./v1/credentials', headers: authorized }, 404],
  ['dots at the end', { target: '/v1/credentials/.', headers: authorized }, 404],
  ['below the path', { target: '/v1/credentials/role', headers: authorized }, 404],
  ['an absolute URL', { target: 'http://127.0.0.1:9911/v1/credentials', headers: authorized }, 404],
  ['the root', { target: '/', headers: authorized }, 404],
  [
    'forwarded',
    { target: '/v1/credentials', headers: [...authorized, ['X-Forwarded-For', '10.0.0.1']] },
    403,
  ],
  [
    'forwarded, with nothing said',
    { target: '/v1/credentials', headers: [...authorized, ['x-forwarded-for', '']] },
    403,
  ],
]
for (const [title, sent, status] of requests) {
  container(`${title}: ${status}`, () => {
    const { ask, counts } = endpoint()
    const answer = ask(sent)
    assert.is(answer.status, status)
    assert.is(answer.headers['Content-Type'], 'application/json')
    if (status !== 200) assert.equal(Object.keys(JSON.parse(answer.body) as object), ['code', 'message'])
    assert.is(answer.headers['Allow'], status === 405 ? 'GET' : undefined)
    assert.is(answer.body.includes(CREDENTIALS.secretAccessKey), status === 200)
    assert.is(counts.list()[0]?.status, status)
  })
}

const hosts: readonly [host: string, status: number][] = [
  ['127.0.0.1:9911', 200],
  ['127.0.0.1', 200],
  ['[::1]:9911', 200],
  ['[::1]', 200],
  ['localhost:9911', 200],
  ['localhost', 200],
  ['LocalHost', 200],
  ['127.0.0.1:9912', 403],
  ['127.0.0.1:9911:9911', 403],
  ['127.0.0.1:', 403],
  ['127.0.0.2:9911', 403],
  ['0.0.0.0:9911', 403],
  ['::1', 403],
  ['169.254.169.254', 403],
  ['localhost.:9911', 403],
  ['localhost.attacker.example:9911', 403],
  ['attacker.example', 403],
  ['attacker.example:9911', 403],
  ['', 403],
]
for (const [host, status] of hosts) {
  container(`Host ${JSON.stringify(host)}: ${status}`, () => {
    const headers = [['Host', host] as const, ...authorized]
    assert.is(endpoint().ask({ target: '/v1/credentials', headers }).status, status)
  })
}

container('Host twice: 403', () => {
  const headers = [['Host', '127.0.0.1'] as const, ['Host', '127.0.0.1'] as const, ...authorized]
  assert.is(endpoint().ask({ target: '/v1/credentials', headers }).status, 403)
})

container('no Host, as HTTP/1.0 allows: 403', () => {
  const { loopback } = endpoint().endpoint
  const headers = ['Authorization', TOKEN]
  const request = { method: 'GET', target: '/v1/credentials', headers, port: PORT, address: '127.0.0.1' }
  assert.is(loopback(request).status, 403)
})

function served(credentials: SessionCredentials): unknown {
  const { ask } = endpoint({ current: () => credentials })
  const answer = ask({ target: '/v1/credentials', headers: authorized })
  assert.is(answer.headers['Content-Length'], String(Buffer.byteLength(answer.body)))
  return JSON.parse(answer.body)
}

container(
  'the members are those that readers ask for, the end in whole seconds and not later than it is',
  () => {
    assert.equal(served(CREDENTIALS), {
      AccessKeyId: 'ASIAEXAMPLE',
      SecretAccessKey: 'secret/key+of=example',
      Token: 'session/token+of=example==',
      Expiration: '2026-11-21T13:00:00Z',
      AccountId: '123456789012',
    })
  },
)

container('keys of an IAM user have an empty token, which readers do not sign', () => {
  assert.equal(
    served({
      accessKeyId: 'AKIAEXAMPLE',
      secretAccessKey: 'secret',
      expiresAtMs: CREDENTIALS.expiresAtMs,
    }),
    { AccessKeyId: 'AKIAEXAMPLE', SecretAccessKey: 'secret', Token: '', Expiration: '2026-11-21T13:00:00Z' },
  )
})

container('without credentials that are alive: 503 without a key', () => {
  const { ask } = endpoint({ current: () => undefined })
  const answer = ask({ target: '/v1/credentials', headers: authorized })
  assert.is(answer.status, 503)
  assert.not.match(answer.body, /AccessKeyId|Token/)
})

container('without credentials a reader without the token learns nothing of that', () => {
  assert.is(endpoint({ current: () => undefined }).ask({ target: '/v1/credentials' }).status, 401)
})

container('the answer is made once, and anew for new credentials', () => {
  let current: SessionCredentials | undefined = CREDENTIALS
  const { ask } = endpoint({ current: () => current })
  const sent = { target: '/v1/credentials', headers: authorized }
  const first = ask(sent)
  assert.is(ask(sent), first)
  current = { ...CREDENTIALS, accessKeyId: 'ASIANEXT' }
  assert.match(ask(sent).body, 'ASIANEXT')
  current = undefined
  assert.is(ask(sent).status, 503)
  current = CREDENTIALS
  assert.equal(ask(sent), first)
})

container.run()
