import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createAuthority, randomSerial } from './authority.ts'
import { signCertificate, type CertificateTemplate, type Hash, type Issuer } from './certificate.ts'
import type { EmulatorResponse } from './http.ts'
import { bodyOf, sessionRequest, type SessionRequestParts } from './requests.ts'
import { createRolesAnywhere, type Profile, type Role, type RolesAnywhereEmulator } from './roles-anywhere.ts'
import { createSessionStore } from './sessions.ts'

const NOW = Date.UTC(2026, 10, 21, 12, 0, 0)
const PREFIX = 'arn:aws:rolesanywhere:eu-central-1:111122223333'
const ANCHOR = `${PREFIX}:trust-anchor/a`
const PROFILE = `${PREFIX}:profile/p`
const ROLE = 'arn:aws:iam::111122223333:role/team/frontend'
const ARNS = { profileArn: PROFILE, roleArn: ROLE, trustAnchorArn: ANCHOR }

const root = createAuthority({ commonName: 'Root', nowMs: NOW })
const upper = createAuthority({ commonName: 'Upper', nowMs: NOW, issuer: root })
const lower = createAuthority({ commonName: 'Lower', nowMs: NOW, issuer: upper, key: 'rsa-2048' })
const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })

function emulator(profile: Partial<Profile> = {}, role: Partial<Role> = {}): RolesAnywhereEmulator {
  return createRolesAnywhere({
    now: () => NOW,
    region: 'eu-central-1',
    sessions: createSessionStore(),
    anchors: [{ arn: ANCHOR, certificates: [root.pem] }],
    profiles: [{ arn: PROFILE, roleArns: [ROLE], ...profile }],
    roles: [{ arn: ROLE, ...role }],
  })
}

interface Leaf {
  readonly der: Buffer
  readonly serial: Buffer
  readonly key: KeyObject
}

function leafOf(
  issuer: Issuer,
  change: Partial<CertificateTemplate> = {},
  key: KeyObject = keys.privateKey,
  hash?: Hash,
): Leaf {
  const serial = change.serial ?? randomSerial()
  const template: CertificateTemplate = {
    subject: [['CN', 'vault-auth.frontend.demo']],
    publicKey: keys.publicKey,
    serial,
    notBeforeMs: NOW - 30_000,
    notAfterMs: NOW + 3600_000,
    keyUsage: ['digitalSignature'],
    ...change,
  }
  return { der: signCertificate(template, issuer, hash), serial, key }
}

function send(
  server: RolesAnywhereEmulator,
  leaf: Leaf,
  body: object = ARNS,
  change: Partial<SessionRequestParts> = {},
): EmulatorResponse {
  const serial = BigInt(`0x${leaf.serial.toString('hex')}`)
  return server.handle(sessionRequest({ nowMs: NOW, key: leaf.key, leaf: leaf.der, serial, body, ...change }))
}

function refused(answer: EmulatorResponse, status: number, type: string, message: string | RegExp): void {
  assert.is(answer.status, status)
  assert.is(answer.headers['x-amzn-ErrorType'], type)
  const text = String(bodyOf(answer)['message'])
  if (typeof message === 'string') assert.is(text, message)
  else assert.match(text, message)
}

const sessions = suite('CreateSession')

sessions('gives keys for the role, named after the certificate', () => {
  const server = emulator()
  const leaf = leafOf(root)
  const answer = send(server, leaf)
  assert.is(answer.status, 201)
  const body = bodyOf(answer)
  assert.match(
    String(body['subjectArn']),
    /^arn:aws:rolesanywhere:eu-central-1:111122223333:subject\/[0-9a-f-]{36}$/,
  )
  const [set] = body['credentialSet'] as readonly Record<string, unknown>[]
  assert.ok(set)
  const name = leaf.serial.toString('hex')
  const user = set['assumedRoleUser'] as Record<string, string>
  assert.is(user['arn'], `arn:aws:sts::111122223333:assumed-role/frontend/${name}`)
  assert.match(user['assumedRoleId'] ?? '', new RegExp(`^AROA[A-Z2-7]{17}:${name}$`))
  const credentials = set['credentials'] as Record<string, string>
  assert.match(credentials['accessKeyId'] ?? '', /^ASIA[A-Z2-7]{16}$/)
  assert.is(credentials['secretAccessKey']?.length, 40)
  assert.match(credentials['sessionToken'] ?? '', /^(?=.*\+)(?=.*\/).{900,}==$/)
  assert.is(credentials['expiration'], '2026-11-21T13:00:00Z')
  assert.is(set['roleArn'], ROLE)
  assert.is(set['sourceIdentity'], 'CN=vault-auth.frontend.demo')
  assert.is(server.created[0]?.sessionName, name)
})

sessions('takes RSA and P-384 keys, and a serial whose top bit is set', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  for (const { publicKey, privateKey } of [rsa, p384]) {
    assert.is(send(emulator(), leafOf(root, { publicKey }, privateKey)).status, 201)
  }
  assert.is(send(emulator(), leafOf(root, { serial: Buffer.from('ff00aa', 'hex') })).status, 201)
})

sessions('finds the path through intermediates in any order, and none without them', () => {
  const leaf = leafOf(lower)
  const chains = [
    [lower, upper],
    [upper, lower],
  ].map((chain) => chain.map(({ der }) => der))
  for (const chain of chains) assert.is(send(emulator(), leaf, ARNS, { chain }).status, 201)
  const incomplete = [undefined, [lower.der], [upper.der]].map((chain) =>
    send(emulator(), leaf, ARNS, chain === undefined ? {} : { chain }),
  )
  for (const answer of incomplete)
    refused(answer, 403, 'AccessDeniedException', 'Untrusted signing certificate')
  const six = Array.from({ length: 6 }, () => upper.der)
  refused(send(emulator(), leaf, ARNS, { chain: six }), 400, 'ValidationException', /more than 5/)
})

sessions('an intermediate may be the anchor', () => {
  const server = emulator()
  server.options.anchors = [{ arn: ANCHOR, certificates: [upper.pem] }]
  assert.is(send(server, leafOf(lower), ARNS, { chain: [lower.der] }).status, 201)
})

sessions('refuses certificates that the guide rules out', () => {
  const names = { dns: ['a.example'], uris: [], ips: [], emails: [] }
  const insufficient: readonly Leaf[] = [
    leafOf(root, { keyUsage: ['keyEncipherment'] }),
    leafOf(root, { keyUsage: [] }),
    leafOf(root, { authority: {} }),
    leafOf(root, { subject: [], names }),
    leafOf(root, {}, keys.privateKey, 'sha1'),
  ]
  for (const leaf of insufficient) {
    const answer = send(emulator(), leaf)
    refused(answer, 403, 'AccessDeniedException', 'Untrusted certificate. Insufficient certificate')
  }
  const ended = leafOf(root, { notBeforeMs: NOW - 7200_000, notAfterMs: NOW - 1000 })
  const early = leafOf(root, { notBeforeMs: NOW + 60_000 })
  for (const leaf of [ended, early]) {
    refused(send(emulator(), leaf), 403, 'AccessDeniedException', 'Untrusted signing certificate')
  }
})

sessions('refuses a path through something that is no authority, or one that may not sign', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = [['CN', 'Not an authority']] as const
  const leaf = leafOf({ subject, publicKey, privateKey })
  const through = (change: Partial<CertificateTemplate>): EmulatorResponse =>
    send(emulator(), leaf, ARNS, { chain: [leafOf(root, { subject, publicKey, ...change }).der] })
  assert.is(through({ keyUsage: ['keyCertSign'], authority: {} }).status, 201)
  for (const change of [{ keyUsage: ['keyCertSign'] as const }, { authority: {} }]) {
    refused(through(change), 403, 'AccessDeniedException', 'Untrusted signing certificate')
  }
})

sessions('refuses a certificate that its issuer did not sign', () => {
  const leaf = leafOf(root)
  const der = Buffer.from(leaf.der)
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1
  refused(send(emulator(), { ...leaf, der }), 403, 'AccessDeniedException', 'Untrusted signing certificate')
})

sessions('refuses a key that is not the certificate’s', () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  refused(
    send(emulator(), { ...leafOf(root), key: other }),
    403,
    'AccessDeniedException',
    'Invalid signature',
  )
})

sessions('refuses another region, day or algorithm than its own, though the signature covers them', () => {
  const changes = [{ region: 'us-east-1' }, { date: '20261120' }, { algorithm: 'AWS4-X509-RSA-SHA256' }]
  for (const change of changes) {
    const answer = send(emulator(), leafOf(root), ARNS, change)
    refused(answer, 403, 'AccessDeniedException', 'Invalid signature')
  }
})

sessions('refuses what anchor, profile and role do not allow, in AWS’s words', () => {
  const leaf = leafOf(root)
  const other = (name: string, arn: string): object => ({ ...ARNS, [name]: arn })
  refused(
    send(emulator(), leaf, other('trustAnchorArn', `${PREFIX}:trust-anchor/b`)),
    404,
    'ResourceNotFoundException',
    "Specified Trust Anchor wasn't found.",
  )
  const denied = 'AccessDeniedException'
  const empty = 'Invalid or empty profile provided.'
  refused(send(emulator(), leaf, other('profileArn', `${PREFIX}:profile/b`)), 403, denied, empty)
  refused(send(emulator({ enabled: false }), leaf), 403, denied, empty)
  refused(send(emulator({ roleArns: [] }), leaf), 403, denied, empty)
  refused(
    send(emulator(), leaf, other('roleArn', 'arn:aws:iam::111122223333:role/other')),
    403,
    denied,
    "Requested Role isn't one of those listed in the Profile.",
  )
  const named = { ...ARNS, roleSessionName: 'frontend' }
  refused(send(emulator(), leaf, named), 403, denied, 'Not authorized to set roleSessionName.')
  const distrusting = emulator({}, { trusts: ({ commonName }) => commonName === 'other' })
  refused(send(distrusting, leaf), 403, denied, `Unable to assume role for ${ROLE}`)
  const accepting = emulator({ acceptRoleSessionName: true })
  assert.is(send(accepting, leaf, named).status, 201)
  assert.is(accepting.created[0]?.sessionName, 'frontend')
})

sessions('lasts as long as the profile says, or less where less is asked for', () => {
  const leaf = leafOf(root)
  const seconds = (server: RolesAnywhereEmulator, durationSeconds?: number): number | undefined => {
    const answer = send(server, leaf, {
      ...ARNS,
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
    })
    return answer.status === 201 ? server.created.at(-1)?.durationSeconds : undefined
  }
  assert.is(seconds(emulator()), 3600)
  assert.is(seconds(emulator(), 900), 900)
  assert.is(seconds(emulator(), 7200), 3600)
  assert.is(seconds(emulator({ durationSeconds: 43200 }), 7200), 7200)
  assert.is(seconds(emulator({ durationSeconds: 7200 }, { maxSessionSeconds: 3600 })), undefined)
  assert.is(seconds(emulator(), 899), undefined)
  assert.is(seconds(emulator(), 43201), undefined)
  assert.is(seconds(emulator(), 900.5), undefined)
})

sessions('takes the ARNs from the query too, and passes over members that it does not know', () => {
  const query = new URLSearchParams(ARNS).toString()
  assert.is(send(emulator(), leafOf(root), {}, { target: `/sessions?${query}` }).status, 201)
  assert.is(send(emulator(), leafOf(root), { ...ARNS, sessionName: 'x', cert: null, other: 1 }).status, 201)
})

sessions('names every member that is missing or wrong', () => {
  const answer = send(emulator(), leafOf(root), {
    profileArn: PROFILE,
    durationSeconds: 1,
    roleSessionName: 'a b',
  })
  refused(
    answer,
    400,
    'ValidationException',
    /^4 validation errors detected: .*roleArn.*trustAnchorArn.*durationSeconds.*roleSessionName/,
  )
})

sessions.run()
