/** Keys in any form, and what only looks like one. */
import { generateKeyPairSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readPrivateKeys } from '../../src/certificate/private-key.ts'
import { readPublicKey } from '../../src/certificate/public-key.ts'
import { IamRaError } from '../../src/errors.ts'
import { readDer, writeDer } from '../certificate/der.ts'
import { fc } from '../support/generated.ts'
import { pem } from '../keys/read.ts'

const keys = suite('properties: keys')

const derOf = (text: string): Uint8Array => Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64')
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** SubjectPublicKeyInfo with the point in one of its forms (SEC 1 section 2.3.3, X9.62). */
function withPoint(info: Uint8Array, form: 'compressed' | 'hybrid'): Uint8Array {
  const [algorithm, bits] = readDer(readDer(info)[0]?.content ?? info)
  const point = bits?.content.subarray(1) ?? info
  const odd = (point.at(-1) ?? 0) & 1
  const half = (point.length - 1) / 2
  const written =
    form === 'hybrid'
      ? [Uint8Array.of(6 + odd), point.subarray(1)]
      : [Uint8Array.of(2 + odd), point.subarray(1, 1 + half)]
  return writeDer(0x30, algorithm?.whole ?? info, writeDer(0x03, Uint8Array.of(0), ...written))
}

keys('an EC key is the same whatever the form of its point, and another key is not', () => {
  const curve = fc.constantFrom('P-256', 'P-384', 'P-521')
  const infos = new Set<string>()
  fc.assert(
    fc.property(curve, (namedCurve) => {
      const { publicKey } = generateKeyPairSync('ec', { namedCurve })
      const info = new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))
      const plain = readPublicKey(info)
      assert.is(hex(plain.info), hex(info))
      assert.equal(plain.key, { kind: 'ecdsa' })
      const compressed = readPublicKey(withPoint(info, 'compressed'))
      assert.is(hex(compressed.info), hex(info))
      assert.equal(compressed.key, { kind: 'ecdsa' })
      const hybrid = readPublicKey(withPoint(info, 'hybrid'))
      assert.is(hex(hybrid.info), hex(info))
      assert.is(hybrid.key?.kind, 'ill-formed')
      assert.not(infos.has(hex(info)))
      infos.add(hex(info))
    }),
    { numRuns: 30 },
  )
})

keys('a point that is on no curve is no key that can be used', () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const info = withPoint(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })), 'compressed')
  info.fill(0xff, info.length - 32)
  assert.is(readPublicKey(info).key?.kind, 'ill-formed')
})

const NAMES = ['p256-pkcs8', 'p256-sec1', 'p256-explicit-sec1', 'p521-sec1', 'rsa-2048-pkcs1'] as const

keys(
  'one with any bytes of it changed, or cut anywhere, is read or an error of ours without a word of it',
  () => {
    const change = fc.record({
      name: fc.constantFrom(...NAMES),
      at: fc.nat(2000),
      byte: fc.nat(255),
      cut: fc.option(fc.nat(400)),
    })
    fc.assert(
      fc.property(change, ({ name, at, byte, cut }) => {
        const der = Uint8Array.from(derOf(pem(name)))
        der[at % der.length] = byte
        const body = Buffer.from(cut === null ? der : der.subarray(0, cut)).toString('base64')
        const label = name.endsWith('pkcs8')
          ? 'PRIVATE KEY'
          : name.endsWith('sec1')
            ? 'EC PRIVATE KEY'
            : 'RSA PRIVATE KEY'
        const text = `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
        const { keys: found, fault } = readPrivateKeys(text, 'the file')
        assert.is(found.length + (fault === undefined ? 0 : 1), 1)
        if (fault === undefined) return
        assert.instance(fault, IamRaError)
        assert.is(fault.code, 'INPUT_FILE')
        assert.is(fault.cause, undefined)
        assert.not.match(`${fault.message} ${fault.hint ?? ''}`, /[A-Za-z0-9+/]{24}/)
      }),
      { numRuns: 300 },
    )
  },
)

keys('any bytes as a public key are read or left as they are', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(...NAMES),
      fc.nat(300),
      (bytes, name, at) => {
        assert.is(hex(readPublicKey(bytes).info), hex(bytes))
        const some = Uint8Array.from(derOf(pem(name)))
        some.set(
          bytes.subarray(0, Math.max(0, some.length - at)).subarray(0, 8),
          Math.min(at, some.length - 8),
        )
        readPublicKey(some)
      },
    ),
    { numRuns: 200 },
  )
})

keys.run()
