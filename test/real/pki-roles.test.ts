/** What a PKI role of a real Vault changes or bounds without refusing it. */
import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run, type Run } from '../e2e/harness.ts'
import { count } from '../e2e/outcome.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import {
  addIntermediate,
  isDone,
  mountExample,
  mountPki,
  putPkiRole,
  startPkiStage,
  warnings,
  type PkiStage,
} from './authority.ts'

const roles = suite("real Vault: a PKI role's rules kept to")

let stage: PkiStage
roles.before(async () => {
  stage = await startPkiStage()
  await mountExample(stage)
})
roles.after(() => stage.close())

const SIGNED: readonly {
  readonly title: string
  readonly role: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
}[] = [
  { title: 'cn_validations=disabled', role: { cn_validations: ['disabled'] } },
  { title: 'cn_validations of host names', role: { cn_validations: ['hostname'] } },
  { title: 'use_csr_sans=false without any SAN asked for', role: { use_csr_sans: false } },
  { title: 'key_usage DigitalSignature alone', role: { key_usage: ['DigitalSignature'] } },
  { title: 'no extended key usage', role: { client_flag: false, server_flag: false } },
  {
    title: "the example's URI and DNS name",
    role: {},
    env: { CERT_URI_SANS: EXAMPLE.uri, CERT_DNS_SANS: EXAMPLE.commonName },
  },
  { title: 'allow_any_name', role: { allow_any_name: true } },
  {
    title: 'an organisation that the role adds',
    role: { organization: ['Example'], ou: ['Team'], country: ['DE'] },
  },
  { title: 'SHA-384 as signature_bits', role: { signature_bits: 384 } },
]

for (const [index, { title, role, env = {} }] of SIGNED.entries()) {
  roles(`${title}: done, without a warning`, async () => {
    const name = `signed-${index}`
    await putPkiRole(stage.server, 'pki', name, role)
    const done = await run(stage, { env: { VAULT_CERT_NAME: name, ...env } })
    await isDone(stage, done)
    assert.equal(warnings(done), [])
  })
}

roles(
  'a role that wants RSA, with KEY_TYPE unset: one more request, a warning that names the setting',
  async () => {
    await putPkiRole(stage.server, 'pki', 'wants-rsa', { key_type: 'rsa' })
    const done = await run(stage, { env: { VAULT_CERT_NAME: 'wants-rsa' } })
    await isDone(stage, done)
    assert.is(count(done.vault, /\/sign\//), 2)
    assert.is(warnings(done).length, 1)
    assert.match(warnings(done)[0] ?? '', /set KEY_TYPE=rsa-2048/)
  },
)

roles('a role as Vault makes it with nothing but the names: RSA, so KEY_TYPE unset succeeds', async () => {
  await stage.server.write('pki/roles/plain', {
    allowed_domains: EXAMPLE.commonName,
    allow_bare_domains: true,
  })
  await isDone(stage, await run(stage, { env: { VAULT_CERT_NAME: 'plain' } }))
})

function lifetimeMinutes(done: Run): number {
  const leaf = new X509Certificate(Buffer.from(done.aws[0]?.request.header('x-amz-x509') ?? '', 'base64'))
  return Math.round((leaf.validToDate.getTime() - leaf.validFromDate.getTime()) / 60_000)
}

roles('a TTL over the maximum is clamped, and the warning passed on once', async () => {
  await putPkiRole(stage.server, 'pki', 'short', { ttl: '5m', max_ttl: '10m' })
  const done = await run(stage, { env: { VAULT_CERT_NAME: 'short', CERT_TTL: '2h' } })
  await isDone(stage, done)
  assert.is(warnings(done).length, 1)
  assert.match(warnings(done)[0] ?? '', /TTL "2h0m0s" is longer than permitted maxTTL "10m0s"/)
  // Vault puts notBefore 30 s back.
  assert.is(lifetimeMinutes(done), 11)
})

for (const [behavior, minutes] of [
  ['truncate', 31],
  ['permit', 601],
] as const) {
  roles(`leaf_not_after_behavior=${behavior}: the leaf is used while its authority lives`, async () => {
    const { server, root } = stage
    await mountPki(server, behavior)
    const issuer = await addIntermediate(server, behavior, { signedBy: root, lifetimeMs: 30 * 60_000 })
    await server.write(`${behavior}/issuer/${issuer}`, {
      issuer_name: 'ending',
      leaf_not_after_behavior: behavior,
    })
    await putPkiRole(server, behavior, 'iam-ra')
    const done = await run(stage, { env: { VAULT_PKI_MOUNT: behavior, CERT_TTL: '10h' } })
    await isDone(stage, done)
    // Made within this test, so a second or two of the half hour may be gone.
    assert.ok(Math.abs(lifetimeMinutes(done) - minutes) <= 1)
  })
}

roles.run()
