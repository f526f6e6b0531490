import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { checkCertificate, type CheckInput } from '../../src/certificate/checks.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { derOf, ourPublicKey, pem, publicKeyOf } from '../certs/read.ts'

const checks = suite('checks')

function input(leaf: string, changes: Partial<CheckInput> = {}): CheckInput {
  return {
    certificatePem: pem(leaf),
    chainPem: ['root', 'int1', 'int2', 'int-rsa', 'int-ed25519'].map((name) => pem(name)),
    publicKeyInfo: ourPublicKey(),
    commonName: 'orders.shop.prod',
    dnsSans: ['orders.shop.example'],
    uriSans: ['spiffe://prod/ns/shop/sa/orders'],
    nowMs: Date.UTC(2027, 0, 1),
    signal: new AbortController().signal,
    ...changes,
  }
}

const only = (...names: readonly string[]): Partial<CheckInput> => ({
  chainPem: names.map((name) => pem(name)),
})

checks('a good certificate comes back as CreateSession needs it', async () => {
  const checked = await checkCertificate(input('good-p256'))
  assert.equal(Buffer.from(checked.leaf), Buffer.from(derOf('good-p256')))
  assert.equal(
    checked.chain.map((der) => Buffer.from(der)),
    ['int2', 'int1'].map((name) => Buffer.from(derOf(name))),
  )
  const { leaf: _leaf, chain: _chain, ...facts } = checked
  assert.equal(facts, {
    keyAlgorithm: 'ecdsa',
    serialHex: new X509Certificate(pem('good-p256')).serialNumber,
    subject: 'CN=orders.shop.prod',
    issuer: 'O=Test, CN=Intermediate 2',
    chainSubjects: ['O=Test, CN=Intermediate 2', 'O=Test, CN=Intermediate 1'],
    validFromMs: Date.UTC(2026, 0, 1),
    notAfterMs: Date.UTC(2126, 0, 1),
    warnings: [],
  })
})

for (const [name, why, algorithm, changes] of [
  ['good-p384', 'a P-384 key', 'ecdsa', { publicKeyInfo: publicKeyOf('good-p384') }],
  ['good-rsa-2048', 'an RSA key of 2048 bits', 'rsa', { publicKeyInfo: publicKeyOf('good-rsa-2048') }],
  ['sha384', 'a SHA-384 signature', 'ecdsa', {}],
  ['pss-sha256', 'an RSA-PSS signature with SHA-256', 'ecdsa', {}],
  ['ed25519-issued', 'an Ed25519 signature', 'ecdsa', {}],
  ['root-issued', 'a root as its issuer', 'ecdsa', {}],
  ['dns-upper-case', 'its DNS name in another case', 'ecdsa', {}],
  ['utc-time', 'an end before 2050', 'ecdsa', {}],
  ['other-name', 'an alternative name of another kind beside ours', 'ecdsa', {}],
  ['crlf', 'CRLF at the ends of lines', 'ecdsa', {}],
  ['text-around', 'text around the PEM block', 'ecdsa', {}],
] as const) {
  checks(`a certificate with ${why} is accepted`, async () => {
    const checked = await checkCertificate(input(name, changes))
    assert.is(checked.keyAlgorithm, algorithm)
    assert.is(checked.subject, 'CN=orders.shop.prod')
  })
}

checks('a name in another case is the same DNS name and another URI', async () => {
  await checkCertificate(input('good-p256', { dnsSans: ['Orders.Shop.Example'] }))
  const uri = 'spiffe://prod/ns/shop/sa/ORDERS'
  const error = await rejectsWithCode(
    checkCertificate(input('good-p256', { uriSans: [uri] })),
    'CERTIFICATE_UNFIT',
  )
  assert.match(error.message, `"URI:${uri}"`)
})

checks('names that nobody asked for are no failure', async () => {
  await checkCertificate(input('good-p256', { dnsSans: [], uriSans: [] }))
})

checks('without any certificate of the issuer the chain is empty', async () => {
  for (const chainPem of [[], [''], ['\n']]) {
    assert.equal((await checkCertificate(input('good-p256', { chainPem }))).chain, [])
  }
})

checks('the chain may follow the leaf in one file', async () => {
  const checked = await checkCertificate(
    input('good-p256', { certificatePem: pem('good-p256') + pem('int1') + pem('int2'), chainPem: [] }),
  )
  assert.equal(checked.chainSubjects, ['O=Test, CN=Intermediate 2', 'O=Test, CN=Intermediate 1'])
})

checks('a serial with its top bit set is one positive number', async () => {
  const { serialHex } = await checkCertificate(input('top-bit-serial'))
  assert.is(serialHex, 'F0E1D2C3B4A5968778695A4B3C2D1E0F00112233')
  assert.is(BigInt(`0x${serialHex}`).toString(10), '1375193812842618916575047389307893526453646598707')
})

checks('times before and after 2050 are read from both of their types', async () => {
  const utc = await checkCertificate(input('utc-time'))
  assert.equal([utc.validFromMs, utc.notAfterMs], [Date.UTC(2026, 0, 1), Date.UTC(2049, 11, 31, 23, 59, 59)])
  const generalized = await checkCertificate(input('generalized-time', { nowMs: Date.UTC(2060, 0, 1) }))
  assert.equal(
    [generalized.validFromMs, generalized.notAfterMs],
    [Date.UTC(2050, 0, 1), Date.UTC(2126, 0, 1)],
  )
})

/** File, what is wrong with it, the sentence, the hint. */
const REFUSED: readonly (readonly [string, string, RegExp, RegExp, Partial<CheckInput>?])[] = [
  ['other-key', 'is for another key', /public key is not the one in the request/, /proxy or a cache/],
  ['version-1', 'is of version 1', /X\.509 version 1/, /with extensions/],
  ['zero-serial', 'has the serial zero', /serial number is not positive/, /with a positive serial number/],
  [
    'negative-serial',
    'has a negative serial',
    /serial number is not positive/,
    /with a positive serial number/,
  ],
  [
    'long-serial',
    'has a serial of 21 bytes',
    /serial number has 21 bytes, and at most 20/,
    /5280 section 4\.1\.2\.2/,
  ],
  [
    'rsa-1024',
    'has an RSA key of 1024 bits',
    /1024 bits/,
    /KEY_TYPE/,
    { publicKeyInfo: publicKeyOf('rsa-1024') },
  ],
  ['ed25519-key', 'has an Ed25519 key', /Ed25519/, /KEY_TYPE/, { publicKeyInfo: publicKeyOf('ed25519-key') }],
  ['sha1', 'is signed with SHA-1', /^the certificate is signed with ECDSA with SHA-1,/, /signature_bits/],
  ['md5', 'is signed with MD5', /^the certificate is signed with RSA with MD5,/, /signature_bits/],
  ['pss-sha1', 'is signed with RSA-PSS on SHA-1', /RSA-PSS with SHA-1/, /signature_bits/],
  ['expired', 'has expired', /^the certificate expired at 2026-02-01T00:00:00Z/, /renewed/],
  [
    'not-yet-valid',
    'is not valid yet',
    /^the certificate is not valid before 2100-01-01T00:00:00Z/,
    /clocks/,
  ],
  ['no-key-usage', 'has no keyUsage', /no keyUsage extension/, /key_usage of the PKI role/],
  ['no-digital-signature', 'lacks digitalSignature', /lacks digitalSignature/, /add DigitalSignature/],
  ['ca-true', 'is an authority', /CA:TRUE/, /sign-intermediate/],
  ['empty-subject', 'has an empty subject', /subject is empty/, /use_csr_common_name/],
  ['cn-differs', 'has another CN', /"billing\.shop\.prod", but "orders\.shop\.prod"/, /use_csr_common_name/],
  ['cn-twice', 'has two CNs', /"orders\.shop\.prod", "billing\.shop\.prod", but/, /allowed_domains/],
  ['cn-missing', 'has a subject without CN', /no CN, but "orders\.shop\.prod"/, /use_csr_common_name/],
  ['san-missing', 'lacks both names', /names "DNS:orders.*", "URI:spiffe.*" that were/, /use_csr_sans/],
  ['dns-missing', 'lacks the DNS name', /name "DNS:orders\.shop\.example" that was/, /allowed_domains/],
  ['uri-missing', 'lacks the URI', /name "URI:spiffe:[^,]*" that was/, /allowed_uri_sans/],
  [
    'wrong-issuer-signature',
    'was signed by another key than the issuer',
    /not signed with the key of its issuer/,
    /old one/,
  ],
  ['wrong-issuer-name', 'names an issuer that is not there', /none of the 5 .* has that name/, /issuer_ref/],
  [
    'six-deep',
    'is six below the root',
    /at least 6 intermediate certificates, the sixth being O=Test, CN=Deep 1, and/,
    /nearer.*make the sixth the trust anchor and set .*manual_chain to the first five, .*does not send the sixth and those above it/,
    only('six-deep-chain', 'root'),
  ],
]

for (const [name, what, sentence, hint, changes] of REFUSED) {
  checks(`a certificate that ${what} is refused`, async () => {
    const error = await rejectsWithCode(checkCertificate(input(name, changes)), 'CERTIFICATE_UNFIT')
    assert.is(error.stage, 'certificate')
    assert.match(error.message, sentence)
    assert.match(error.hint ?? '', hint)
  })
}

/** A certificate of int2's name and key in its place, what is wrong with it, the sentence. */
const REFUSED_INTERMEDIATES: readonly (readonly [string, string, RegExp])[] = [
  ['intermediate-expired', 'has expired', /CN=Intermediate 2 expired at 2026-02-01T00:00:00Z/],
  [
    'intermediate-not-yet-valid',
    'is not valid yet',
    /CN=Intermediate 2 is not valid before 2100-01-01T00:00:00Z/,
  ],
  ['intermediate-not-ca', 'is no authority', /CN=Intermediate 2 is not a CA certificate/],
  ['intermediate-no-cert-sign', 'lacks keyCertSign', /CN=Intermediate 2 may not sign .* lacks keyCertSign/],
  ['intermediate-sha1', 'is signed with SHA-1', /CN=Intermediate 2 is signed with ECDSA with SHA-1/],
  ['intermediate-md5', 'is signed with MD5', /CN=Intermediate 2 is signed with RSA with MD5/],
  [
    'intermediate-wrong-signature',
    'was signed by another key',
    /CN=Intermediate 2 is not signed with the key of its issuer/,
  ],
]

for (const [name, what, sentence] of REFUSED_INTERMEDIATES) {
  checks(`a chain with an intermediate that ${what} is refused, and the intermediate is named`, async () => {
    const promise = checkCertificate(input('good-p256', only('root', 'int1', 'int-rsa', name)))
    const error = await rejectsWithCode(promise, 'CERTIFICATE_UNFIT')
    assert.match(error.message, sentence)
    assert.ok(error.hint)
  })
}

checks('both ends of the validity belong to it, the minute before, and nothing beyond', async () => {
  const [from, to] = [Date.UTC(2026, 0, 1), Date.UTC(2049, 11, 31, 23, 59, 59)]
  for (const nowMs of [from - 60_000, from, to]) {
    assert.is((await checkCertificate(input('utc-time', { nowMs }))).validFromMs, from)
  }
  for (const nowMs of [from - 60_001, to + 1]) {
    await rejectsWithCode(checkCertificate(input('utc-time', { nowMs })), 'CERTIFICATE_UNFIT')
  }
})

checks('a chain is valid from the latest of its beginnings on, if that is within a minute', async () => {
  const beginMs = Date.UTC(2100, 0, 1)
  const nowMs = beginMs - 30_000
  for (const chain of [only('intermediate-not-yet-valid', 'int1'), only('int2', 'int1-not-yet-valid')]) {
    const checked = await checkCertificate(input('good-p256', { ...chain, nowMs }))
    assert.is(checked.chain.length, 2)
    assert.is(checked.validFromMs, beginMs)
    assert.equal(checked.warnings, [])
  }
  // Nobody waits for one if there is another.
  const both = only('int2', 'intermediate-not-yet-valid', 'int1-not-yet-valid', 'int1')
  const checked = await checkCertificate(input('good-p256', { ...both, nowMs }))
  assert.is(checked.validFromMs, Date.UTC(2026, 0, 1))
})

/** A certificate of int1's name and key above the leaf's issuer, what is wrong with it, the sentence. */
const LEFT_OUT: readonly (readonly [string, string, RegExp])[] = [
  ['int1-expired', 'has expired', /CN=Intermediate 1 expired at 2026-02-01T00:00:00Z, and it is .* here/],
  ['int1-not-yet-valid', 'is not valid yet', /CN=Intermediate 1 is not valid before 2100-01-01T00:00:00Z/],
  ['int1-not-ca', 'is no authority', /CN=Intermediate 1 is not a CA certificate/],
  ['int1-no-cert-sign', 'lacks keyCertSign', /CN=Intermediate 1 may not sign .* lacks keyCertSign/],
  ['int1-sha1', 'is signed with SHA-1', /CN=Intermediate 1 is signed with ECDSA with SHA-1/],
]

for (const [name, what, sentence] of LEFT_OUT) {
  checks(`what ${what} above the leaf's issuer is left out with those above it, and named`, async () => {
    const checked = await checkCertificate(input('good-p256', only('root-cross', name, 'int2')))
    assert.equal(checked.chainSubjects, ['O=Test, CN=Intermediate 2'])
    assert.is(checked.warnings.length, 1)
    assert.match(checked.warnings[0] ?? '', sentence)
    assert.match(
      checked.warnings[0] ?? '',
      /, so it and the certificates above it are not sent: .*, unless the trust anchor has its key/,
    )
    assert.is(checked.validFromMs, Date.UTC(2026, 0, 1))
  })
}

const FROM = Date.UTC(2026, 0, 1)
for (const [title, nowMs, serverDateMs, sentence, hint] of [
  [
    'behind',
    FROM - 3 * 3_600_000 - 10 * 60_000,
    FROM + 30_000,
    "it is 2025-12-31T20:50:00Z here: this machine's clock is 3 h 10 min behind Vault's",
    'NTP',
  ],
  [
    'ahead',
    Date.UTC(2127, 0, 2, 0, 0, 45),
    Date.UTC(2127, 0, 1),
    "clock is 1 d 45 s ahead of Vault's",
    'NTP',
  ],
  ['seconds behind', FROM - 60_001, FROM - 53_001, "clock is 7 s behind Vault's", 'NTP'],
  ['as good as right', FROM - 60_001, FROM - 56_001, "here, as on Vault's clock", 'compare the clocks'],
] as const) {
  checks(`the refusal says so where this machine's clock is ${title}`, async () => {
    const promise = checkCertificate(input('good-p256', { nowMs, serverDateMs }))
    const error = await rejectsWithCode(promise, 'CERTIFICATE_UNFIT')
    assert.ok(error.message.endsWith(sentence), error.message)
    assert.match(error.hint ?? '', hint)
  })
}

checks('no clock is compared where the server gave no date', async () => {
  const error = await rejectsWithCode(checkCertificate(input('expired')), 'CERTIFICATE_UNFIT')
  assert.ok(error.message.endsWith('and it is 2027-01-01T00:00:00Z here'), error.message)
})

for (const [name, what] of [
  ['garbage', 'base64 that is none'],
  ['truncated-der', 'DER that is cut short'],
  ['our-key', 'a PEM block of another kind'],
] as const) {
  checks(`${what} is an unreadable answer, as the leaf and in the chain`, async () => {
    const leaf = await rejectsWithCode(checkCertificate(input(name)), 'ANSWER_INVALID')
    assert.is(leaf.message, 'the issued certificate is not a readable PEM certificate')
    const chain = await rejectsWithCode(
      checkCertificate(input('good-p256', only('int2', name))),
      'ANSWER_INVALID',
    )
    assert.is(chain.message, "a certificate of the issuer's chain is not a readable PEM certificate")
  })
}

for (const certificatePem of ['', 'no PEM', pem('good-p256').replace(/-----END[^]*/, '')]) {
  checks(`${JSON.stringify(certificatePem.slice(0, 27))} alone is an unreadable answer`, async () => {
    await rejectsWithCode(checkCertificate(input('good-p256', { certificatePem })), 'ANSWER_INVALID')
  })
}

checks('a time that cannot be read is an unreadable answer', async () => {
  const der = Buffer.from(derOf('utc-time'))
  der.write('26010100000Z', der.indexOf('260101000000Z'), 'latin1')
  const certificatePem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`
  await rejectsWithCode(
    checkCertificate(input('utc-time', { certificatePem, chainPem: [] })),
    'ANSWER_INVALID',
  )
})

checks('alternative names that cannot be read matter only where names were asked for', async () => {
  await checkCertificate(input('san-unreadable', { dnsSans: [], uriSans: [] }))
  const error = await rejectsWithCode(checkCertificate(input('san-unreadable')), 'ANSWER_INVALID')
  assert.match(error.message, /alternative names/)
})

checks.run()
