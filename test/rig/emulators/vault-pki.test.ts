import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { EmulatorResponse } from './http.ts'
import { readCertificate } from './read-certificate.ts'
import { bodyOf, postJson, signingRequest, type CsrOptions } from './requests.ts'
import { CN, DENIED, intermediate, login, NOW, refused, root, tokenOf, URI, vault } from './vault-fixture.ts'
import type { VaultEmulator } from './vault.ts'

const signing = suite('Vault pki/sign')

async function signAs(node: VaultEmulator, csr: CsrOptions, body: object = {}): Promise<EmulatorResponse> {
  const token = tokenOf(login(node))
  const pem = await signingRequest({ subject: `CN=${CN}`, ...csr })
  return node.handle(postJson('/v1/pki/int/sign/iam-ra', { csr: pem, ...body }, { 'X-Vault-Token': token }))
}

function dataOf(answer: EmulatorResponse): Record<string, unknown> {
  assert.is(answer.status, 200)
  return bodyOf(answer)['data'] as Record<string, unknown>
}

signing('signs the caller’s own names with the intermediate', async () => {
  const node = vault()
  const answer = await signAs(node, { subject: `CN=${CN}, OU=ignored`, uris: [URI] }, { ttl: '30m' })
  const data = dataOf(answer)
  const leaf = new X509Certificate(String(data['certificate']))
  assert.is(leaf.subject, `CN=${CN}`)
  assert.is(leaf.subjectAltName, `DNS:${CN}, URI:${URI}`)
  assert.is(leaf.validFromDate.getTime(), NOW - 30_000)
  assert.is(leaf.validToDate.getTime(), NOW + 30 * 60_000)
  assert.is(data['expiration'], NOW / 1000 + 30 * 60)
  assert.is(leaf.ca, false)
  assert.ok(leaf.checkIssued(new X509Certificate(intermediate.pem)))
  assert.ok(leaf.verify(intermediate.publicKey))
  assert.is(String(data['serial_number']).replaceAll(':', ''), leaf.serialNumber.toLowerCase())
  assert.match(String(data['serial_number']), /^([0-9a-f]{2}:){19}[0-9a-f]{2}$/)
  assert.equal(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  assert.equal(readCertificate(leaf.raw).keyUsage, ['digitalSignature', 'keyAgreement', 'keyEncipherment'])
  assert.is(data['issuing_ca'], intermediate.pem)
  assert.equal(data['ca_chain'], [intermediate.pem, root.pem])
  assert.is(bodyOf(answer)['warnings'], null)
  assert.is(node.signs[0]?.serial, data['serial_number'])
})

signing('gives the chain as the mount has it', async () => {
  assert.equal(dataOf(await signAs(vault({ caChain: 'without-root' }), {}))['ca_chain'], [intermediate.pem])
  assert.not('ca_chain' in dataOf(await signAs(vault({ caChain: 'absent' }), {})))
  const asked = await signAs(vault(), {}, { remove_roots_from_chain: true })
  assert.equal(dataOf(asked)['ca_chain'], [intermediate.pem])
})

signing('clamps a longer TTL and warns', async () => {
  const answer = await signAs(vault(), {}, { ttl: '72h' })
  assert.is(dataOf(answer)['expiration'], NOW / 1000 + 3600)
  const clamped = 'TTL "72h0m0s" is longer than permitted maxTTL "1h0m0s", so maxTTL is being used'
  assert.equal(bodyOf(answer)['warnings'], [clamped, clamped])
})

signing('refuses a TTL that cannot be read, in the words of Vault and Go', async () => {
  for (const [ttl, words] of [
    ['x', 'time: invalid duration "x"'],
    ['1w', 'time: unknown unit "w" in duration "1w"'],
    [-1, "cannot provide negative value '-1'"],
    [true, 'could not parse duration from input'],
  ] as const) {
    const sentence = `Field validation failed: error converting input ${String(ttl)} for field "ttl": ${words}`
    refused(await signAs(vault(), {}, { ttl }), 400, sentence)
  }
})

signing('takes a name with the root’s dot for another one', async () => {
  refused(await signAs(vault(), { subject: `CN=${CN}.` }), 400, `common name ${CN}. not allowed by this role`)
})

signing('warns of names in the request that it takes from the CSR', async () => {
  const answer = await signAs(vault(), {}, { ttl: 600, common_name: 'localhost', alt_names: 'localhost' })
  assert.is(new X509Certificate(String(dataOf(answer)['certificate'])).subject, `CN=${CN}`)
  assert.equal(bodyOf(answer)['warnings'], [
    'the common_name field was provided but the role is set with "use_csr_common_name" set to true',
    'the alt_names field was provided but the role is set with "use_csr_sans" set to true',
  ])
})

const NAME_REFUSALS: readonly (readonly [CsrOptions, string])[] = [
  [{ subject: 'CN=other.frontend.demo' }, 'common name other.frontend.demo not allowed by this role'],
  [{ subject: 'CN=vault-auth.backend.demo' }, 'common name vault-auth.backend.demo not allowed by this role'],
  [{ subject: 'CN=localhost' }, 'common name localhost not allowed by this role'],
  [{ subject: `CN=x.${CN}` }, `common name x.${CN} not allowed by this role`],
  [{ subject: `CN=*.${CN}` }, `common name *.${CN} not allowed by this role`],
  [{ dns: ['localhost'] }, 'subject alternate name localhost not allowed by this role'],
  [
    { ips: ['10.0.0.1'] },
    'IP Subject Alternative Names are not allowed in this role, but was provided some via CSR',
  ],
  [
    { uris: ['spiffe://demo/ns/backend/sa/vault-auth'] },
    'URI Subject Alternative Names were provided via CSR which are not valid for this role',
  ],
  [
    { subject: '' },
    'the common_name field is required, or must be provided in a CSR with "use_csr_common_name" set to true, unless "require_cn" is set to false',
  ],
]

signing('refuses every name but the caller’s own, with the sentence that says which', async () => {
  for (const [csr, message] of NAME_REFUSALS) {
    const node = vault()
    refused(await signAs(node, csr), 400, message)
    assert.is(node.signs.length, 0)
  }
})

signing('refuses a key of another type or size', async () => {
  refused(await signAs(vault({ pki: { keyType: 'rsa' } }), {}), 400, 'role requires keys of type rsa')
  refused(
    await signAs(vault({ pki: { keyType: 'ec' } }), { key: 'RSA-2048' }),
    400,
    'role requires keys of type ec',
  )
  refused(
    await signAs(vault({ pki: { keyType: 'ec', keyBits: 384 } }), {}),
    400,
    "role requires a minimum of a 384-bit key, but CSR's key is 256 bits",
  )
  dataOf(await signAs(vault({ pki: { keyType: 'rsa' } }), { key: 'RSA-2048' }))
  dataOf(await signAs(vault({ pki: { keyType: 'ec', keyBits: 384 } }), { key: 'P-384' }))
})

signing('refuses a request that its key did not sign', async () => {
  const node = vault()
  const csr = await signingRequest({ subject: `CN=${CN}` })
  const der = Buffer.from(csr.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
  const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`
  const send = (text: string): EmulatorResponse =>
    node.handle(postJson('/v1/pki/int/sign/iam-ra', { csr: text }, { 'X-Vault-Token': tokenOf(login(node)) }))
  refused(send(pem), 400, 'request signature invalid')
  refused(send(''), 400, '"csr" is empty')
  refused(send('abc'), 400, 'csr contains no data')
})

signing('refuses without a token, without the policy, and at an unknown role or mount', async () => {
  const node = vault({ policies: { signer: ['pki/int/issue/iam-ra'] } })
  refused(await signAs(node, {}), 403, DENIED)
  refused(node.handle(postJson('/v1/pki/int/sign/iam-ra', {})), 403, 'permission denied')
  const open = vault({ policies: { signer: ['pki/+/sign/*', 'other/*'] } })
  const token = { 'X-Vault-Token': tokenOf(login(open)) }
  refused(open.handle(postJson('/v1/pki/int/sign/none', {}, token)), 400, 'unknown role: none')
  const elsewhere = open.handle(postJson('/v1/other/sign/iam-ra', {}, token))
  refused(elsewhere, 404, 'no handler for route "other/sign/iam-ra". route entry not found.')
})

signing.run()
