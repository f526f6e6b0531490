/** A workload with a certificate by an authority that Roles Anywhere's emulator trusts, for clients ours and others'. */
import { generateKeyPairSync, sign, X509Certificate, type KeyObject } from 'node:crypto'
import type { IssuedCertificate } from '../../../src/credentials.ts'
import { createAuthority, pemOf, randomSerial, type Authority } from '../../rig/emulators/authority.ts'
import { signCertificate, type Hash } from '../../rig/emulators/certificate.ts'
import { EXAMPLE } from '../../rig/emulators/stage.ts'
import { CERTIFICATE } from '../../exchange/fixture.ts'

export const KEYS = ['P-256', 'P-384', 'RSA-2048'] as const
export type Key = (typeof KEYS)[number]

export interface Workload {
  readonly root: Authority
  readonly privateKey: KeyObject
  readonly leaf: X509Certificate
  /** Without leaf and root, leaf-side first. */
  readonly chain: readonly X509Certificate[]
}

export interface WorkloadOptions {
  readonly key?: Key
  /** Default 1. */
  readonly intermediates?: number
  /** What the leaf is signed with. Default sha256. */
  readonly hash?: Hash
}

export function createWorkload(options: WorkloadOptions = {}): Workload {
  const nowMs = Date.now()
  const root = createAuthority({ commonName: 'Example Root CA', nowMs })
  let issuer = root
  for (let level = 1; level <= (options.intermediates ?? 1); level += 1) {
    issuer = createAuthority({ commonName: `Example Intermediate CA ${level}`, nowMs, issuer })
  }
  const { privateKey, publicKey } = generateKeys(options.key ?? 'P-256')
  const der = signCertificate(
    {
      subject: [['CN', EXAMPLE.commonName]],
      publicKey,
      serial: randomSerial(),
      notBeforeMs: nowMs - 60_000,
      notAfterMs: nowMs + 3_600_000,
      keyUsage: ['digitalSignature'],
    },
    issuer,
    options.hash,
  )
  const chain = issuer.chain.slice(0, -1).map((pem) => new X509Certificate(pem))
  return { root, privateKey, leaf: new X509Certificate(der), chain }
}

function generateKeys(key: Key): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (key === 'RSA-2048') return generateKeyPairSync('rsa', { modulusLength: 2048 })
  return generateKeyPairSync('ec', { namedCurve: key })
}

/** The same certificate and key as our own exchange takes them. */
export function asIssuedCertificate({ leaf, chain, privateKey }: Workload): IssuedCertificate {
  return {
    ...CERTIFICATE,
    leaf: leaf.raw,
    chain: chain.map(({ raw }) => raw),
    keyAlgorithm: privateKey.asymmetricKeyType === 'rsa' ? 'rsa' : 'ecdsa',
    serialHex: leaf.serialNumber,
    notAfterMs: leaf.validToDate.getTime(),
    sign: async (data) => sign('sha256', data, privateKey),
  }
}

export function pemChain(certificates: readonly X509Certificate[]): string {
  return certificates.map(({ raw }) => `${pemOf('CERTIFICATE', raw)}\n`).join('')
}
