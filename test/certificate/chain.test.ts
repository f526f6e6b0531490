import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readCertificates } from '../../src/certificate/read-certificates.ts'
import type { Certificate } from '../../src/certificate/certificate.ts'
import { orderChain, type Chain } from '../../src/certificate/chain.ts'
import type { Circumstances } from '../../src/certificate/circumstances.ts'
import { HINTS } from '../../src/certificate/hints.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { derOf, pem } from '../certs/read.ts'
import { fc } from '../support/generated.ts'

const chain = suite('chain')
const NOW: Circumstances = {
  origin: 'vault-pki',
  nowMs: Date.UTC(2027, 0, 1),
  signal: new AbortController().signal,
}

function read(...names: readonly string[]): Certificate[] {
  return names.flatMap((name) => readCertificates(pem(name), name))
}

function leaf(name: string): Certificate {
  const [certificate] = read(name)
  assert.ok(certificate)
  return certificate
}

async function ordered(leafName: string, ...candidates: readonly string[]): Promise<Chain> {
  return orderChain(leaf(leafName), read(...candidates), NOW)
}

function same({ members: actual }: Chain, ...names: readonly string[]): void {
  const hex = (der: Uint8Array): string => Buffer.from(der).toString('hex')
  assert.equal(
    actual.map((one) => hex(one.der)),
    names.map((name) => hex(derOf(name))),
  )
}

chain('an issuer whose key cannot be checked here is said to be so', async () => {
  const [issuer] = read('int2')
  assert.ok(issuer)
  const odd: Certificate = { ...issuer, key: { kind: 'other', name: 'K-256' } }
  const signed: Certificate = { ...leaf('good-p256'), isSignedBy: () => Promise.resolve(false) }
  const error = await rejectsWithCode(orderChain(signed, [odd], NOW), 'CERTIFICATE_UNFIT')
  assert.match(error.message, /is signed with a key of type K-256, which cannot be verified here$/)
})

chain('any order, with root, leaf, duplicates and strangers among it, becomes leaf side first', async () => {
  const all = ['int2', 'int2', 'int1', 'int1', 'root', 'root', 'good-p256', 'root-b', 'int-rsa', 'other-key']
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(all, { minLength: all.length }), async (candidates) => {
      same(await ordered('good-p256', ...candidates), 'int2', 'int1')
    }),
    { numRuns: 25 },
  )
})

chain('the root may be absent', async () => {
  same(await ordered('good-p256', 'int1', 'int2'), 'int2', 'int1')
})

chain('an intermediate above a gap is dropped', async () => {
  same(await ordered('good-p256', 'int2', 'root'), 'int2')
})

chain('a leaf from the root itself has an empty chain', async () => {
  same(await ordered('root-issued', 'root'))
})

chain('without candidates the chain is empty', async () => {
  same(await ordered('good-p256'))
  same(await ordered('good-p256', 'good-p256'))
})

chain('of two issuers with one name the one whose key signed is taken, wherever it stands', async () => {
  same(await ordered('good-p256', 'int2-other-key', 'int2', 'int1', 'root'), 'int2', 'int1')
  same(await ordered('good-p256', 'int2', 'int2-other-key', 'int1', 'root'), 'int2', 'int1')
  same(await ordered('wrong-issuer-signature', 'int2', 'int2-other-key', 'int1'), 'int2-other-key', 'int1')
})

chain('of a cross-signed pair the first one given is taken', async () => {
  same(await ordered('good-p256', 'int2', 'int1', 'int1-cross', 'root', 'root-b'), 'int2', 'int1')
  same(await ordered('good-p256', 'int2', 'int1-cross', 'int1', 'root', 'root-b'), 'int2', 'int1-cross')
})

chain('of a cross-signed pair the one that has not expired is taken', async () => {
  same(await ordered('good-p256', 'int2', 'int1-cross-expired', 'int1', 'root'), 'int2', 'int1')
  same(await ordered('good-p256', 'int2', 'int1', 'int1-cross-expired', 'root'), 'int2', 'int1')
})

chain('of several with one key the one that can be sent is taken, wherever it is', async () => {
  for (const unfit of [
    'int1-expired',
    'int1-not-yet-valid',
    'int1-not-ca',
    'int1-no-cert-sign',
    'int1-sha1',
  ]) {
    for (const pair of [
      [unfit, 'int1'],
      ['int1', unfit],
    ]) {
      const found = await ordered('good-p256', 'int2', ...pair, 'root')
      same(found, 'int2', 'int1')
      assert.equal(found.warnings, [])
    }
  }
})

chain('without another, one above the issuer that has expired ends the path', async () => {
  const found = await ordered('good-p256', 'root-b', 'int1-cross-expired', 'int2')
  same(found, 'int2')
  assert.match(found.warnings.join(), /CN=Intermediate 1 expired at/)
})

chain('a cross-signed root is kept, because either root may be the trust anchor', async () => {
  for (const roots of [
    ['root', 'root-cross'],
    ['root-cross', 'root'],
  ]) {
    same(await ordered('good-p256', ...roots, 'int1', 'int2', 'root-b'), 'int2', 'int1', 'root-cross')
  }
})

chain('roots that signed one another are each taken once', async () => {
  same(await ordered('root-issued', 'root-b-cross', 'root-cross'), 'root-cross', 'root-b-cross')
})

chain('a new key under the old name, signed by the old key, is an intermediate', async () => {
  same(await ordered('root-rolled-issued', 'root', 'root-rolled'), 'root-rolled')
})

chain('the signature of a root is not judged', async () => {
  same(await ordered('good-p256', 'int2', 'int1', 'root-sha1'), 'int2', 'int1')
})

chain('RSA-PSS and Ed25519 signatures of an issuer are verified', async () => {
  same(await ordered('pss-sha256', 'int-rsa', 'root'), 'int-rsa')
  same(await ordered('ed25519-issued', 'root', 'int-ed25519'), 'int-ed25519')
})

chain('candidates none of which is the issuer are an error that counts them', async () => {
  const several = await rejectsWithCode(
    ordered('wrong-issuer-name', 'int2', 'int1', 'root'),
    'CERTIFICATE_UNFIT',
  )
  assert.match(several.message, /names O=Test, CN=Renamed as its issuer, and none of the 3 that came with it/)
  assert.match(several.hint ?? '', /ca_chain/)
  const one = await rejectsWithCode(ordered('wrong-issuer-name', 'int2', 'int2'), 'CERTIFICATE_UNFIT')
  assert.match(one.message, /the one certificate that came with it does not have that name/)
})

chain('a leaf that its issuer did not sign is an error', async () => {
  const error = await rejectsWithCode(
    ordered('wrong-issuer-signature', 'int2', 'int1', 'root'),
    'CERTIFICATE_UNFIT',
  )
  assert.is(
    error.message,
    'the certificate CN=orders.shop.prod is not signed with the key of its issuer O=Test, CN=Intermediate 2',
  )
  assert.match(error.hint ?? '', /same name with another key/)
})

chain('a root of the same name with another key ends the path above the issuer, with a warning', async () => {
  const [other] = read('root-b')
  const [int1] = read('int1')
  assert.ok(other !== undefined && int1 !== undefined)
  const renamed: Certificate = { ...other, subject: int1.issuer, issuer: int1.issuer }
  const found = await orderChain(leaf('good-p256'), [...read('int2', 'int1'), renamed], NOW)
  same(found, 'int2', 'int1')
  assert.match(
    found.warnings.join(),
    /have a different key from the one that signed O=Test, CN=Intermediate 1/,
  )
})

chain('other leaves beside it say nothing about its issuer', async () => {
  same(await ordered('good-p256', 'other-name', 'expired'))
})

chain('an intermediate that its issuer did not sign is an error', async () => {
  const error = await rejectsWithCode(
    ordered('good-p256', 'intermediate-wrong-signature', 'int1', 'root'),
    'CERTIFICATE_UNFIT',
  )
  assert.is(
    error.message,
    'the certificate O=Test, CN=Intermediate 2 is not signed with the key of its issuer O=Test, CN=Intermediate 1',
  )
})

chain('five intermediates are taken and six are an error', async () => {
  const six = read('six-deep-chain')
  assert.is(six.length, 6)
  const five = await orderChain(leaf('six-deep'), six.slice(1), NOW)
  assert.equal(
    five.members.map((one) => one.subject),
    [6, 5, 4, 3, 2].map((depth) => `O=Test, CN=Deep ${depth}`),
  )
  for (const origin of ['vault-pki', 'mounted'] as const) {
    const promise = orderChain(leaf('six-deep'), six, { ...NOW, origin })
    const error = await rejectsWithCode(promise, 'CERTIFICATE_UNFIT')
    assert.match(
      error.message,
      /^the chain has at least 6 intermediate certificates, the sixth being O=Test, CN=Deep 1, .* accepts at most 5/,
    )
    assert.is(error.hint, HINTS[origin].chainTooLong)
  }
})

chain.run()
