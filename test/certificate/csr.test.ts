import 'reflect-metadata'
import { spawnSync } from 'node:child_process'
import { createPublicKey, verify, type webcrypto } from 'node:crypto'
import { Name, Pkcs10CertificateRequestGenerator, SubjectAlternativeNameExtension } from '@peculiar/x509'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createCsr, type RequestedNames } from '../../src/certificate/csr.ts'
import { generateKeyPair, type KeyPair } from '../../src/certificate/key-pair.ts'
import { KEY_TYPES, type KeyType } from '../../src/certificate/settings.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { readDer, writeDer, type DerValue } from './der.ts'
import { fc } from '../support/generated.ts'

const csr = suite('csr')
const p256 = await generateKeyPair('ec-p256')

function openssl(args: readonly string[], input: string): { out: string; log: string } {
  const env = { PATH: process.env['PATH'], LC_ALL: 'C', OPENSSL_CONF: '/dev/null' }
  const run = spawnSync('openssl', args, { input, env, encoding: 'utf8' })
  assert.is(run.error, undefined, 'the openssl command is needed')
  assert.is(run.status, 0, run.stderr)
  return { out: run.stdout, log: run.stderr }
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
}

/** The three parts of a CertificationRequest (RFC 2986 section 4.2), and the subject inside the first. */
function parts(pem: string): { info: DerValue; subject: DerValue; signature: Uint8Array } {
  const [request] = readDer(derOf(pem))
  const [info, , signature] = readDer(request?.content ?? new Uint8Array())
  const [version, subject] = readDer(info?.content ?? new Uint8Array())
  assert.equal([...(version?.content ?? [])], [0])
  assert.ok(info !== undefined && subject !== undefined && signature?.tag === 0x03)
  return { info, subject, signature: signature.content.subarray(1) }
}

/** A Name with one RDN: a CN as UTF8String. */
function nameWith(commonName: string): Uint8Array {
  const attribute = writeDer(
    0x30,
    writeDer(0x06, Uint8Array.of(0x55, 0x04, 0x03)),
    writeDer(0x0c, Buffer.from(commonName)),
  )
  return writeDer(0x30, writeDer(0x31, attribute))
}

for (const type of KEY_TYPES) {
  csr(`a request with a key of type ${type} is signed by it, says openssl and says node:crypto`, async () => {
    const pair = await generateKeyPair(type)
    const pem = await createCsr(pair, {
      commonName: 'orders.shop.prod',
      dnsSans: ['orders.shop.example', '*.orders.shop.example'],
      uriSans: ['spiffe://prod/ns/shop/sa/orders'],
    })
    const { out, log } = openssl(['req', '-noout', '-verify', '-text', '-nameopt', 'RFC2253'], pem)
    assert.match(`${out}${log}`, /verify OK/)
    assert.match(out, /Subject: CN=orders\.shop\.prod\n/)
    assert.match(
      out,
      /Subject Alternative Name: \n\s*DNS:orders\.shop\.example, DNS:\*\.orders\.shop\.example, URI:spiffe:\/\/prod\/ns\/shop\/sa\/orders\n/,
    )
    assert.not.match(out, /critical/)
    const hash = type === 'ec-p384' ? 'sha384' : 'sha256'
    assert.match(out, type.startsWith('ec') ? `ecdsa-with-${hash.toUpperCase()}` : `${hash}WithRSAEncryption`)
    const { info, signature } = parts(pem)
    const key = createPublicKey({ key: Buffer.from(pair.publicKeyInfo), type: 'spki', format: 'der' })
    assert.ok(verify(hash, info.whole, { key, dsaEncoding: 'der' }, signature))
    assert.ok(Buffer.from(info.whole).includes(pair.publicKeyInfo))
  })
}

csr('a request without alternative names asks for no extensions', async () => {
  const pem = await createCsr(p256, { commonName: 'orders.shop.prod', dnsSans: [], uriSans: [] })
  openssl(['req', '-noout', '-verify'], pem)
  const attributes = readDer(parts(pem).info.content)[3]
  assert.equal([attributes?.tag, attributes?.content.length], [0xa0, 0])
})

const HOSTILE = [
  'a,O=evil',
  'a, CN=admin',
  'a+OU=evil',
  'a/CN=admin',
  '"quoted"',
  '"half',
  'back\\slash\\',
  '\\,',
  '<>;=',
  '#0c0561646d696e',
  ' space around ',
  '\\0a',
  'line\nbreak',
  'nul\u0000byte',
  'Größe',
  '用户.商店',
  '🗝️',
]

for (const commonName of HOSTILE) {
  csr(`the CN ${JSON.stringify(commonName)} stays one CN, byte for byte`, async () => {
    const { subject } = parts(await createCsr(p256, { commonName, dnsSans: [], uriSans: [] }))
    assert.is(Buffer.from(subject.whole).toString('hex'), Buffer.from(nameWith(commonName)).toString('hex'))
  })
}

csr('any CN of up to 64 characters is the whole subject, as a UTF8String', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }), async (commonName) => {
      const { subject } = parts(await createCsr(p256, { commonName, dnsSans: [], uriSans: [] }))
      assert.is(Buffer.from(subject.whole).toString('hex'), Buffer.from(nameWith(commonName)).toString('hex'))
    }),
    { numRuns: 100 },
  )
})

csr('openssl reads a CN full of separators as one attribute', async () => {
  const pem = await createCsr(p256, { commonName: 'a,O=evil+OU="x"', dnsSans: [], uriSans: [] })
  const { out } = openssl(['req', '-noout', '-subject', '-nameopt', 'multiline'], pem)
  assert.is(out, 'subject=\n    commonName                = a,O=evil+OU="x"\n')
})

csr('an alternative name stays one name, byte for byte', async () => {
  const uri = 'spiffe://prod/ns/shop/sa/orders,DNS:evil.example'
  const dns = 'orders.example,URI:spiffe://evil'
  const pem = await createCsr(p256, { commonName: 'a', dnsSans: [dns], uriSans: [uri] })
  const expected = writeDer(0x30, writeDer(0x82, Buffer.from(dns)), writeDer(0x86, Buffer.from(uri)))
  assert.ok(derOf(pem).includes(expected))
})

for (const [kind, names] of [
  ['DNS', { dnsSans: ['bücher.example'], uriSans: [] }],
  ['URI', { dnsSans: [], uriSans: ['spiffe://prod/ns/ńs/sa/x'] }],
  ['empty DNS', { dnsSans: [''], uriSans: [] }],
  ['spaced URI', { dnsSans: [], uriSans: ['spiffe://prod/a b'] }],
] as const) {
  csr(`a ${kind} name that an IA5String cannot hold is refused, not cut`, async () => {
    const error = await rejectsWithCode(createCsr(p256, { commonName: 'a', ...names }), 'SETTINGS_INVALID')
    assert.is(error.stage, 'settings')
    assert.match(error.message, JSON.stringify([...names.dnsSans, ...names.uriSans][0]))
  })
}

/** A key pair, and the WebCrypto keys in it. */
async function pairAndKeys(type: KeyType): Promise<{ pair: KeyPair; keys: webcrypto.CryptoKeyPair }> {
  const original = crypto.subtle.generateKey.bind(crypto.subtle)
  let keys: webcrypto.CryptoKeyPair | undefined
  const watched = async (...args: Parameters<typeof original>): Promise<unknown> => {
    const made = await original(...args)
    if ('privateKey' in made) keys = made
    return made
  }
  Object.assign(crypto.subtle, { generateKey: watched })
  try {
    const pair = await generateKeyPair(type)
    assert.ok(keys)
    return { pair, keys }
  } finally {
    Reflect.deleteProperty(crypto.subtle, 'generateKey')
  }
}

/** The request that the X.509 library's own generator makes, DER. */
async function generated(
  type: KeyType,
  keys: webcrypto.CryptoKeyPair,
  names: RequestedNames,
): Promise<Buffer> {
  const general = [
    ...names.dnsSans.map((value) => ({ type: 'dns' as const, value })),
    ...names.uriSans.map((value) => ({ type: 'url' as const, value })),
  ]
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: new Name([{ CN: [{ utf8String: names.commonName }] }]),
      extensions: general.length === 0 ? [] : [new SubjectAlternativeNameExtension(general, false)],
      keys,
      signingAlgorithm: {
        name: keys.privateKey.algorithm.name,
        hash: type === 'ec-p384' ? 'SHA-384' : 'SHA-256',
      },
    },
    crypto,
  )
  return Buffer.from(request.rawData)
}

const ascii = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: 80,
})
const anyNames = fc.record({
  commonName: fc.oneof(
    fc.constantFrom('orders.shop.prod', ...HOSTILE),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }),
  ),
  dnsSans: fc.array(ascii, { maxLength: 4 }),
  uriSans: fc.array(ascii, { maxLength: 4 }),
})

for (const type of KEY_TYPES) {
  csr(`a request with a key of type ${type} is, byte for byte, that of the library's generator`, async () => {
    const { pair, keys } = await pairAndKeys(type)
    await fc.assert(
      fc.asyncProperty(anyNames, async (names) => {
        const [ours, theirs] = [derOf(await createCsr(pair, names)), await generated(type, keys, names)]
        // RSASSA-PKCS1-v1_5 signs without chance, ECDSA does not.
        const comparable = (der: Buffer): unknown[] =>
          type.startsWith('rsa')
            ? [der.toString('hex')]
            : readDer(readDer(der)[0]?.content ?? Buffer.of())
                .slice(0, 2)
                .map(({ whole }) => Buffer.from(whole).toString('hex'))
        assert.equal(comparable(ours), comparable(theirs))
      }),
      { numRuns: type.startsWith('rsa') ? 20 : 100 },
    )
  })
}

csr.run()
