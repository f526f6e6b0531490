/** Certification authorities made in memory with throw-away keys, for Vault's PKI mount and for the servers' own TLS. */
import { generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { signCertificate, type DistinguishedName, type Hash, type Issuer } from './certificate.ts'

export type AuthorityKey = 'ec-p256' | 'ec-p384' | 'rsa-2048'

export interface Authority extends Issuer {
  readonly der: Buffer
  /** Without a newline at the end, as Vault prints it. */
  readonly pem: string
  readonly notAfterMs: number
  /** This authority and those above it, the root last. PEM. */
  readonly chain: readonly string[]
}

export interface AuthorityOptions {
  readonly commonName: string
  /** Epoch milliseconds. */
  readonly nowMs: number
  readonly key?: AuthorityKey
  /** Absent: a self-signed root. */
  readonly issuer?: Authority
  /** Default ten years. */
  readonly lifetimeMs?: number
  readonly hash?: Hash
}

const YEAR_MS = 365 * 24 * 3600 * 1000

export function createAuthority(options: AuthorityOptions): Authority {
  const keys = generateKeys(options.key ?? 'ec-p256')
  const subject: DistinguishedName = [
    ['O', 'Example'],
    ['CN', options.commonName],
  ]
  const notAfterMs = options.nowMs + (options.lifetimeMs ?? 10 * YEAR_MS)
  const der = signCertificate(
    {
      subject,
      publicKey: keys.publicKey,
      serial: randomSerial(),
      notBeforeMs: options.nowMs - 3600_000,
      notAfterMs,
      keyUsage: ['keyCertSign', 'cRLSign'],
      authority: {},
    },
    options.issuer ?? { subject, ...keys },
    options.hash,
  )
  const pem = pemOf('CERTIFICATE', der)
  return { ...keys, subject, der, pem, notAfterMs, chain: [pem, ...(options.issuer?.chain ?? [])] }
}

/** A server's key and certificate chain for loopback, by address and as `localhost`, both PEM. */
export function serverCertificate(
  issuer: Authority,
  nowMs: number,
): { readonly key: string; readonly cert: string } {
  const keys = generateKeys('ec-p256')
  const der = signCertificate(
    {
      subject: [['CN', 'localhost']],
      publicKey: keys.publicKey,
      serial: randomSerial(),
      notBeforeMs: nowMs - 3600_000,
      notAfterMs: nowMs + YEAR_MS,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['serverAuth'],
      names: { dns: ['localhost'], uris: [], ips: ['127.0.0.1', '::1'], emails: [] },
    },
    issuer,
  )
  const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' })
  return { key, cert: `${pemOf('CERTIFICATE', der)}\n` }
}

function generateKeys(kind: AuthorityKey): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  switch (kind) {
    case 'ec-p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'ec-p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' })
    case 'rsa-2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
  }
}

/** Twenty octets, positive without a leading zero: the longest that RFC 5280 section 4.1.2.2 allows, as Vault makes them. */
export function randomSerial(): Buffer {
  const serial = randomBytes(20)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  return serial
}

export function pemOf(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`].join('\n')
}
