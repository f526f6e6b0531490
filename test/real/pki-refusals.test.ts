/** What a PKI role of a real Vault refuses or leaves out, and what the one-shot says of it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run } from '../e2e/harness.ts'
import { count } from '../e2e/outcome.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import {
  hasFailed,
  mountExample,
  putLoginRole,
  putPkiRole,
  startPkiStage,
  warnings,
  type PkiStage,
} from './authority.ts'

const refusals = suite('real Vault: a request to sign refused')

let stage: PkiStage
refusals.before(async () => {
  stage = await startPkiStage()
  await mountExample(stage)
  await stage.server.write('sys/mounts/kv', { type: 'kv' })
})
refusals.after(() => stage.close())

interface Case {
  readonly title: string
  /** Over the example's role. */
  readonly role?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  readonly says: RegExp
  readonly hint: RegExp
}

const REFUSALS: readonly Case[] = [
  {
    title: 'a role that forbids the CN',
    role: { allowed_domains: ['other.example'] },
    says: /answered 400 .*: common name vault-auth\.frontend\.demo not allowed by this role$/,
    hint: /VAULT_CERT_CN/,
  },
  {
    title: 'a role that allows no name at all',
    role: { allowed_domains: [] },
    says: /common name vault-auth\.frontend\.demo not allowed by this role$/,
    hint: /allowed_domains/,
  },
  {
    title: 'a role without allow_bare_domains',
    role: { allow_bare_domains: false },
    says: /common name vault-auth\.frontend\.demo not allowed by this role$/,
    hint: /allow_bare_domains/,
  },
  {
    title: 'a role that forbids URI SANs',
    role: { allowed_uri_sans: [] },
    env: { CERT_URI_SANS: EXAMPLE.uri },
    says: /URI Subject Alternative Names are not allowed in this role/,
    hint: /CERT_URI_SANS/,
  },
  {
    title: "a role that forbids another's URI",
    env: { CERT_URI_SANS: 'spiffe://demo/ns/backend/sa/vault-auth' },
    says: /URI Subject Alternative Names were provided via CSR which are not valid for this role/,
    hint: /allowed_uri_sans/,
  },
  {
    title: 'a role that forbids the DNS SAN',
    env: { CERT_DNS_SANS: 'other.frontend.demo' },
    says: /subject alternate name other\.frontend\.demo not allowed by this role$/,
    hint: /CERT_DNS_SANS/,
  },
  {
    title: 'a role that wants RSA, with KEY_TYPE=ec-p256',
    role: { key_type: 'rsa' },
    env: { KEY_TYPE: 'ec-p256' },
    says: /role requires keys of type rsa$/,
    hint: /KEY_TYPE/,
  },
  {
    title: 'a role that wants EC, with KEY_TYPE=rsa-2048',
    role: { key_type: 'ec' },
    env: { KEY_TYPE: 'rsa-2048' },
    says: /role requires keys of type ec$/,
    hint: /KEY_TYPE/,
  },
  {
    title: 'a role of ec 384, with KEY_TYPE unset',
    role: { key_type: 'ec', key_bits: 384 },
    says: /role requires a minimum of a 384-bit key, but CSR's key is 256 bits$/,
    hint: /KEY_TYPE/,
  },
  {
    title: 'a role of rsa 4096, with KEY_TYPE=rsa-3072',
    role: { key_type: 'rsa', key_bits: 4096 },
    env: { KEY_TYPE: 'rsa-3072' },
    says: /role requires a minimum of a 4096-bit key, but CSR's key is 3072 bits$/,
    hint: /KEY_TYPE/,
  },
  {
    title: 'a role that wants Ed25519',
    role: { key_type: 'ed25519' },
    says: /role requires keys of type ed25519$/,
    hint: /KEY_TYPE .*\(ec-p256, ec-p384, rsa-2048, rsa-3072\), or key_type=any in pki\/roles\/refusal-/,
  },
  {
    title: "a TTL beyond the CA's own life",
    role: { max_ttl: '9000h' },
    env: { CERT_TTL: '8999h' },
    says: /cannot satisfy request, as TTL would result in notAfter/,
    hint: /expiry of the CA's own certificate/,
  },
  {
    title: 'key_usage empty',
    role: { key_usage: [] },
    says: /no keyUsage extension/,
    hint: /key_usage of the PKI role/,
  },
  {
    title: 'key_usage without DigitalSignature',
    role: { key_usage: ['KeyAgreement', 'KeyEncipherment'] },
    says: /keyUsage lacks digitalSignature/,
    hint: /add DigitalSignature to key_usage/,
  },
  {
    title: 'use_csr_common_name=false',
    role: { use_csr_common_name: false },
    says: /the common_name field is required/,
    hint: /use_csr_common_name=true/,
  },
  {
    title: 'use_csr_common_name=false and require_cn=false',
    role: { use_csr_common_name: false, require_cn: false },
    says: /the certificate's subject is empty/,
    hint: /use_csr_common_name=true/,
  },
  {
    title: 'use_csr_sans=false, and a URI was asked for',
    role: { use_csr_sans: false },
    env: { CERT_URI_SANS: EXAMPLE.uri },
    says: /lacks the alternative name "URI:spiffe:/,
    hint: /use_csr_sans=true/,
  },
  {
    title: 'cn_validations of e-mail addresses alone',
    role: { cn_validations: ['email'] },
    says: /common name vault-auth\.frontend\.demo not allowed by this role$/,
    hint: /VAULT_CERT_CN/,
  },
  {
    title: 'a role that does not exist',
    env: { VAULT_CERT_NAME: 'nothing' },
    says: /answered 400 .*: unknown role: nothing$/,
    hint: /set VAULT_CERT_NAME to a role of the mount pki/,
  },
  {
    title: 'a mount that does not exist, which the policy allows',
    env: { VAULT_PKI_MOUNT: 'nowhere' },
    says: /answered 404 .*no handler for route/,
    hint: /no PKI engine is mounted at nowhere/,
  },
  {
    title: 'a mount of another engine',
    env: { VAULT_PKI_MOUNT: 'kv' },
    // A write to what is not there is a create, which the policy does not grant.
    says: /answered 403 /,
    hint: /update on kv\/sign\//,
  },
]

for (const [index, { title, role, env = {}, says, hint }] of REFUSALS.entries()) {
  refusals(`${title}: exit 4, one request to sign, the token revoked`, async () => {
    const name = `refusal-${index}`
    await putPkiRole(stage.server, 'pki', name, role)
    const done = await run(stage, { env: { VAULT_CERT_NAME: name, ...env } })
    await hasFailed(stage, done, 4, says, hint)
    assert.is(count(done.vault, /\/sign\//), 1)
  })
}

refusals('a policy with pki/issue alone: exit 4, and the hint names pki/sign', async () => {
  const { server } = stage
  await server.write('sys/policies/acl/issue', {
    policy: 'path "pki/issue/*" { capabilities = ["update"] }',
  })
  await putLoginRole(server, 'issuing', { token_policies: ['issue'] })
  const done = await run(stage, { env: { VAULT_ROLE: 'issuing' } })
  await hasFailed(
    stage,
    done,
    4,
    /answered 403 .*: permission denied$/,
    /it has: default, issue\) must allow update on pki\/sign\/iam-ra; one for pki\/issue/,
  )
  assert.is(count(done.vault, /\/sign\//), 1)
})

refusals(
  'a role of rsa 4096, with KEY_TYPE unset: one attempt with RSA, and the hint says what there is',
  async () => {
    await putPkiRole(stage.server, 'pki', 'rsa-4096', { key_type: 'rsa', key_bits: 4096 })
    const done = await run(stage, { env: { VAULT_CERT_NAME: 'rsa-4096' } })
    await hasFailed(stage, done, 4, /minimum of a 4096-bit key/, /\(ec-p256, ec-p384, rsa-2048, rsa-3072\)/)
    assert.is(count(done.vault, /\/sign\//), 2)
    assert.is(warnings(done).length, 1)
  },
)

refusals.run()
