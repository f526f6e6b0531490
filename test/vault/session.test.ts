import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { tlsError, TransportError } from '../../src/net/transport-error.ts'
import type { VaultWrite } from '../../src/vault/client.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { errorText } from '../support/error-text.ts'
import type { ScriptedAnswer } from '../support/fake-runtime.ts'
import { CANARY, loggedIn, logIn, VAULT_TOKEN, type Login } from '../identity/fixture.ts'

const WRITE: VaultWrite = {
  stage: 'certificate',
  purpose: 'sign a certificate',
  path: 'pki/sign/app',
  data: { csr: 'CSR' },
  timeoutMs: 5000,
}

/** A login that works, then these answers. */
function after(answers: readonly ScriptedAnswer[], auth = {}, signal?: AbortSignal): Login {
  return logIn([loggedIn(auth), ...answers], {}, signal)
}

function tokenOf(headers: Readonly<Record<string, string>> | undefined): string | undefined {
  return headers?.['X-Vault-Token']
}

const writing = suite('a write with the session')

writing('has the token in its header and gives data, warnings and the request id', async () => {
  const { session, wire } = after([
    {
      status: 200,
      headers: { date: 'Sat, 21 Nov 2026 12:00:07 GMT' },
      body: { request_id: 'abc-1', data: { certificate: 'PEM' }, warnings: ['clamped', 7] },
    },
  ])
  assert.equal(await (await session).write(WRITE), {
    requestId: 'abc-1',
    data: { certificate: 'PEM' },
    warnings: ['clamped'],
    serverDateMs: Date.UTC(2026, 10, 21, 12, 0, 7),
  })
  const sent = wire.requests[1]
  assert.is(sent?.url.pathname, '/v1/pki/sign/app')
  assert.is(tokenOf(sent?.headers), VAULT_TOKEN)
  assert.is(sent?.timeoutMs, 5000)
  assert.equal(JSON.parse(sent?.body ?? ''), { csr: 'CSR' })
})

writing('an answer without data is an empty one', async () => {
  for (const answer of [{ status: 200, body: { data: null, warnings: null } }, { status: 204 }]) {
    const { session } = after([answer])
    assert.equal(await (await session).write(WRITE), { requestId: '', data: {}, warnings: [] })
  }
})

writing('is not tried again by the session, and fails in the stage of the write', async () => {
  const { session, wire } = after([
    { status: 503, headers: { 'retry-after': '4' }, body: { errors: ['no'] } },
  ])
  const error = await rejectsWithCode((await session).write(WRITE), 'UNAVAILABLE')
  assert.is(error.stage, 'certificate')
  assert.is(error.retryable, true)
  assert.is(error.retryAfterMs, 4000)
  assert.match(error.message, /answered 503 to the request to sign a certificate: no/)
  assert.is(wire.requests.length, 2)
})

writing('never shows the token that Vault echoes', async () => {
  const body = { errors: [`token ${VAULT_TOKEN} is bad`] }
  const { session } = after([{ status: 403, body }])
  const error = await rejectsWithCode((await session).write(WRITE), 'REFUSED')
  assert.match(error.message, /token \[hidden\] is bad/)
  assert.not.match(errorText(error), CANARY)
})

writing("has Vault's words apart from its own, fit to show", async () => {
  const errors = ['1 error occurred:\n\t* permission denied\n\n', `token ${VAULT_TOKEN} is bad`]
  for (const status of [400, 429, 500]) {
    const { session } = after([{ status, body: { errors } }])
    const error = await (await session).write(WRITE).then(
      () => undefined,
      (failure: unknown) => failure,
    )
    assert.instance(error, IamRaError)
    assert.equal((error as IamRaError).said, ['permission denied', 'token [hidden] is bad'])
  }
})

writing('never shows a token of an unknown kind either', async () => {
  const token = 'plain canary'.replace(' ', '-')
  const { session } = after([{ status: 403, body: { errors: [`token ${token} is bad`] } }], {
    client_token: token,
  })
  const error = await rejectsWithCode((await session).write(WRITE), 'REFUSED')
  assert.match(error.message, /token \[hidden\] is bad/)
})

writing('a failure behind a redirect names the address that it went to', async () => {
  const { session } = after([
    { status: 307, headers: { location: 'https://active.example/v1/pki/sign/app' } },
    new TransportError('unreachable', 'ECONNREFUSED', 'the connection was refused'),
  ])
  const error = await rejectsWithCode((await session).write(WRITE), 'UNREACHABLE')
  assert.match(error.message, /no connection to Vault at https:\/\/active\.example: /)
})

writing('a TLS failure says which setting is about it', async () => {
  const stranger = tlsError('untrusted')
  const first = await rejectsWithCode((await after([stranger]).session).write(WRITE), 'TLS')
  assert.match(first.hint ?? '', /set VAULT_CACERT/)
  const misnamed = tlsError('other-name')
  const second = await rejectsWithCode((await after([misnamed]).session).write(WRITE), 'TLS')
  assert.match(second.hint ?? '', /VAULT_TLS_SERVER_NAME/)
  const plain = await rejectsWithCode((await after([tlsError('plain-http')]).session).write(WRITE), 'TLS')
  assert.match(plain.hint ?? '', /scheme and port of VAULT_ADDR/)
})

writing.run()

const ending = suite('the end of the session')

const revoked = { status: 204 }

ending('revokes the token, once, and closes the connection', async () => {
  const { session, wire, logger } = after([revoked])
  const { end } = await session
  const first = end()
  assert.is(end(), first)
  await first
  await end()
  assert.is(wire.requests.length, 2)
  assert.is(wire.requests[1]?.url.pathname, '/v1/auth/token/revoke-self')
  assert.is(tokenOf(wire.requests[1]?.headers), VAULT_TOKEN)
  assert.is(wire.open(), 0)
  assert.equal(logger.messages('warn'), [])
})

ending('revokes after a write that failed', async () => {
  const { session, wire } = after([{ status: 403, body: { errors: ['permission denied'] } }, revoked])
  const opened = await session
  await rejectsWithCode(opened.write(WRITE), 'REFUSED')
  await opened.end()
  assert.is(wire.requests[2]?.url.pathname, '/v1/auth/token/revoke-self')
})

ending('makes no call for a batch token, and no warning', async () => {
  const { session, wire, logger } = after([], { token_type: 'batch' })
  await (await session).end()
  assert.is(wire.requests.length, 1)
  assert.is(wire.open(), 0)
  assert.equal(logger.messages('warn'), [])
})

ending('makes no call for a token that has ended', async () => {
  const { session, wire, runtime } = after([])
  const opened = await session
  runtime.clock.advance(300_000)
  await opened.end()
  assert.is(wire.requests.length, 1)
  assert.is(wire.open(), 0)
})

ending('revokes a token without an end', async () => {
  const { session, wire } = after([revoked], { lease_duration: 0 })
  await (await session).end()
  assert.is(wire.requests.length, 2)
})

for (const [title, answer, why] of [
  ['a refusal', { status: 403, body: { errors: ['permission denied'] } }, /permission denied/],
  ['a page', { status: 502, body: '<html>canary' }, /answered 502/],
  [
    'no connection',
    new TransportError('unreachable', 'ECONNREFUSED', 'the connection was refused'),
    /refused/,
  ],
  ['what nobody expects', new TypeError('canary'), /unexpected TypeError/],
  ['an echo of the token', { status: 400, body: { errors: [VAULT_TOKEN] } }, /\[hidden\]/],
] as const) {
  ending(`${title} is a warning that says how long the token lives`, async () => {
    const { session, wire, logger } = after([answer])
    await (await session).end()
    assert.is(wire.requests.length, 2, 'not tried again')
    const warnings = logger.messages('warn')
    assert.is(warnings.length, 1)
    assert.match(warnings[0] ?? '', /could not be revoked and stays valid for at most 300 s/)
    assert.match(warnings[0] ?? '', why)
    assert.not.match(warnings[0] ?? '', CANARY)
    assert.is(wire.open(), 0)
  })
}

ending('a token that is used up or gone already is no warning', async () => {
  const text = '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'
  const { session, logger } = after([{ status: 403, body: { errors: [text] } }])
  await (await session).end()
  assert.equal(logger.messages('warn'), [])
  assert.ok(logger.messages('step').includes('the Vault token was no longer valid'))
})

/** Runs with a timeout that passes when the test says so. */
async function withTimeouts(run: (asked: number[], pass: () => void) => Promise<void>): Promise<void> {
  const original = AbortSignal.timeout
  const asked: number[] = []
  const controller = new AbortController()
  AbortSignal.timeout = (ms) => {
    asked.push(ms)
    return controller.signal
  }
  try {
    await run(asked, () => controller.abort(new DOMException('passed', 'TimeoutError')))
  } finally {
    AbortSignal.timeout = original
  }
}

ending('waits two seconds at most for an answer', async () => {
  await withTimeouts(async (asked, pass) => {
    const { session, wire, logger } = after(['hang'])
    const ended = (await session).end()
    setImmediate(pass)
    await ended
    assert.equal(asked, [2000])
    assert.is(wire.requests[1]?.timeoutMs, 2000)
    assert.match(logger.messages('warn')[0] ?? '', /it did not answer in time/)
    assert.is(wire.open(), 0)
  })
})

ending('revokes after a signal too, within what the login may have left of two seconds', async () => {
  await withTimeouts(async (asked) => {
    const stop = new AbortController()
    const { session, wire } = after([revoked], {}, stop.signal)
    const opened = await session
    stop.abort(new IamRaError('INTERRUPTED', 'internal', 'stopped', { signal: 15 }))
    await rejectsWithCode(opened.write(WRITE), 'INTERRUPTED')
    await opened.end()
    assert.equal(asked, [1000])
    assert.is(wire.requests.at(-1)?.url.pathname, '/v1/auth/token/revoke-self')
  })
})

ending.run()
