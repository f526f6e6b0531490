/** A login whose answer never came may have left a token: that it is said, with its life, and only then. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { TransportError, type TransportFault } from '../../src/net/transport-error.ts'
import type { ScriptedAnswer } from '../support/fake-runtime.ts'
import { loggedIn, logIn } from './fixture.ts'

const lost = suite('lost logins')

const fault = (kind: TransportFault, code: string): TransportError =>
  new TransportError(kind, code, 'it broke')

const WITHOUT_LEASE =
  'the answer to a login was lost or could not be read: Vault may have issued a token that cannot be revoked from here, valid for ' +
  'the token_ttl of auth/kubernetes/role/app, or for the default lease of auth/kubernetes if the role has none'

async function warnings(
  script: Parameters<typeof logIn>[0],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const { session, logger } = logIn(script, {}, signal)
  await session.then(
    (one) => one.end(),
    () => undefined,
  )
  return logger.messages('warn').filter((message) => message.includes('lost'))
}

const LOST: readonly (readonly [title: string, answer: ScriptedAnswer])[] = [
  ['no answer in time', fault('timeout', 'ETIMEDOUT')],
  ['a reset instead of an answer', fault('unreachable', 'ECONNRESET')],
  ['a closed connection instead of an answer', fault('unreachable', 'EPIPE')],
  ['an answer that was cut short', fault('cut-short', 'ECONNRESET')],
  ['a gateway that had no answer', { status: 504, body: '<html>gateway timeout</html>' }],
]
for (const [title, answer] of LOST) {
  lost(`${title}, then a login: the life is that login's`, async () => {
    assert.equal(await warnings([answer, loggedIn({ lease_duration: 240 }), { status: 204 }]), [
      'the answer to a login was lost or could not be read: Vault may have issued a token that cannot be revoked from here, valid for at most 240 s',
    ])
  })
  lost(`${title}, then a no: the setting that bounds the life`, async () => {
    const no = { status: 403, body: { errors: ['permission denied'] } }
    assert.equal(await warnings([answer, no]), [WITHOUT_LEASE])
  })
}

const UNREAD: readonly (readonly [title: string, answer: ScriptedAnswer])[] = [
  ['an answer that is too large', fault('too-large', 'E2BIG')],
  ['half an answer', { status: 200, body: '{"auth":{"client_to' }],
  ['a token without its lease', loggedIn({ lease_duration: 'an hour' })],
  ['a token that no header can carry', loggedIn({ client_token: 'a\nb' })],
]
for (const [title, answer] of UNREAD) {
  lost(`${title}, which no other attempt follows`, async () => {
    assert.equal(await warnings([answer]), [WITHOUT_LEASE])
  })
}

lost('several: one warning with their number', async () => {
  const answers = [fault('timeout', 'ETIMEDOUT'), fault('cut-short', 'ECONNRESET'), { status: 504 }]
  assert.equal(await warnings([...answers, loggedIn(), { status: 204 }]), [
    'the answer to 3 logins was lost or could not be read: Vault may have issued up to 3 tokens that cannot be revoked from here, valid for at most 300 s',
  ])
})

lost('a token without an end says nothing of the life of another', async () => {
  const [warning] = await warnings([
    fault('timeout', 'ETIMEDOUT'),
    loggedIn({ lease_duration: 0 }),
    { status: 204 },
  ])
  assert.is(warning, WITHOUT_LEASE)
})

lost('a login that a signal ends while it is under way, and none that it forestalls', async () => {
  const stop = new AbortController()
  const interrupted = new IamRaError('INTERRUPTED', 'identity', 'stopped by SIGTERM', { hint: '' })
  const hanging = (): ScriptedAnswer => {
    stop.abort(interrupted)
    return 'hang'
  }
  assert.equal(await warnings(hanging, stop.signal), [WITHOUT_LEASE])
  assert.equal(await warnings(hanging, stop.signal), [])
})

const NONE: readonly (readonly [title: string, answer: ScriptedAnswer])[] = [
  ['a refused connection', fault('unreachable', 'ECONNREFUSED')],
  ['a name that is not known', fault('unreachable', 'ENOTFOUND')],
  ['no TLS', fault('tls', 'CERT_HAS_EXPIRED')],
  ['a proxy that refuses', fault('proxy', 'PROXY_403')],
  ['a no', { status: 403, body: { errors: ['permission denied'] } }],
  ['a throttled login', { status: 429, body: { errors: ['rate limit'] } }],
  ['a sealed Vault', { status: 503, body: { errors: ['Vault is sealed'] } }],
  ['a failure of Vault', { status: 500, body: { errors: ['internal error'] } }],
  ['a gateway without a Vault', { status: 502, body: '' }],
  ['what does not speak HTTP', fault('not-http', 'HPE_INVALID_CONSTANT')],
  ['a second factor', loggedIn({ mfa_requirement: { mfa_request_id: 'x' } })],
  ['a success at once', loggedIn()],
]
for (const [title, answer] of NONE) {
  lost(`${title}: no warning`, async () => {
    const no = { status: 400, body: { errors: ['no'] } }
    assert.equal(await warnings([answer, no]), [])
  })
}

lost.run()
