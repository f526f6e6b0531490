import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError, type ErrorCode } from '../../src/errors.ts'
import type { LoginSettings } from '../../src/identity/settings.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { pem } from '../certs/read.ts'
import { errorText } from '../support/error-text.ts'
import { FAKE_NOW_MS, type ScriptedAnswer } from '../support/fake-runtime.ts'
import { CANARY, jwt, loggedIn, logIn, tokenFile, VAULT_TOKEN } from './fixture.ts'

function headersOf(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]))
}

/** Fails at the first answer, for good. */
async function failure(
  answer: ScriptedAnswer,
  code: ErrorCode,
  changes: Partial<LoginSettings> = {},
): Promise<IamRaError> {
  const { session, wire, logger } = logIn([answer], changes)
  const error = await rejectsWithCode(session, code)
  assert.is(error.stage, 'identity')
  assert.is(wire.requests.length, 1, 'no second attempt')
  assert.is(wire.open(), 0, 'the client is closed')
  assert.not.match(errorText(error), CANARY)
  assert.not.match(JSON.stringify(logger.lines), CANARY)
  return error
}

const request = suite('the request of login')

request('has role and token in its body, and no token in its headers', async () => {
  const { session, wire } = logIn([loggedIn()])
  await session
  const [sent] = wire.requests
  assert.is(sent?.method, 'POST')
  assert.is(sent?.url.href, 'https://vault.example:8200/v1/auth/kubernetes/login')
  assert.equal(JSON.parse(sent?.body ?? ''), { role: 'app', jwt: jwt() })
  const headers = headersOf(sent?.headers)
  assert.is(headers['x-vault-request'], 'true')
  assert.is(headers['content-type'], 'application/json')
  assert.not.ok('x-vault-token' in headers)
  assert.not.ok('x-vault-namespace' in headers)
})

for (const [mount, path] of [
  ['jwt', '/v1/auth/jwt/login'],
  ['clusters/prod-1', '/v1/auth/clusters/prod-1/login'],
  ['odd?x=1#y', '/v1/auth/odd%3Fx%3D1%23y/login'],
  ['ümlaut', '/v1/auth/%C3%BCmlaut/login'],
  ['a&#x2F;b', '/v1/auth/a%26%23x2F%3Bb/login'],
  ['{{role}}', '/v1/auth/%7B%7Brole%7D%7D/login'],
] as const) {
  request(`goes to the mount ${mount}, each segment encoded`, async () => {
    const { session, wire } = logIn([loggedIn()], { authMount: mount })
    await session
    const { url } = wire.requests[0] ?? {}
    assert.is(`${url?.pathname}${url?.search}${url?.hash}`, path)
  })
}

request('names the namespace in its header', async () => {
  const { session, wire } = logIn([loggedIn()], { namespace: 'team/a' })
  await session
  assert.is(headersOf(wire.requests[0]?.headers)['x-vault-namespace'], 'team/a')
})

request('goes to an IPv6 literal, over the proxy and with the TLS name of the settings', async () => {
  const proxy = new URL('http://proxy.example:3128')
  const { session, wire } = logIn([loggedIn()], {
    addr: new URL('http://[::1]:8200'),
    proxy,
    tlsServerName: 'vault.internal',
  })
  await session
  assert.is(wire.requests[0]?.url.origin, 'http://[::1]:8200')
  assert.equal(wire.clients, [{ proxy, tlsServerName: 'vault.internal' }])
})

request('has the token that the file holds at each attempt', async () => {
  const file = tokenFile(jwt({ sub: 'first' }))
  try {
    const { session, wire } = logIn(
      () => {
        if (wire.requests.length > 1) return loggedIn()
        file.write(jwt({ sub: 'second' }))
        return { status: 503, body: { errors: [] } }
      },
      { tokenFile: file.path },
    )
    await session
    const sent = wire.requests.map(({ body }) => (JSON.parse(body ?? '') as { jwt: string }).jwt)
    assert.equal(sent, [jwt({ sub: 'first' }), jwt({ sub: 'second' })])
  } finally {
    file.remove()
  }
})

request('is not sent where the token or the CA cannot be read', async () => {
  const file = tokenFile('')
  try {
    const empty = logIn([], { tokenFile: file.path })
    await rejectsWithCode(empty.session, 'INPUT_FILE')
    assert.is(empty.wire.requests.length, 0)
    assert.is(empty.wire.open(), 0)
    const missing = logIn([], { caFile: `${file.path}-not` })
    const error = await rejectsWithCode(missing.session, 'INPUT_FILE')
    assert.match(error.message, /VAULT_CACERT .* cannot be read \(ENOENT\)/)
    file.write('garbage')
    const garbage = await rejectsWithCode(logIn([], { caFile: file.path }).session, 'INPUT_FILE')
    assert.match(garbage.message, /VAULT_CACERT .* contains no PEM certificate/)
    file.write(`indented\n  ${pem('root').replaceAll('\n', '\n  ')}`)
    const trusted = logIn([loggedIn()], { caFile: file.path })
    await trusted.session
    assert.equal(trusted.wire.clients, [{ ca: pem('root') }])
  } finally {
    file.remove()
  }
})

request.run()

const answers = suite('an answer to login')

answers('gives the policies and the end of the token', async () => {
  const { session, logger, runtime } = logIn([loggedIn()])
  const { policies, hasEnded } = await session
  assert.equal(policies, ['default', 'iam-ra'])
  runtime.clock.setNow(FAKE_NOW_MS + 3_600_000)
  runtime.clock.advance(299_999)
  assert.not.ok(hasEnded(), 'a clock that is set does not end it')
  runtime.clock.advance(1)
  assert.ok(hasEnded())
  assert.equal(logger.lines[0]?.fields, {
    stage: 'identity',
    policies: ['default', 'iam-ra'],
    token_type: 'service',
    request_id: '11111111-2222-4333-8444-555555555555',
  })
  assert.not.match(JSON.stringify(logger.lines), CANARY)
})

answers('gives policies that cannot write on the terminal', async () => {
  const { policies } = await logIn([loggedIn({ policies: ['a\u001b[2J\nb', 7, 'c\u202ed'] })]).session
  assert.equal(policies, ['a [2J b', 'c d'])
})

answers('with a lease of 0 is a token without an end', async () => {
  const { session, runtime } = logIn([loggedIn({ lease_duration: 0 })])
  const { hasEnded } = await session
  runtime.clock.advance(1e12)
  assert.not.ok(hasEnded())
})

answers('keeps nothing of a request id that could not be one', async () => {
  const { session, logger } = logIn([{ status: 200, body: { ...loggedIn().body, request_id: 'a b\nc' } }])
  await session
  assert.is(logger.lines[0]?.fields['request_id'], '')
})

answers('that asks for a second factor says what to exempt', async () => {
  const auth = { client_token: '', mfa_requirement: { mfa_request_id: 'canary', mfa_constraints: {} } }
  const error = await failure(loggedIn(auth), 'REFUSED')
  assert.match(error.message, /second factor/)
  assert.match(error.hint ?? '', /MFA enforcement/)
})

for (const [title, answer] of [
  ['no auth', { status: 200, body: { data: { canary: 1 }, auth: null } }],
  ['no token', loggedIn({ client_token: undefined })],
  ['an empty token', loggedIn({ client_token: '' })],
  ['a token that no header can carry', loggedIn({ client_token: 'hvs.canary\r\nX-Evil: 1' })],
  ['a number as token', loggedIn({ client_token: 7 })],
  ['no lease', loggedIn({ lease_duration: undefined })],
  ['a negative lease', loggedIn({ lease_duration: -1 })],
  ['nothing, as 204', { status: 204 }],
] as const) {
  answers(`with ${title} is none`, async () => {
    const error = await failure(answer, 'ANSWER_INVALID')
    assert.match(error.message, /Vault's login response has no token or no lease/)
  })
}

for (const [title, answer, said] of [
  [
    'a page with 200',
    { status: 200, body: '<html>canary</html>' },
    /answered 200 .* with a page that is not Vault's JSON/,
  ],
  ['nothing with 200', { status: 200 }, /with an empty body that is not/],
  ['truncated JSON', { status: 200, body: '{"auth":{"client_token":"canary' }, /with something that is not/],
  ['a list', { status: 200, body: [] }, /with something that is not/],
  ['a page with 403', { status: 403, body: '<!DOCTYPE html><p>canary' }, /answered 403 .* with a page/],
  ['a page with 404', { status: 404, body: '<html>canary' }, /answered 404 .* with a page/],
  ['201', { status: 201, body: loggedIn().body }, /answered 201/],
  ['304', { status: 304 }, /answered 304/],
] as const) {
  answers(`of another server is refused: ${title}`, async () => {
    const error = await failure(answer, 'ANSWER_INVALID')
    assert.match(error.message, said)
    assert.match(error.hint ?? '', /proxy or gateway/)
  })
}

answers('in plain text that says the port is for https gets that hint', async () => {
  const body = 'Client sent an HTTP request to an HTTPS server.\n'
  const error = await failure({ status: 400, body }, 'ANSWER_INVALID')
  assert.match(error.message, /speaks https only/)
  assert.match(error.hint ?? '', /https in VAULT_ADDR/)
})

answers('that echoes the service-account token is not shown', async () => {
  const echoes = [
    jwt(),
    `bad token ${jwt()}.`,
    `cut ${jwt().slice(0, 40)}`,
    `only ${jwt().split('.')[1] ?? ''}`,
  ]
  for (const echo of echoes) {
    const error = await failure({ status: 400, body: { errors: [`cannot read ${echo}`] } }, 'REFUSED')
    assert.match(error.message, /\[hidden\]/)
    assert.not.match(errorText(error), jwt().slice(0, 40))
    assert.not.match(errorText(error), (jwt().split('.')[1] ?? '').slice(0, 60))
  }
})

answers('that names several reasons is shown as one line', async () => {
  const text = '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'
  const error = await failure({ status: 403, body: { errors: [text] } }, 'REFUSED')
  assert.match(error.message, /\(403, permission denied; invalid token\)/)
})

answers('that end with a full stop leave it out', async () => {
  const text = 'no handler for route "auth/nowhere/login". route entry not found.'
  const error = await failure({ status: 404, body: { errors: [text] } }, 'REFUSED')
  assert.match(error.message, /\(404, .*route entry not found\): /)
})

answers('whose 500 will not change is final', async () => {
  await failure(
    { status: 500, body: { errors: ['failed to determine alias name from login request'] } },
    'REFUSED',
  )
  const error = await failure(
    { status: 500, body: { errors: ['could not load backend configuration'] } },
    'REFUSED',
  )
  assert.match(error.message, /is not configured yet/)
})

answers.run()

const later = suite('a login that has to wait')

for (const [title, first] of [
  [
    '429',
    { status: 429, body: { errors: ['request path "auth/kubernetes/login": rate limit quota exceeded'] } },
  ],
  ['412', { status: 412, body: { errors: ['required index state not present'] } }],
  ['500', { status: 500, body: { errors: ['internal error'] } }],
  ['a page with 502', { status: 502, body: '<html></html>' }],
  ['503 of a sealed Vault', { status: 503, body: { errors: ['Vault is sealed'] } }],
] as const) {
  later(`is tried again after ${title}`, async () => {
    const { session, wire } = logIn([first, loggedIn()])
    await session
    assert.is(wire.requests.length, 2)
  })
}

later('says that Vault is sealed where time runs out', async () => {
  const { session } = logIn(() => ({ status: 503, body: { errors: ['Vault is sealed'] } }))
  const error = await rejectsWithCode(session, 'DEADLINE')
  assert.match(
    error.message,
    /^Vault at https:\/\/vault\.example:8200 is sealed \(gave up after \d+ attempts: DEADLINE of 60 s/,
  )
  assert.match(error.hint ?? '', /unseal/)
})

later('waits as long as Vault asks it to', async () => {
  const { session, runtime } = logIn([{ status: 429, headers: { 'retry-after': '9' } }, loggedIn()])
  await session
  assert.ok((runtime.clock.sleeps[0] ?? 0) >= 9000)
})

later('ends with the reason of a signal, and closes the connection', async () => {
  const stop = new AbortController()
  const reason = new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 15 })
  const script = (): ScriptedAnswer => {
    setImmediate(() => stop.abort(reason))
    return { status: 503, headers: { 'retry-after': '40' } }
  }
  const { session, wire } = logIn(script, {}, stop.signal)
  assert.is(await rejectsWithCode(session, 'INTERRUPTED'), reason)
  assert.is(wire.open(), 0)
})

later('a refusal that comes after the signal does not hide it', async () => {
  const stop = new AbortController()
  const reason = new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 15 })
  const script = (): ScriptedAnswer => {
    stop.abort(reason)
    return { status: 400, body: '{"errors":["missing role"]}' }
  }
  const { session, wire } = logIn(script, {}, stop.signal)
  assert.is(await rejectsWithCode(session, 'INTERRUPTED'), reason)
  assert.is(wire.open(), 0)
})

later('waits a second more for a token on its way, and no longer', async () => {
  const stop = new AbortController()
  const reason = new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 15 })
  const script = (): ScriptedAnswer => {
    setImmediate(() => stop.abort(reason))
    return 'hang'
  }
  const { session, wire, runtime } = logIn(script, {}, stop.signal)
  assert.is(await rejectsWithCode(session, 'INTERRUPTED'), reason)
  assert.equal(runtime.clock.sleeps, [1000])
  assert.is(wire.open(), 0)
})

later('a refusal that comes after the signal is not why the run ends', async () => {
  const stop = new AbortController()
  const reason = new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 15 })
  const script = (): ScriptedAnswer => {
    stop.abort(reason)
    return { status: 403, body: { errors: ['permission denied'] } }
  }
  assert.is(await rejectsWithCode(logIn(script, {}, stop.signal).session, 'INTERRUPTED'), reason)
})

later('a token that comes after the signal is revoked, not used', async () => {
  const stop = new AbortController()
  const reason = new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 15 })
  const { session, wire } = logIn(
    () => {
      stop.abort(reason)
      return wire.requests.length === 1 ? loggedIn() : { status: 204 }
    },
    {},
    stop.signal,
  )
  assert.is(await rejectsWithCode(session, 'INTERRUPTED'), reason)
  assert.equal(
    wire.requests.map(({ url }) => url.pathname),
    ['/v1/auth/kubernetes/login', '/v1/auth/token/revoke-self'],
  )
  assert.is(headersOf(wire.requests[1]?.headers)['x-vault-token'], VAULT_TOKEN)
  assert.is(wire.open(), 0)
})

later.run()

const redirects = suite('a redirect of the login')

const to = (location: string, status = 307): ScriptedAnswer => ({ status, headers: { location } })

for (const status of [301, 302, 307, 308]) {
  redirects(`with ${status} to the active node is followed once, with everything`, async () => {
    const active = 'https://active.example:8200/v1/auth/kubernetes/login'
    const { session, wire } = logIn([to(active, status), loggedIn()], { namespace: 'team' })
    await session
    const [first, second] = wire.requests
    assert.is(second?.url.href, active)
    assert.is(second?.method, 'POST')
    assert.is(second?.body, first?.body)
    assert.is(headersOf(second?.headers)['x-vault-namespace'], 'team')
  })
}

redirects('may be relative, and may go from http to https', async () => {
  await logIn([to('//active.example/v1/auth/kubernetes/login'), loggedIn()]).session
  const { session, wire } = logIn([to('https://a.example/v1/auth/kubernetes/login'), loggedIn()], {
    addr: new URL('http://vault.example:8200'),
  })
  await session
  assert.is(wire.requests[1]?.url.protocol, 'https:')
})

for (const [title, location, said] of [
  [
    'from https to http',
    'http://active.example/v1/auth/kubernetes/login',
    /from https to plain http \(active\.example\)/,
  ],
  ['to another path', 'https://active.example/login?next=canary', /to another path at active\.example/],
  ['to no address', 'https://', /that names no address/],
  ['to another scheme', 'file:///etc/passwd', /that names no address/],
] as const) {
  redirects(`${title} is refused`, async () => {
    const error = await failure(to(location), 'REDIRECT_REFUSED')
    assert.match(error.message, said)
    assert.match(error.hint ?? '', /VAULT_ADDR/)
  })
}

redirects('without a Location is refused', async () => {
  assert.match((await failure({ status: 307 }, 'REDIRECT_REFUSED')).message, /that names no address/)
})

redirects('a second time is refused, and says who sent it', async () => {
  const location = 'https://active.example/v1/auth/kubernetes/login'
  const { session, wire } = logIn([to(location), to(location)])
  const error = await rejectsWithCode(session, 'REDIRECT_REFUSED')
  assert.match(error.message, /^Vault at https:\/\/active\.example answered with a second redirect/)
  assert.is(wire.requests.length, 2)
})

redirects.run()
