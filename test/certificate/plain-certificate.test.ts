import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pemBlocks } from '../../src/x509/pem.ts'
import { derOf } from '../certs/read.ts'
import { fc } from '../support/generated.ts'
import { ODD_CERTIFICATES, ODD_ISSUER, PSS_CERTIFICATE } from './odd-keys.ts'
import { compareOn } from './two-readers.ts'

const plain = suite('a plain certificate')

function certificatesIn(text: string): Uint8Array[] {
  return pemBlocks(text).flatMap(({ label, der }) => (label === 'CERTIFICATE' && der ? [der] : []))
}

function certificatesOf(folder: string): Uint8Array[] {
  const path = new URL(`../${folder}/`, import.meta.url)
  return readdirSync(path)
    .filter((name) => name.endsWith('.pem'))
    .flatMap((name) => certificatesIn(readFileSync(new URL(name, path), 'latin1')))
}

function withoutRepeats(ders: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(ders.map((der) => [Buffer.from(der).toString('base64'), der])).values()]
}

/** Of the system, which has more of them. */
const SYSTEM = '/etc/ssl/certs/ca-certificates.crt'
const ALL = withoutRepeats([
  ...certificatesOf('certs'),
  ...certificatesOf('keys'),
  ...certificatesIn([ODD_CERTIFICATES.map(([pem]) => pem), PSS_CERTIFICATE, ODD_ISSUER].flat().join('')),
  ...rootCertificates.flatMap(certificatesIn),
  ...(existsSync(SYSTEM) ? certificatesIn(readFileSync(SYSTEM, 'latin1')) : []),
])

/** By what each is: what ordinary authorities write must not be left to the library, since it takes ten times as long. */
const ORDINARY = [
  'good-p256',
  'good-p384',
  'good-rsa-2048',
  'int1',
  'int2',
  'root',
  'top-bit-serial',
  'cn-missing',
]
const LEFT = [
  'version-1',
  'zero-serial',
  'negative-serial',
  'sha1',
  'md5',
  'pss-sha256',
  'ed25519-key',
  'empty-subject',
]

const GOOD = derOf('good-p256')
const ISSUERS = [derOf('int2')]
const MUTABLE = ['good-p256', 'good-rsa-2048', 'int2', 'generalized-time', 'top-bit-serial'].map(derOf)

/** Bytes that are replaced, left out or put in; near the start most often, where the fields are. */
const damaged = fc
  .tuple(
    fc.constantFrom(...MUTABLE),
    fc.array(
      fc.record({
        at: fc.oneof(fc.nat({ max: 999 }), fc.nat({ max: 300 })),
        byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 2, 3, 0x17, 0x18, 0x30, 0x31, 0x80, 0xff)),
        drop: fc.constantFrom(0, 1, 1, 1, 1),
        put: fc.constantFrom(0, 1, 1, 1, 1),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([der, edits]) =>
    edits.reduce<Uint8Array>((bytes, { at, byte, drop, put }) => {
      const start = at % bytes.length
      return Buffer.concat([
        bytes.subarray(0, start),
        Uint8Array.of(byte).subarray(0, put),
        bytes.subarray(start + drop),
      ])
    }, der),
  )

function flippedBits(der: Uint8Array): Uint8Array[] {
  return Array.from({ length: der.length * 8 }, (_, bit) =>
    der.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
  )
}

for (const runtime of ['node', 'bun'] as const) {
  plain(`${runtime}: is what the library makes of it, each field and whose signature it has`, async () => {
    const { plain: found, signed, unsigned, differences } = await compareOn(runtime, ALL, ALL)
    assert.equal(differences, [])
    const share = found.filter(Boolean).length / found.length
    assert.ok(share > 0.4 && share < 0.9, `${share}`)
    assert.ok(signed > 100 && unsigned > 500, `${signed} and ${unsigned}`)
  })

  plain(`${runtime}: is one that an ordinary authority makes, and no other`, async () => {
    const { plain: found } = await compareOn(runtime, [...ORDINARY, ...LEFT].map(derOf), [])
    assert.equal(found, [...ORDINARY.map(() => true), ...LEFT.map(() => false)])
  })

  plain(
    `${runtime}: is never one that the library refuses or reads otherwise, whichever bit is flipped`,
    async () => {
      const { plain: found, differences } = await compareOn(runtime, flippedBits(GOOD), [])
      assert.equal(differences, [])
      assert.ok(found.some(Boolean) && !found.every(Boolean))
    },
  )

  plain(
    `${runtime}: is never one that the library refuses or reads otherwise, whatever is damaged`,
    async () => {
      const { differences } = await compareOn(runtime, fc.sample(damaged, 1500), ISSUERS)
      assert.equal(differences, [])
    },
  )
}

plain.run()
