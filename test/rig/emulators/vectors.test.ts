/** The Roles Anywhere emulator against requests that two other clients made (test/vectors). */
import { readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority } from './authority.ts'
import { emulatorRequest, type EmulatorRequest } from './http.ts'
import { createRolesAnywhere, type RolesAnywhereEmulator } from './roles-anywhere.ts'
import { createSessionStore } from './sessions.ts'

interface Vector {
  readonly name: string
  readonly arrivedAtMs: number
  readonly request: EmulatorRequest
}

const FOLDER = new URL('../../vectors/', import.meta.url)
const ROOT = readFileSync(new URL('root.pem', FOLDER), 'utf8')
const PREFIX = 'arn:aws:rolesanywhere:us-east-1:111122223333'
const ROLE = 'arn:aws:iam::111122223333:role/path/to/example-role'

const vectors: readonly Vector[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.jsonl'))
  .sort()
  .map((file) => {
    const record: unknown = JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8'))
    const { t, method, target, headers, body_b64 } = record as {
      t: number
      method: string
      target: string
      headers: [string, string][]
      body_b64: string
    }
    const request = emulatorRequest({ method, target, headers, body: Buffer.from(body_b64, 'base64') })
    return { name: file.replace('.jsonl', ''), arrivedAtMs: t * 1000, request }
  })

function emulatorAt(ms: number): RolesAnywhereEmulator {
  return createRolesAnywhere({
    now: () => ms,
    region: 'us-east-1',
    sessions: createSessionStore(),
    anchors: [
      {
        arn: `${PREFIX}:trust-anchor/11111111-2222-3333-4444-555555555555`,
        certificates: [ROOT],
      },
    ],
    profiles: [{ arn: `${PREFIX}:profile/66666666-7777-8888-9999-000000000000`, roleArns: [ROLE] }],
    roles: [{ arn: ROLE }],
  })
}

function statusOf(vector: Vector, request: EmulatorRequest, laterMs = 0): number {
  return emulatorAt(vector.arrivedAtMs + laterMs).handle(request).status
}

type Parts = Pick<EmulatorRequest, 'method' | 'target' | 'headers' | 'body'>

function changed(request: EmulatorRequest, change: Partial<Parts>): EmulatorRequest {
  const { method, target, headers, body } = request
  return emulatorRequest({ method, target, headers, body, ...change })
}

function withHeader(
  request: EmulatorRequest,
  name: string,
  edit: (value: string) => string,
): EmulatorRequest {
  const headers = request.headers.map(([key, value]) => {
    return [key, key.toLowerCase() === name ? edit(value) : value] as const
  })
  return changed(request, { headers })
}

/** The text with another character of the same kind at one place. */
function flip(text: string, index: number): string {
  const character = text[index] ?? ''
  const other = /[0-9]/.test(character) ? (character === '7' ? '8' : '7') : character === 'b' ? 'c' : 'b'
  return text.slice(0, index) + other + text.slice(index + 1)
}

function someIndexes(length: number, count: number): number[] {
  return [...new Set(Array.from({ length: count }, (_, n) => Math.floor((n * (length - 1)) / (count - 1))))]
}

/** One request for each way to change what is signed, with a name that says what was changed and not to what. */
function* mutations(
  { request }: Vector,
  others: readonly Vector[],
): Generator<readonly [string, EmulatorRequest]> {
  const authorization = request.header('authorization') ?? ''
  const edited = (edit: (value: string) => string): EmulatorRequest =>
    withHeader(request, 'authorization', edit)
  const signedHeaders = /SignedHeaders=([^,]+)/.exec(authorization)?.[1]?.split(';') ?? []
  const signature = /Signature=(.+)$/.exec(authorization)?.[1] ?? ''
  const serial = /Credential=(\d+)\//.exec(authorization)?.[1] ?? ''

  for (const method of ['GET', 'PUT', 'post']) yield ['method', changed(request, { method })]
  for (const path of ['/session', '/sessions/', '//sessions', '/Sessions', '/%73essions']) {
    yield ['path', changed(request, { target: path + request.target.slice('/sessions'.length) })]
  }
  yield [
    'query, one member more',
    changed(request, { target: `${request.target}${request.query === '' ? '?' : '&'}a=b` }),
  ]
  for (const pair of request.query === '' ? [] : request.query.split('&')) {
    const rest = request.query.split('&').filter((one) => one !== pair)
    yield ['query, one member fewer', changed(request, { target: `/sessions?${rest.join('&')}` })]
  }
  for (const index of request.query === '' ? [] : someIndexes(request.query.length, 16)) {
    yield ['query, one character', changed(request, { target: `/sessions?${flip(request.query, index)}` })]
  }
  for (const name of signedHeaders) {
    const value = request.header(name) ?? ''
    for (const index of someIndexes(value.length, 6)) {
      yield [`header ${name}, one character`, withHeader(request, name, (text) => flip(text, index))]
    }
    const without = request.headers.filter(([key]) => key.toLowerCase() !== name)
    yield [`header ${name}, absent`, changed(request, { headers: without })]
    yield [`header ${name}, twice`, changed(request, { headers: [...request.headers, [name, value]] })]
    const fewer = signedHeaders.filter((one) => one !== name).join(';')
    yield ['signed headers, one fewer', edited((text) => text.replace(signedHeaders.join(';'), fewer))]
  }
  yield [
    'signed headers, order',
    edited((text) => text.replace(signedHeaders.join(';'), signedHeaders.toReversed().join(';'))),
  ]
  yield ['an unsigned x-amz header', changed(request, { headers: [...request.headers, ['X-Amz-Meta', 'a']] })]

  for (let index = 0; index < request.body.length; index += 1) {
    const body = Buffer.from(request.body)
    body[index] = (body[index] ?? 0) ^ 1
    yield ['body, one byte', changed(request, { body })]
  }
  yield ['body, one byte fewer', changed(request, { body: request.body.subarray(0, -1) })]
  yield ['body, one byte more', changed(request, { body: Buffer.concat([request.body, Buffer.from(' ')]) })]

  const seconds = (text: string, by: number): string => {
    const iso = text.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z')
    return new Date(Date.parse(iso) + by * 1000).toISOString().replace(/[-:]|\.000/g, '')
  }
  for (const by of [-1, 1])
    yield ['date, a second', withHeader(request, 'x-amz-date', (text) => seconds(text, by))]

  const chain = request.header('x-amz-x509-chain')?.split(',') ?? []
  const withChain = (list: readonly string[]): EmulatorRequest =>
    withHeader(request, 'x-amz-x509-chain', () => list.join(','))
  if (chain.length > 0) yield ['chain, order', withChain(chain.toReversed())]
  for (const certificate of chain) {
    yield ['chain, one fewer', withChain(chain.filter((one) => one !== certificate))]
    yield ['chain, one twice', withChain([...chain, certificate])]
  }
  for (const other of others) {
    const leaf = other.request.header('x-amz-x509') ?? ''
    if (leaf === request.header('x-amz-x509')) continue
    yield ["another's certificate", withHeader(request, 'x-amz-x509', () => leaf)]
    const owner = other.request.header('authorization') ?? ''
    yield ["another's authorization", edited(() => owner)]
    const ownerSerial = /Credential=(\d+)\//.exec(owner)?.[1] ?? ''
    yield ["another's serial", edited((text) => text.replace(serial, ownerSerial))]
  }

  for (const wrong of [
    `0${serial}`,
    (BigInt(serial) + 1n).toString(),
    BigInt(serial).toString(16),
    `-${serial}`,
  ]) {
    yield ['serial', edited((text) => text.replace(serial, wrong))]
  }
  for (const [part, wrong] of [
    ['20261121', '20261122'],
    ['us-east-1', 'us-east-2'],
    ['rolesanywhere', 'sts'],
    ['aws4_request', 'aws5_request'],
  ] as const) {
    yield ['scope', edited((text) => text.replace(part, wrong))]
  }
  const algorithms = [
    'AWS4-X509-RSA-SHA256',
    'AWS4-X509-ECDSA-SHA256',
    'AWS4-HMAC-SHA256',
    'AWS4-X509-ECDSA-SHA384',
  ]
  for (const algorithm of algorithms.filter((one) => !authorization.startsWith(one))) {
    yield ['algorithm', edited((text) => text.replace(/^\S+/, algorithm))]
  }
  for (const index of someIndexes(signature.length, 48)) {
    yield ['signature, one byte', edited((text) => text.replace(signature, flip(signature, index)))]
  }
  for (const wrong of [signature.slice(0, -2), signature.slice(0, -1), `${signature}00`, `00${signature}`]) {
    yield ['signature, its length', edited((text) => text.replace(signature, wrong))]
  }
  yield ['signature, upper case', edited((text) => text.replace(signature, signature.toUpperCase()))]
}

const acceptance = suite('CreateSession vectors')

acceptance('there are eight, of both clients', () => {
  assert.is(vectors.length, 8)
  assert.is(vectors.filter(({ name }) => name.startsWith('python-')).length, 2)
})

for (const vector of vectors) {
  acceptance(`${vector.name} is accepted at its time`, () => {
    const emulator = emulatorAt(vector.arrivedAtMs)
    const answer = emulator.handle(vector.request)
    assert.is(answer.status, 201)
    assert.is(emulator.created.length, 1)
    assert.is(emulator.created[0]?.durationSeconds, 3600)
  })

  acceptance(`${vector.name} is accepted whatever its unsigned headers say`, () => {
    assert.is(
      statusOf(
        vector,
        withHeader(vector.request, 'user-agent', () => 'another/1.0'),
      ),
      201,
    )
    assert.is(
      statusOf(
        vector,
        withHeader(vector.request, 'accept-encoding', () => 'br'),
      ),
      201,
    )
  })

  acceptance(`${vector.name} is refused when the clocks are more than five minutes apart`, () => {
    assert.is(statusOf(vector, vector.request, 4 * 60_000), 201)
    for (const laterMs of [-3600_000, -301_000, 302_000, 3600_000]) {
      assert.is(statusOf(vector, vector.request, laterMs), 403)
    }
  })

  acceptance(`${vector.name} is refused when any one signed part is changed`, () => {
    let count = 0
    for (const [what, request] of mutations(vector, vectors)) {
      const status = statusOf(vector, request)
      assert.ok(status >= 400 && status < 500, `${what}: ${status}`)
      count += 1
    }
    assert.ok(count > 150, `${count} mutations`)
  })
}

acceptance('a request is refused where the anchor is another authority', () => {
  for (const vector of vectors) {
    const emulator = emulatorAt(vector.arrivedAtMs)
    const { pem } = createAuthority({ commonName: 'Example Test Root', nowMs: vector.arrivedAtMs })
    emulator.options.anchors = emulator.options.anchors.map((anchor) => ({ ...anchor, certificates: [pem] }))
    const answer = emulator.handle(vector.request)
    assert.is(answer.status, 403)
    assert.is(answer.body, '{"message":"Untrusted signing certificate"}')
  }
})

acceptance.run()
