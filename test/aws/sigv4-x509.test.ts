import { createHash, createPublicKey, verify, X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generateKeyPair } from '../../src/certificate/key-pair.ts'
import { canonicalRequest } from '../../src/aws/canonical-request.ts'
import { serialDecimal, signRequest } from '../../src/aws/sigv4-x509.ts'
import type { KeyType } from '../../src/certificate/settings.ts'
import { derOf } from '../certs/read.ts'
import { CERTIFICATE } from '../exchange/fixture.ts'
import { fc } from '../support/generated.ts'

const REQUEST = {
  host: 'rolesanywhere.eu-west-1.amazonaws.com',
  path: '/sessions',
  body: '{"profileArn":"p","roleArn":"r","trustAnchorArn":"t"}',
  region: 'eu-west-1',
  nowMs: Date.UTC(2026, 10, 21, 12, 34, 56, 789),
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function parse(authorization: string | undefined): Record<string, string> {
  const match =
    /^(?<algorithm>\S+) Credential=(?<serial>\d+)\/(?<scope>\S+), SignedHeaders=(?<headers>\S+), Signature=(?<signature>[0-9a-f]+)$/.exec(
      authorization ?? '',
    )
  assert.ok(match, 'the header has the documented form')
  return { ...match.groups }
}

const signing = suite('signRequest')

const KINDS: readonly [KeyType, 'ecdsa' | 'rsa', string][] = [
  ['ec-p256', 'ecdsa', 'AWS4-X509-ECDSA-SHA256'],
  ['ec-p384', 'ecdsa', 'AWS4-X509-ECDSA-SHA256'],
  ['rsa-2048', 'rsa', 'AWS4-X509-RSA-SHA256'],
]
for (const [keyType, keyAlgorithm, algorithm] of KINDS) {
  signing(`a signature by ${keyType} covers the canonical request as AWS documents it`, async () => {
    const key = await generateKeyPair(keyType)
    const leaf = derOf('good-p256')
    const [int2, int1] = [derOf('int2'), derOf('int1')]
    const headers = await signRequest(REQUEST, {
      ...CERTIFICATE,
      leaf,
      chain: [int2, int1],
      keyAlgorithm,
      sign: (data) => key.sign(data),
    })
    // Written out by hand: this is the document's text with the values in their places.
    const canonical = `POST
/sessions

content-type:application/json
host:rolesanywhere.eu-west-1.amazonaws.com
x-amz-date:20261121T123456Z
x-amz-x509:${Buffer.from(leaf).toString('base64')}
x-amz-x509-chain:${Buffer.from(int2).toString('base64')},${Buffer.from(int1).toString('base64')}

content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain
${sha256('{"profileArn":"p","roleArn":"r","trustAnchorArn":"t"}')}`
    const signed = `${algorithm}
20261121T123456Z
20261121/eu-west-1/rolesanywhere/aws4_request
${sha256(canonical)}`
    const authorization = parse(headers['authorization'])
    assert.is(authorization['algorithm'], algorithm)
    assert.is(authorization['scope'], '20261121/eu-west-1/rolesanywhere/aws4_request')
    assert.is(authorization['headers'], 'content-type;host;x-amz-date;x-amz-x509;x-amz-x509-chain')
    assert.is(authorization['serial'], String(0xf00dcafe01))
    const publicKey = createPublicKey({ key: Buffer.from(key.publicKeyInfo), format: 'der', type: 'spki' })
    const signature = Buffer.from(authorization['signature'] ?? '', 'hex')
    // node:crypto reads an ECDSA signature as DER unless told otherwise, so this says the encoding too.
    assert.ok(verify('sha256', Buffer.from(signed), publicKey, signature))
    assert.not.ok(verify('sha256', Buffer.from(`${signed} `), publicKey, signature))
  })
}

signing('sends exactly the signed headers and Authorization', async () => {
  const headers = await signRequest(REQUEST, CERTIFICATE)
  assert.equal(Object.keys(headers).sort(), [
    'authorization',
    'content-type',
    'host',
    'x-amz-date',
    'x-amz-x509',
  ])
  assert.is(parse(headers['authorization'])['headers'], 'content-type;host;x-amz-date;x-amz-x509')
})

signing('writes certificates as one line of padded standard base64', async () => {
  const leaf = derOf('good-rsa-2048')
  const headers = await signRequest(REQUEST, { ...CERTIFICATE, leaf, chain: [derOf('int1'), derOf('root')] })
  const encoded = [headers['x-amz-x509'], ...(headers['x-amz-x509-chain'] ?? '').split(',')]
  assert.is(encoded.length, 3)
  for (const one of encoded)
    assert.match(one ?? '', /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)
  assert.is(Buffer.compare(Buffer.from(encoded[0] ?? '', 'base64'), leaf), 0)
  assert.is(Buffer.compare(Buffer.from(encoded[1] ?? '', 'base64'), derOf('int1')), 0)
})

signing('the date is that of the signing, in UTC and without fractions', async () => {
  const headers = await signRequest({ ...REQUEST, nowMs: Date.UTC(2027, 0, 1, 0, 0, 0, 1) }, CERTIFICATE)
  assert.is(headers['x-amz-date'], '20270101T000000Z')
  assert.match(headers['authorization'] ?? '', /\/20270101\//)
})

signing('another body, host, path or region gives another canonical request or scope', async () => {
  const seen = new Set<string>()
  const sign = async (data: Uint8Array): Promise<Uint8Array> => createHash('sha256').update(data).digest()
  const changes = [{}, { body: '{}' }, { host: 'h:1' }, { path: '/' }, { region: 'eu-west-2' }, { nowMs: 0 }]
  for (const change of changes) {
    const headers = await signRequest({ ...REQUEST, ...change }, { ...CERTIFICATE, sign })
    seen.add(parse(headers['authorization'])['signature'] ?? '')
  }
  assert.is(seen.size, changes.length)
})

signing.run()

const serials = suite('serialDecimal')

serials('is unsigned where the top bit is set', () => {
  assert.is(serialDecimal('FF'), '255')
  assert.is(serialDecimal('80000000000000000000000000000000000000'), String(1n << 151n))
  assert.is(serialDecimal('00FF'), '255')
  assert.is(serialDecimal('F'.repeat(40)), String((1n << 160n) - 1n))
})

serials('is the serial again when read back, for any of up to 20 bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (bytes) => {
      const hex = Buffer.from(bytes).toString('hex').toUpperCase()
      const value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
      assert.is(serialDecimal(hex), value.toString())
    }),
  )
})

serials.run()

interface Vector {
  readonly path: string
  readonly query: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body_b64: string
}

const folder = new URL('../vectors/', import.meta.url)
const vectors = readdirSync(folder)
  .filter((name) => name.endsWith('.jsonl'))
  .map((name) => ({ name, vector: JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Vector }))

const recorded = suite('requests recorded from other clients')

recorded('their signatures are over our canonical request, where they have no query as ours', async () => {
  const without = vectors.filter(({ vector }) => vector.query === '')
  assert.equal(
    without.map(({ name }) => name),
    ['python-p256.jsonl', 'python-rsa2048-chain.jsonl'],
  )
  for (const { name, vector } of without) {
    const all = new Map(vector.headers.map(([key, value]) => [key.toLowerCase(), value]))
    const { algorithm = '', scope = '', headers = '', signature = '' } = parse(all.get('authorization'))
    const signed = Object.fromEntries(headers.split(';').map((key) => [key, all.get(key) ?? '']))
    const body = Buffer.from(vector.body_b64, 'base64').toString()
    const canonical = await canonicalRequest({ path: vector.path, body }, signed)
    const toSign = [algorithm, all.get('x-amz-date'), scope, sha256(canonical)].join('\n')
    const { publicKey } = new X509Certificate(Buffer.from(all.get('x-amz-x509') ?? '', 'base64'))
    assert.ok(verify('sha256', Buffer.from(toSign), publicKey, Buffer.from(signature, 'hex')), name)
  }
})

recorded('their serials and certificates are written as ours are', async () => {
  assert.is(vectors.length, 8)
  for (const { name, vector } of vectors) {
    const all = new Map(vector.headers.map(([key, value]) => [key.toLowerCase(), value]))
    const leaf = new X509Certificate(Buffer.from(all.get('x-amz-x509') ?? '', 'base64'))
    const chain = all.get('x-amz-x509-chain')?.split(',') ?? []
    const ours = await signRequest(REQUEST, {
      ...CERTIFICATE,
      leaf: leaf.raw,
      chain: chain.map((one) => Buffer.from(one, 'base64')),
      serialHex: leaf.serialNumber,
      keyAlgorithm: leaf.publicKey.asymmetricKeyType === 'rsa' ? 'rsa' : 'ecdsa',
    })
    assert.is(ours['x-amz-x509'], all.get('x-amz-x509'), name)
    assert.is(ours['x-amz-x509-chain'], all.get('x-amz-x509-chain'), name)
    const [theirs, own] = [parse(all.get('authorization')), parse(ours['authorization'])]
    assert.is(own['serial'], theirs['serial'], name)
    assert.is(own['algorithm'], theirs['algorithm'], name)
  }
})

recorded.run()
