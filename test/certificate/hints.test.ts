import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readCertificates } from '../../src/certificate/read-certificates.ts'
import { checkLeaf } from '../../src/certificate/checks.ts'
import { HINTS } from '../../src/certificate/hints.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { pem } from '../certs/read.ts'

const hints = suite('hints')
const nowMs = Date.UTC(2027, 0, 1)
const { signal } = new AbortController()
const CHAIN = ['root', 'int1', 'int2', 'int-rsa']

async function hintFor(leaf: string, origin: 'vault-pki' | 'mounted', chain = CHAIN): Promise<string> {
  const [certificate] = readCertificates(pem(leaf), leaf)
  assert.ok(certificate)
  const candidates = readCertificates(chain.map((name) => pem(name)).join(''), 'chain')
  const error = await rejectsWithCode(
    checkLeaf(certificate, candidates, { origin, nowMs, signal }),
    'CERTIFICATE_UNFIT',
  )
  return error.hint ?? ''
}

for (const [leaf, rule] of [
  ['ed25519-key', 'keyKind'],
  ['rsa-1024', 'keySize'],
  ['version-1', 'version'],
  ['sha1', 'weakSignature'],
  ['no-key-usage', 'noKeyUsage'],
  ['no-digital-signature', 'noDigitalSignature'],
  ['ca-true', 'authority'],
  ['empty-subject', 'emptySubject'],
  ['expired', 'expired'],
  ['wrong-issuer-name', 'noIssuer'],
  ['wrong-issuer-signature', 'otherIssuerKey'],
] as const) {
  hints(`of ${leaf} are those for whoever issued it`, async () => {
    for (const origin of ['vault-pki', 'mounted'] as const)
      assert.is(await hintFor(leaf, origin), HINTS[origin][rule])
  })
}

hints('on an intermediate too', async () => {
  const chain = ['root', 'int1', 'intermediate-sha1']
  assert.is(await hintFor('good-p256', 'mounted', chain), HINTS.mounted.weakSignature)
})

hints('are sentences, and those on mounted files do not send anyone to Vault', () => {
  const texts = (of: object): string[] => Object.values(of).map(String)
  for (const hint of [...texts(HINTS.mounted), ...texts(HINTS['vault-pki'])]) {
    assert.match(hint, /^[a-z].*[^.]$/)
  }
  for (const hint of texts(HINTS.mounted)) assert.not.match(hint, /Vault|PKI role|KEY_TYPE|key_usage/)
})

hints('a certificate whose names nobody asked for may have any', async () => {
  for (const leaf of ['cn-differs', 'cn-twice', 'cn-missing', 'san-missing', 'san-unreadable']) {
    const [certificate] = readCertificates(pem(leaf), leaf)
    assert.ok(certificate)
    const checked = await checkLeaf(certificate, [], { origin: 'mounted', nowMs, signal })
    assert.equal(checked.chain, [])
  }
})

hints.run()
