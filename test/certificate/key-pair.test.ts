import { createPublicKey, verify } from 'node:crypto'
import { inspect } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ecdsaDer, generateKeyPair } from '../../src/certificate/key-pair.ts'
import { KEY_TYPES } from '../../src/certificate/settings.ts'
import { readDer, readUnsigned } from './der.ts'
import { fc } from '../support/generated.ts'

const keyPair = suite('key-pair')
const text = new TextEncoder().encode('AWS4-X509-ECDSA-SHA256')

function publicKey(publicKeyInfo: Uint8Array): ReturnType<typeof createPublicKey> {
  return createPublicKey({ key: Buffer.from(publicKeyInfo), type: 'spki', format: 'der' })
}

const EXPECTED = {
  'ec-p256': ['ec', { namedCurve: 'prime256v1' }],
  'ec-p384': ['ec', { namedCurve: 'secp384r1' }],
  'rsa-2048': ['rsa', { modulusLength: 2048, publicExponent: 65537n }],
  'rsa-3072': ['rsa', { modulusLength: 3072, publicExponent: 65537n }],
} as const

for (const type of KEY_TYPES) {
  keyPair(`a key of type ${type} is of that kind and signs SHA-256 as node:crypto verifies it`, async () => {
    const pair = await generateKeyPair(type)
    const key = publicKey(pair.publicKeyInfo)
    const [kind, details] = EXPECTED[type]
    assert.is(key.asymmetricKeyType, kind)
    assert.equal(key.asymmetricKeyDetails, details)
    const signature = await pair.sign(text)
    assert.ok(verify('sha256', text, { key, dsaEncoding: 'der' }, signature))
    assert.not(verify('sha256', text.slice(1), { key, dsaEncoding: 'der' }, signature))
  })
}

keyPair('every one of many P-256 signatures is strict DER that node:crypto verifies', async () => {
  const pair = await generateKeyPair('ec-p256')
  const key = publicKey(pair.publicKeyInfo)
  const lengths = new Set<number>()
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (data) => {
      const signature = await pair.sign(data)
      const [sequence, ...after] = readDer(signature)
      const integers = readDer(sequence?.content ?? new Uint8Array())
      assert.equal([after.length, integers.length], [0, 2])
      integers.forEach((integer) => readUnsigned(integer))
      lengths.add(signature.length)
      assert.ok(verify('sha256', data, { key, dsaEncoding: 'der' }, signature))
    }),
    { numRuns: 400 },
  )
  assert.ok(lengths.size >= 3, 'signatures with and without a padding byte were seen')
})

for (const [curve, size] of [
  ['P-256', 32],
  ['P-384', 48],
] as const) {
  keyPair(`the DER of any r and s on ${curve} holds the same two numbers in their shortest form`, () => {
    const top = fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff)
    const number = fc
      .tuple(fc.nat({ max: size - 1 }), top, fc.uint8Array({ minLength: size, maxLength: size }))
      .map(([zeros, first, bytes]) =>
        Uint8Array.from(bytes, (byte, i) => (i < zeros ? 0 : i === zeros ? first : byte)),
      )
      .filter((bytes) => bytes.some((byte) => byte !== 0))
    fc.assert(
      fc.property(number, number, (r, s) => {
        const [sequence, ...after] = readDer(ecdsaDer(curve, Buffer.concat([r, s])))
        assert.ok(sequence?.tag === 0x30)
        assert.is(after.length, 0)
        const numbers = readDer(sequence.content).map((value) => readUnsigned(value))
        assert.equal(
          numbers,
          [r, s].map((bytes) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)),
        )
      }),
      { numRuns: 500 },
    )
  })
}

keyPair('the private key cannot be exported', async () => {
  const keys: unknown[] = []
  const original = crypto.subtle.generateKey.bind(crypto.subtle)
  const watched = async (...args: Parameters<typeof original>): Promise<unknown> => {
    const made = await original(...args)
    keys.push('privateKey' in made ? made.privateKey : made)
    return made
  }
  Object.assign(crypto.subtle, { generateKey: watched })
  try {
    for (const type of KEY_TYPES) await generateKeyPair(type)
  } finally {
    Reflect.deleteProperty(crypto.subtle, 'generateKey')
  }
  assert.is(keys.length, KEY_TYPES.length)
  for (const key of keys) {
    for (const format of ['pkcs8', 'jwk'] as const) {
      const outcome = await crypto.subtle.exportKey(format as 'jwk', key as CryptoKey).then(
        () => 'exported',
        (error: unknown) => (error as Error).message,
      )
      assert.match(outcome, /not extractable/)
    }
  }
})

keyPair('nothing that prints or serialises a key pair shows more than its public half', async () => {
  const pair = await generateKeyPair('ec-p256')
  assert.equal(Object.keys(pair).sort(), ['publicKeyInfo', 'request', 'sign'])
  assert.equal(Object.keys(JSON.parse(JSON.stringify(pair)) as object).sort(), ['publicKeyInfo'])
  assert.not.match(inspect(pair, { depth: Infinity, showHidden: true }), /private/i)
  assert.throws(() => Object.assign(pair, { sign: () => undefined }), TypeError)
})

keyPair.run()
