import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SIGN_RULES, signFacts } from '../../src/certificate/sign-refusal.ts'
import { createSigningRequest } from '../../src/certificate/signing-request.ts'
import { issueCertificate } from '../../src/certificate/vault-pki.ts'
import { IamRaError } from '../../src/errors.ts'
import type { CertificateSettings } from '../../src/certificate/settings.ts'
import type { IssuedCertificate } from '../../src/credentials.ts'
import type { VaultAnswer } from '../../src/vault/answer.ts'
import type { VaultWrite } from '../../src/vault/client.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { createAuthority, type Authority } from '../rig/emulators/authority.ts'
import { DEFAULT_PKI_ROLE, signByRole, type PkiMount, type PkiRole } from '../rig/emulators/vault-pki.ts'
import {
  FAKE_NOW_MS,
  fakeBounds,
  fakeRuntime,
  recordingLogger,
  type FakeRuntime,
  type RecordingLogger,
} from '../support/fake-runtime.ts'
import { walkRules } from '../support/refusals.ts'
import { SIGN_REFUSALS } from './refusals.ts'

const root = createAuthority({ commonName: 'Root', nowMs: FAKE_NOW_MS })
const intermediate = createAuthority({ commonName: 'Intermediate', nowMs: FAKE_NOW_MS, issuer: root })

const ROLE: PkiRole = {
  ...DEFAULT_PKI_ROLE,
  allowAnyName: true,
  allowedUriSans: ['spiffe://*'],
  keyType: 'any',
}

const SETTINGS: CertificateSettings = {
  pkiMount: 'pki',
  pkiRole: 'app',
  commonName: 'app.team.cluster',
  dnsSans: [],
  uriSans: [],
}

interface VaultOptions {
  readonly issuer?: Authority
  readonly caChain?: PkiMount['caChain']
  readonly role?: Partial<PkiRole>
}

/** What Vault answers to a write, by the emulator's engine. */
function signed({ data }: VaultWrite, options: VaultOptions = {}): VaultAnswer {
  const mount: PkiMount = {
    issuer: options.issuer ?? intermediate,
    caChain: options.caChain ?? 'with-root',
    roles: { app: { ...ROLE, ...options.role } },
  }
  try {
    const entity = { id: 'e', aliases: new Map<string, never>() }
    return { requestId: 'request-1', ...signByRole(mount, 'app', data, entity, FAKE_NOW_MS) }
  } catch (error) {
    if (error instanceof Error) throw refused(400, error.message)
    throw error
  }
}

/** As the Vault client says it. */
function refused(status: number, text: string): IamRaError {
  const message = `Vault at https://ttl.unknown-role.example answered ${status} to the request to sign a certificate: ${text}`
  return new IamRaError('REFUSED', 'certificate', message, { status, said: [text] })
}

interface Issuing {
  readonly result: Promise<IssuedCertificate>
  readonly writes: readonly VaultWrite[]
  readonly logger: RecordingLogger
  readonly runtime: FakeRuntime
}

function issue(
  vault: (write: VaultWrite, runtime: FakeRuntime) => VaultAnswer,
  changes: Partial<CertificateSettings> = {},
  lifeMs = 300_000,
): Issuing {
  const runtime = fakeRuntime()
  const logger = recordingLogger()
  const writes: VaultWrite[] = []
  const session = {
    hasEnded: () => runtime.clock.elapsed() >= lifeMs,
    policies: ['default', 'iam-ra'],
    write: async (write: VaultWrite) => {
      writes.push(write)
      return vault(write, runtime)
    },
    end: async () => undefined,
  }
  const bounds = fakeBounds(runtime.clock)
  const settings = { ...SETTINGS, ...changes }
  const result = createSigningRequest(settings).then((request) =>
    issueCertificate(request, settings, session, { runtime, bounds, logger }),
  )
  return { result, writes, logger, runtime }
}

const requests = suite('the request to sign')

requests('goes to the mount and the role with the request alone', async () => {
  const { result, writes } = issue((write) => signed(write))
  await result
  assert.is(writes.length, 1)
  const [write] = writes
  assert.equal([write?.path, write?.stage, write?.timeoutMs], ['pki/sign/app', 'certificate', 15_000])
  assert.equal(Object.keys(write?.data ?? {}), ['csr'])
  assert.match(String(write?.data['csr']), /^-----BEGIN CERTIFICATE REQUEST-----\n/)
})

requests('names the TTL where one was set', async () => {
  const { result, writes } = issue((write) => signed(write), { ttl: '30m' })
  const { notAfterMs } = await result
  assert.is(writes[0]?.data['ttl'], '30m')
  assert.is(notAfterMs, FAKE_NOW_MS + 30 * 60_000)
})

requests('encodes each segment of the mount and the role', async () => {
  const { result, writes } = issue((write) => signed(write), { pkiMount: 'teams/a b', pkiRole: 'x#?y' })
  await result
  assert.is(writes[0]?.path, 'teams/a%20b/sign/x%23%3Fy')
})

requests.run()

const results = suite('the issued certificate')

results('says what is in it, and signs with a key of its own', async () => {
  const { result, logger } = issue((write) => signed(write))
  const issued = await result
  const leaf = new X509Certificate(issued.leaf)
  assert.is(leaf.subject, 'CN=app.team.cluster')
  assert.is(issued.subject, 'CN=app.team.cluster')
  assert.is(issued.issuer, 'O=Example, CN=Intermediate')
  assert.is(issued.serialHex, leaf.serialNumber)
  assert.equal(issued.chainSubjects, ['O=Example, CN=Intermediate'])
  assert.equal(
    issued.chain.map((der) => Buffer.from(der)),
    [intermediate.der],
  )
  assert.is(issued.keyAlgorithm, 'ecdsa')
  assert.is(issued.requestId, 'request-1')
  assert.ok((await issued.sign(Buffer.from('data'))).length > 60)
  assert.is(logger.lines.at(-1)?.fields['request_id'], 'request-1')
  assert.equal(logger.messages('warn'), [])
})

for (const caChain of ['with-root', 'without-root', 'absent'] as const) {
  results(`has the intermediate once, whether ca_chain is ${caChain} or not`, async () => {
    const { result } = issue((write) => signed(write, { caChain }))
    assert.equal((await result).chainSubjects, ['O=Example, CN=Intermediate'])
  })
}

results('has no chain where the root itself signed', async () => {
  const { result } = issue((write) => signed(write, { issuer: root }))
  assert.equal((await result).chain, [])
})

results('without anything of its issuer is refused, since its signature could not be checked', async () => {
  const { result } = issue((write) => {
    const answer = signed(write)
    return { ...answer, data: { certificate: answer.data['certificate'] } }
  })
  const error = await rejectsWithCode(result, 'ANSWER_INVALID')
  assert.match(error.message, /does not include the issuer/)
})

results('has the names that were asked for', async () => {
  const uri = 'spiffe://cluster/ns/team/sa/app'
  const { result } = issue((write) => signed(write), { uriSans: [uri], dnsSans: ['app.team.svc'] })
  const names = new X509Certificate((await result).leaf).subjectAltName ?? ''
  assert.match(names, `URI:${uri}`)
  assert.match(names, 'DNS:app.team.svc')
})

results('lacking a name that was asked for is refused', async () => {
  const { result } = issue((write) => signed(write, { role: { useCsrSans: false } }), {
    uriSans: ['spiffe://cluster/x'],
  })
  const error = await rejectsWithCode(result, 'CERTIFICATE_UNFIT')
  assert.match(error.message, /spiffe:\/\/cluster\/x/)
})

results("passes each of Vault's warnings on once, fit to show", async () => {
  const clamped = 'TTL "72h0m0s" is longer than permitted maxTTL "1h0m0s", so maxTTL is being used'
  const { result, logger } = issue((write) => ({
    ...signed(write),
    warnings: [clamped, clamped, 'a\u001b[31mb'],
  }))
  await result
  assert.equal(logger.messages('warn'), [
    `Vault on the certificate: ${clamped}`,
    'Vault on the certificate: a [31mb',
  ])
})

for (const [title, data] of [
  ['no certificate', {}],
  ['a number', { certificate: 7 }],
  ['a list', { certificate: ['x'] }],
  ['an empty text', { certificate: '' }],
  ['a text that is no PEM', { certificate: 'canary' }],
  ['a damaged PEM', { certificate: '-----BEGIN CERTIFICATE-----\nMIIcanary\n-----END CERTIFICATE-----' }],
] as const) {
  results(`${title} in its place is refused`, async () => {
    const { result, writes } = issue(() => ({ requestId: '', data, warnings: [] }))
    const error = await rejectsWithCode(result, 'ANSWER_INVALID')
    assert.is(error.stage, 'certificate')
    assert.not.match(error.message, /canary/)
    assert.is(writes.length, 1)
  })
}

results("another's certificate is refused", async () => {
  const others: VaultWrite[] = []
  await issue((write) => {
    others.push(write)
    return signed(write)
  }).result
  const { result } = issue((write) => signed(others[0] ?? write))
  assert.match(
    (await rejectsWithCode(result, 'CERTIFICATE_UNFIT')).message,
    /public key is not the one in the request/,
  )
})

results('that is not valid by our clock is refused, with the difference to the server', async () => {
  const { result } = issue((write, runtime) => {
    const answer = { ...signed(write), serverDateMs: FAKE_NOW_MS }
    runtime.clock.setNow(FAKE_NOW_MS - 3600_000)
    return answer
  })
  const error = await rejectsWithCode(result, 'CERTIFICATE_UNFIT')
  assert.match(error.message, /this machine's clock is 1 h behind Vault's/)
})

results.run()

const keys = suite('the key')

const rsaOnly = (write: VaultWrite): VaultAnswer => signed(write, { role: { keyType: 'rsa' } })

keys(
  'becomes RSA where the role wants it and nothing was set, with a warning that names the setting',
  async () => {
    const { result, writes, logger } = issue(rsaOnly)
    assert.is((await result).keyAlgorithm, 'rsa')
    assert.is(writes.length, 2)
    assert.match(logger.messages('warn')[0] ?? '', /signs RSA keys only.*KEY_TYPE=rsa-2048/)
  },
)

keys('stays as it was set, even where the role wants RSA', async () => {
  const { result, writes } = issue(rsaOnly, { keyType: 'ec-p256' })
  const error = await rejectsWithCode(result, 'KEY_TYPE')
  assert.match(error.message, /role requires keys of type rsa$/)
  assert.match(error.hint ?? '', /KEY_TYPE/)
  assert.is(writes.length, 1)
})

for (const text of [
  'role requires keys of type ed25519',
  "role requires a minimum of a 384-bit key, but CSR's key is 256 bits",
  'common name role requires keys of type rsa not allowed by this role',
  'permission denied',
]) {
  keys(`is not tried anew for: ${text}`, async () => {
    const { result, writes } = issue(() => {
      throw refused(400, text)
    })
    await result.then(
      () => assert.unreachable('signed'),
      (error: unknown) => assert.instance(error, IamRaError),
    )
    assert.is(writes.length, 1)
  })
}

keys('is tried anew once only', async () => {
  const { result, writes } = issue(() => {
    throw refused(400, 'role requires keys of type rsa')
  })
  await rejectsWithCode(result, 'KEY_TYPE')
  assert.is(writes.length, 2)
})

keys.run()

const refusals = suite('a refusal to sign')

for (const { status, text, hint, code = 'REFUSED' } of SIGN_REFUSALS) {
  refusals(`has the hint for ${status}: ${text}`, async () => {
    const { result, writes } = issue(() => {
      throw refused(status, text)
    })
    const error = await rejectsWithCode(result, code)
    assert.is(error.stage, 'certificate')
    assert.is(error.status, status)
    assert.match(error.message, text)
    assert.match(error.hint ?? '', hint)
    assert.is(writes.length, 1)
  })
}

refusals('names the URIs where Vault does not say which it refused', async () => {
  const text = 'URI Subject Alternative Names were provided via CSR which are not valid for this role'
  const uriSans = ['spiffe://demo/ns/a/sa/b', 'spiffe://demo/ns/c/sa/d']
  const { result } = issue(
    () => {
      throw refused(400, text)
    },
    { uriSans },
  )
  const { message } = await rejectsWithCode(result, 'REFUSED')
  assert.match(message, /for this role: spiffe:\/\/demo\/ns\/a\/sa\/b, spiffe:\/\/demo\/ns\/c\/sa\/d$/)
})

walkRules(refusals, SIGN_RULES, SIGN_REFUSALS, ({ status, text }) =>
  signFacts({ said: [text], status }, 'pki/sign/app', SETTINGS, { policies: [] }),
)

refusals.run()

const waits = suite('a wait for the signature')

const busy = (): IamRaError =>
  new IamRaError('UNAVAILABLE', 'certificate', 'later', { retryable: true, retryAfterMs: 20_000 })

waits('asks again with the same request', async () => {
  let first = true
  const { result, writes } = issue((write) => {
    if (first) {
      first = false
      throw busy()
    }
    return signed(write)
  })
  await result
  assert.is(writes.length, 2)
  assert.is(writes[0]?.data['csr'], writes[1]?.data['csr'])
})

waits('that outlives the token does not send it again', async () => {
  const { result, writes } = issue(
    () => {
      throw busy()
    },
    {},
    10_000,
  )
  assert.is((await rejectsWithCode(result, 'OUTLIVED')).stage, 'certificate')
  assert.is(writes.length, 1)
})

waits('in the server that outlives the token is not taken for a missing policy', async () => {
  const { result } = issue(
    (_write, runtime) => {
      runtime.clock.advance(10_000)
      throw refused(403, 'permission denied')
    },
    {},
    10_000,
  )
  await rejectsWithCode(result, 'OUTLIVED')
})

waits('with a token that ended before asks nothing', async () => {
  const { result, writes } = issue((write) => signed(write), {}, 0)
  await rejectsWithCode(result, 'OUTLIVED')
  assert.is(writes.length, 0)
})

waits.run()
