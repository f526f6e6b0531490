/** A real Vault that is sealed, redirects, throttles, or forgets the token in the middle of a run. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../e2e/harness.ts'
import { count, failed } from '../e2e/outcome.ts'
import type { EmulatorRequest } from '../rig/emulators/http.ts'
import {
  hasFailed,
  isDone,
  mountExample,
  noTokenLeft,
  putLoginRole,
  startPkiStage,
  warnings,
  type PkiStage,
} from './authority.ts'
import { startVaultPair } from '../rig/servers/vault-standby.ts'

const faults = suite('real Vault: faults in the middle of a run')

let stage: PkiStage
faults.before(async () => {
  stage = await startPkiStage()
  await mountExample(stage)
})
faults.after(() => stage.close())
faults.after.each(async () => {
  stage.vault.before = undefined
  await stage.server.unseal()
  // Tokens that could not be revoked, or that a test that failed left.
  await stage.server.write('sys/leases/revoke-prefix/auth/jwt', {})
})

/** Does something before the `at`th request whose path matches, counted from 1. */
function before(path: RegExp, at: number, act: (request: EmulatorRequest) => Promise<unknown>): void {
  let seen = 0
  stage.vault.before = async (request) => {
    if (!path.test(request.path)) return
    seen += 1
    if (seen === at) await act(request)
  }
}

const LOGIN = /\/login$/
const SIGN = /\/sign\//
const REVOKE = /\/revoke-self$/

faults('sealed before the run: exit 3 when the deadline is over, and the hint says unseal', async () => {
  await stage.server.seal()
  const done = await run(stage, { env: { DEADLINE: '3' } })
  failed(done, 3, /is sealed \(gave up after \d+ attempts: DEADLINE of 3 s is used up\)/, /unseal Vault/)
  assert.ok(count(done.vault, LOGIN) > 1)
  assert.is(done.vault.length, count(done.vault, LOGIN))
  assert.equal(done.files, [])
  await stage.server.unseal()
  await noTokenLeft(stage)
})

faults('unsealed during the run: done', async () => {
  await stage.server.seal()
  before(LOGIN, 2, () => stage.server.unseal())
  const done = await run(stage)
  await isDone(stage, done)
  assert.is(count(done.vault, LOGIN), 2)
})

faults('sealed between login and sign: exit 4, and a warning that the token lives on', async () => {
  before(SIGN, 1, () => stage.server.seal())
  const done = await run(stage, { env: { DEADLINE: '3' } })
  failed(done, 4, /is sealed \(gave up after \d+ attempts: DEADLINE of 3 s is used up\)/, /unseal Vault/)
  assert.is(done.aws.length, 0)
  assert.is(warnings(done).length, 1)
  assert.match(
    warnings(done)[0] ?? '',
    /could not be revoked and stays valid for at most 300 s: .* is sealed/,
  )
})

faults('sealed and unsealed between login and sign: the token outlives it, done', async () => {
  let signs = 0
  stage.vault.before = async (request) => {
    if (!SIGN.test(request.path)) return
    signs += 1
    if (signs === 1) await stage.server.seal()
    if (signs === 2) await stage.server.unseal()
  }
  const done = await run(stage)
  await isDone(stage, done)
  assert.is(count(done.vault, SIGN), 2)
})

faults('sealed before the revocation: done, with a warning that says how long the token lives', async () => {
  before(REVOKE, 1, () => stage.server.seal())
  const done = await run(stage)
  assert.is(done.code, 0)
  assert.is(warnings(done).length, 1)
  assert.match(warnings(done)[0] ?? '', /stays valid for at most 300 s/)
})

faults('a token revoked between login and sign: exit 4, and the hint names that cause too', async () => {
  before(SIGN, 1, revokeFirst)
  const done = await run(stage)
  await hasFailed(
    stage,
    done,
    4,
    /answered 403 .*: permission denied; invalid token$/,
    /update on pki\/sign\/iam-ra; .* a token revoked in the meantime gets the same answer/,
  )
  assert.is(count(done.vault, SIGN), 1)
  assert.equal(warnings(done), [])
})

faults('a token revoked between sign and its own revocation: done, without a word', async () => {
  before(REVOKE, 1, revokeFirst)
  const done = await run(stage)
  await isDone(stage, done)
  assert.equal(warnings(done), [])
})

faults('a token of two uses, which its revocation ends: done, without a word', async () => {
  await putLoginRole(stage.server, 'twice', { token_num_uses: 2 })
  const done = await run(stage, { env: { VAULT_ROLE: 'twice' } })
  await isDone(stage, done)
  assert.equal(warnings(done), [])
})

for (const [title, path] of [
  ['login', 'auth/jwt'],
  ['sign', 'pki'],
] as const) {
  faults(`a rate limit quota used up at ${title}: 429, Retry-After honoured, done`, async () => {
    const { server } = stage
    await server.write('sys/quotas/config', { enable_rate_limit_response_headers: true })
    await server.write(`sys/quotas/rate-limit/${title}`, { path: `${path}/`, rate: 1, interval: '2s' })
    try {
      // The one request of this interval is used up just before.
      before(title === 'login' ? LOGIN : SIGN, 1, async () => {
        await server.list(path === 'pki' ? 'pki/roles' : 'auth/jwt/role')
      })
      const done = await run(stage, { args: ['--verbose'] })
      await isDone(stage, done)
      const asked = stage.vault.answers
        .slice(-done.vault.length)
        .filter(({ status }) => status === 429)
        .map(({ headers }) => Number(headers['retry-after']))
      assert.ok(asked.length > 0, 'no answer was 429')
      const waited = [
        ...done.stderr.matchAll(/next attempt in ([\d.]+) s: .* answered 429 .*quota exceeded/g),
      ]
      assert.is(waited.length, asked.length)
      asked.forEach((seconds, at) => assert.ok(Number(waited[at]?.[1]) >= seconds))
    } finally {
      await server.write(`sys/quotas/rate-limit/${title}`, { path: `${path}/`, rate: 100_000 })
    }
  })
}

faults('a standby redirects each request, and the active node answers', async () => {
  const { active, standbyUrl } = await startVaultPair()
  const pair = await startPkiStage(active)
  try {
    await mountExample(pair)
    pair.vault.upstream = standbyUrl
    const done = await run(pair)
    await isDone(pair, done)
    assert.equal(
      done.vault.map(({ status }) => status),
      [307, 307, 307],
    )
    const [redirect] = pair.vault.answers
    const [login] = done.vault
    pair.vaultEmulator.options.activeNode = active.url
    const emulated = login && pair.vaultEmulator.handle(login.request)
    assert.is(redirect?.headers['location'], `${active.url}/v1/auth/jwt/login`)
    assert.is(emulated?.headers['Location'], redirect?.headers['location'])
    assert.is(emulated?.body, redirect?.body)
  } finally {
    await pair.close()
  }
})

/** With the token of a request, as another holder of it would. */
async function revokeFirst(request: EmulatorRequest): Promise<void> {
  await stage.server.write('auth/token/revoke', { token: request.header('x-vault-token') })
}

faults.run()
