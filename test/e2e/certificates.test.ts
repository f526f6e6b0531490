import { createPublicKey } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority, pemOf, randomSerial, type Authority } from '../rig/emulators/authority.ts'
import { signCertificate } from '../rig/emulators/certificate.ts'
import { startStage, type Stage, type StageOptions } from '../rig/emulators/stage.ts'
import { DEFAULT_PKI_ROLE, signByRole } from '../rig/emulators/vault-pki.ts'
import { run, start, withStage } from './harness.ts'
import { count, failed, succeeded } from './outcome.ts'

const early = suite('e2e: a certificate that begins soon')

const beginsIn = (seconds: number): StageOptions => ({ pkiRole: { notBeforeSeconds: -seconds } })
const WAITING = /warning: .*the certificate and its chain are not valid before \S+Z, in [\d.]+ s: waiting/

early('is waited for, with a warning', async () => {
  await withStage(beginsIn(2), async (stage) => {
    const done = await run(stage)
    succeeded(stage, done)
    assert.match(done.stderr, WAITING)
  })
})

early('is waited for by credential-process, which says so with --verbose alone', async () => {
  await withStage(beginsIn(2), async (stage) => {
    const done = await run(stage, { args: ['credential-process', '--verbose'], printsCredentials: true })
    assert.is(done.code, 0, done.stderr)
    assert.match(done.stderr, WAITING)
    assert.is(count(done.aws, /sessions/), 1)
  })
})

early('but after the deadline is an error at once, and the token is revoked', async () => {
  await withStage(beginsIn(50), async (stage) => {
    const done = await run(stage, { env: { DEADLINE: '10' } })
    failed(
      done,
      4,
      /not valid before \S+Z, in \d+(\.\d)? s, and only \d+(\.\d)? s are left to wait$/,
      /raise DEADLINE/,
    )
    assert.is(count(done.vault, /revoke-self/), 1)
    assert.is(done.aws.length, 0)
  })
})

early('does not keep the token meanwhile, and a signal ends the wait', async () => {
  await withStage(beginsIn(50), async (stage) => {
    const running = start(stage)
    await running.shows('waiting until then')
    running.child.kill('SIGTERM')
    const done = await running.finished
    assert.is(done.code, 143, done.stderr)
    assert.is(count(done.vault, /revoke-self/), 1)
    assert.is(stage.vaultEmulator.liveTokens(), 0)
  })
})

early.run()

const cross = suite('e2e: a cross-certificate of the trust anchor')

cross('that has expired is left out with a warning, and the session is there', async () => {
  await withStage({}, async (stage) => {
    const nowMs = Date.now()
    const old = createAuthority({ commonName: 'Old Root', nowMs })
    const expired = signCertificate(
      {
        subject: [
          ['O', 'Example'],
          ['CN', 'Example Root CA'],
        ],
        publicKey: createPublicKey(stage.anchor),
        serial: randomSerial(),
        notBeforeMs: nowMs - 7_200_000,
        notAfterMs: nowMs - 3_600_000,
        keyUsage: ['keyCertSign'],
        authority: {},
      },
      old,
    )
    stage.vault.intercept = (request) => {
      if (!request.path.includes('/sign/')) return undefined
      const answer = stage.vaultEmulator.handle(request)
      const json = JSON.parse(answer.body) as { readonly data: { readonly ca_chain: readonly string[] } }
      const [issuer] = json.data.ca_chain
      const chain = [issuer, pemOf('CERTIFICATE', expired), old.pem]
      return { ...answer, body: JSON.stringify({ ...json, data: { ...json.data, ca_chain: chain } }) }
    }
    const done = await run(stage)
    succeeded(stage, done)
    assert.match(
      done.stderr,
      /warning: the intermediate certificate O=Example, CN=Example Root CA expired at \S+Z, .* so it and the certificates above it are not sent/,
    )
    assert.is(done.aws[0]?.request.header('x-amz-x509-chain')?.split(',').length, 1)
  })
})

cross.run()

const many = suite('e2e: a ca_chain without end')

/** Each by the one before, all of one name. */
const levels: Authority[] = []
for (let level = 1; level <= 1500; level += 1) {
  const issuer = levels.at(-1)
  const options = { commonName: 'X', nowMs: Date.now() }
  levels.push(createAuthority(issuer === undefined ? options : { ...options, issuer }))
}

/** The last of so many. */
function oneName(length: number): Authority {
  const last = levels[length - 1]
  if (last === undefined) throw new RangeError('so many were not made')
  return last
}

/** Vault signs with `issuer` from now on, and sends all that is above it; `sent` is called as it does. */
function signWith(stage: Stage, issuer: Authority, sent: () => void = () => undefined): void {
  const role = { ...DEFAULT_PKI_ROLE, allowAnyName: true, keyType: 'any' as const, ttlSeconds: 3600 }
  stage.vault.intercept = ({ path, body }) => {
    if (!path.includes('/sign/')) return undefined
    const asked = JSON.parse(body.toString()) as Record<string, unknown>
    const mount = { issuer, caChain: 'with-root' as const, roles: { any: role } }
    const { data } = signByRole(mount, 'any', asked, { id: 'e', aliases: new Map() }, Date.now())
    sent()
    return { status: 200, headers: {}, body: JSON.stringify({ request_id: 'r', data }) }
  }
}

const stage = await startStage()
many.after(() => stage.close())

for (const length of [600, 1500]) {
  many(`of ${length} certificates with one name is refused, and the token is revoked`, async () => {
    signWith(stage, oneName(length))
    const done = await run(stage, { env: { DEADLINE: '8' } })
    failed(done, 4, /more than 200 certificates/, /manual_chain/)
    assert.is(count(done.vault, /revoke-self/), 1)
    assert.is(stage.vaultEmulator.liveTokens(), 0)
  })
}

many('below the limit ends at the sixth', async () => {
  signWith(stage, oneName(200))
  const done = await run(stage)
  failed(done, 4, /at least 6 intermediate certificates/, /make the sixth the trust anchor/)
  assert.is(stage.vaultEmulator.liveTokens(), 0)
})

many('does not keep a signal waiting', async () => {
  const issuer = oneName(200)
  const running = start(stage)
  signWith(stage, issuer, () => running.child.kill('SIGTERM'))
  const done = await running.finished
  assert.is(done.code, 143, done.stderr)
  assert.is(count(done.vault, /revoke-self/), 1)
  assert.is(stage.vaultEmulator.liveTokens(), 0)
})

many.run()
