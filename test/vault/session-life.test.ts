import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import type { VaultCall, VaultRead, VaultWrite } from '../../src/vault/client.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { FAKE_NOW_MS, type ScriptedAnswer } from '../support/fake-runtime.ts'
import { loggedIn, logIn, VAULT_TOKEN, type Login } from '../identity/fixture.ts'

const READ: VaultRead = { stage: 'exchange', purpose: 'read keys', path: 'aws/creds/app', timeoutMs: 5000 }
const WRITE: VaultWrite = {
  stage: 'exchange',
  purpose: 'renew the lease',
  path: 'sys/leases/renew',
  data: { lease_id: 'aws/creds/app/1' },
  timeoutMs: 5000,
}
const RENEW: VaultCall = { stage: 'exchange', purpose: 'renew its token', timeoutMs: 5000 }

/** A login that gives a renewable token for 300 s, then these answers. */
function after(answers: readonly ScriptedAnswer[], auth = {}, signal?: AbortSignal): Login {
  return logIn([loggedIn({ renewable: true, ...auth }), ...answers], {}, signal)
}

function renewed(seconds: unknown): ScriptedAnswer {
  return { status: 200, body: { auth: { lease_duration: seconds } } }
}

const reading = suite('a read with the session')

reading('is a GET with its parameters in the query and nothing in a body', async () => {
  const body = {
    request_id: 'abc-1',
    lease_id: 'aws/creds/app/1',
    lease_duration: 600,
    renewable: true,
    data: { access_key: 'x' },
  }
  const { session, wire } = after([{ status: 200, body }])
  const query = { ttl: '900s', role_arn: 'arn:aws:iam::1:role/a+b' }
  assert.equal(await (await session).read({ ...READ, query }), {
    requestId: 'abc-1',
    data: { access_key: 'x' },
    warnings: [],
    lease: { id: 'aws/creds/app/1', seconds: 600, renewable: true },
  })
  const sent = wire.requests[1]
  assert.is(sent?.method, 'GET')
  assert.is(sent?.url.pathname, '/v1/aws/creds/app')
  assert.equal(Object.fromEntries(sent?.url.searchParams ?? []), query)
  assert.is(sent?.body, undefined)
  assert.is(sent?.headers['X-Vault-Token'], VAULT_TOKEN)
  assert.is(sent?.timeoutMs, 5000)
})

reading('without parameters has no query', async () => {
  const { session, wire } = after([{ status: 200, body: {} }])
  await (await session).read(READ)
  assert.is(wire.requests[1]?.url.href, 'https://vault.example:8200/v1/aws/creds/app')
})

reading('gives no lease where the answer has none', async () => {
  for (const body of [{ lease_id: '', lease_duration: 0 }, { lease_id: 'x' }, { lease_duration: 7 }]) {
    const { session } = after([{ status: 200, body: { data: {}, ...body } }])
    assert.is((await (await session).read(READ)).lease, undefined)
  }
})

reading('follows a standby with its parameters, and nowhere without them', async () => {
  const to = (query: string): ScriptedAnswer => ({
    status: 307,
    headers: { location: `https://active.example/v1/aws/creds/app${query}` },
  })
  const followed = after([to('?ttl=900s'), { status: 200, body: {} }])
  await (await followed.session).read({ ...READ, query: { ttl: '900s' } })
  assert.is(followed.wire.requests[2]?.url.href, 'https://active.example/v1/aws/creds/app?ttl=900s')
  assert.is(followed.wire.requests[2]?.method, 'GET')
  const refused = after([to('')])
  await rejectsWithCode((await refused.session).read({ ...READ, query: { ttl: '900s' } }), 'REDIRECT_REFUSED')
})

reading.run()

const life = suite('the life of the session')

life('goes on with a renewal, from before the request', async () => {
  const { session, wire, runtime } = after([renewed(600)])
  const opened = await session
  runtime.clock.advance(100_000)
  assert.is(opened.remainingMs(), 200_000)
  await opened.renew(RENEW)
  assert.is(wire.requests[1]?.url.pathname, '/v1/auth/token/renew-self')
  assert.is(wire.requests[1]?.method, 'POST')
  assert.is(wire.requests[1]?.headers['X-Vault-Token'], VAULT_TOKEN)
  assert.is(opened.remainingMs(), 600_000)
  runtime.clock.setNow(FAKE_NOW_MS + 3_600_000)
  runtime.clock.advance(599_999)
  assert.not.ok(opened.hasEnded())
  runtime.clock.advance(1)
  assert.ok(opened.hasEnded())
  assert.is(opened.remainingMs(), 0)
})

life('may lose its end with a renewal', async () => {
  const { session } = after([renewed(0)])
  const opened = await session
  await opened.renew(RENEW)
  assert.is(opened.remainingMs(), Number.POSITIVE_INFINITY)
})

for (const [title, auth] of [
  ['a batch token', { token_type: 'batch' }],
  ['a token that is not renewable', { renewable: false }],
  ['a token without an end', { lease_duration: 0 }],
] as const) {
  life(`of ${title} is not asked to go on`, async () => {
    const { session, wire } = after([], auth)
    const opened = await session
    await opened.renew(RENEW)
    assert.is(wire.requests.length, 1)
    assert.is(opened.isBatch, title === 'a batch token')
  })
}

life('ends as before where a renewal fails', async () => {
  const { session } = after([{ status: 403, body: { errors: ['permission denied'] } }, renewed('x')])
  const opened = await session
  const error = await rejectsWithCode(opened.renew(RENEW), 'REFUSED')
  assert.match(error.message, /request to renew its token: permission denied/)
  assert.is((await rejectsWithCode(opened.renew(RENEW), 'ANSWER_INVALID')).stage, 'exchange')
  assert.is(opened.remainingMs(), 300_000)
})

life('outlives the run that logged in: calls have bounds of their own, and the end has none', async () => {
  const first = new AbortController()
  const { session, wire } = after(
    [{ status: 200, body: {} }, renewed(300), { status: 204 }],
    {},
    first.signal,
  )
  const opened = await session
  first.abort(new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 15 }))
  const { signal } = new AbortController()
  await opened.write({ ...WRITE, signal })
  await opened.renew({ ...RENEW, signal })
  await opened.end()
  assert.equal(
    wire.requests.slice(1).map(({ url }) => url.pathname),
    ['/v1/sys/leases/renew', '/v1/auth/token/renew-self', '/v1/auth/token/revoke-self'],
  )
})

life('that could not be ended is said to go on for as long as it was last given', async () => {
  const { session, logger } = after([renewed(600), { status: 502, body: '' }])
  const opened = await session
  await opened.renew(RENEW)
  await opened.end()
  assert.match(logger.messages('warn')[0] ?? '', /stays valid for at most 600 s/)
})

life.run()
