/** The key of one run: generated here, used here, never exported. */
import type { KeyType } from './settings.ts'
import {
  AsnEcSignatureFormatter,
  Pkcs10CertificateRequestGenerator,
  type Extension,
  type Name,
} from './x509.ts'

/** A key pair whose private half exists only in this closure's memory and cannot be exported. */
export interface KeyPair {
  readonly type: KeyType
  /** SubjectPublicKeyInfo, DER (RFC 5280 section 4.1.2.7). */
  readonly publicKeyInfo: Uint8Array
  /** SHA-256 with the key, whatever its size: DER (r, s) for ECDSA, PKCS #1 v1.5 for RSA, as CreateSession requires. */
  sign(data: Uint8Array): Promise<Uint8Array>
  /** A PKCS #10 request for the name (RFC 2986), DER; signed with SHA-384 for P-384 and SHA-256 for the others. */
  request(name: Name, extensions: Extension[]): Promise<Uint8Array>
}

interface KeyAlgorithm {
  readonly generation: EcKeyAlgorithm | RsaKeyAlgorithm
  readonly requestHash: 'SHA-256' | 'SHA-384'
}

interface EcKeyAlgorithm {
  readonly name: 'ECDSA'
  readonly namedCurve: 'P-256' | 'P-384'
}

interface RsaKeyAlgorithm {
  readonly name: 'RSASSA-PKCS1-v1_5'
  readonly hash: 'SHA-256'
  readonly modulusLength: number
  readonly publicExponent: Uint8Array<ArrayBuffer>
}

const ALGORITHMS: Readonly<Record<KeyType, KeyAlgorithm>> = {
  'ec-p256': { generation: { name: 'ECDSA', namedCurve: 'P-256' }, requestHash: 'SHA-256' },
  'ec-p384': { generation: { name: 'ECDSA', namedCurve: 'P-384' }, requestHash: 'SHA-384' },
  'rsa-2048': { generation: rsa(2048), requestHash: 'SHA-256' },
  'rsa-3072': { generation: rsa(3072), requestHash: 'SHA-256' },
}

function rsa(modulusLength: number): RsaKeyAlgorithm {
  // 65537, the only exponent that Go, and so Vault, generates keys with.
  return {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength,
    publicExponent: Uint8Array.of(1, 0, 1),
  }
}

/**
 * Generates a key. An RSA key blocks the thread, including signals and the deadline, for some hundred milliseconds of CPU
 * time, because Bun generates it there.
 */
export async function generateKeyPair(type: KeyType): Promise<KeyPair> {
  const { generation, requestHash } = ALGORITHMS[type]
  const keys = await crypto.subtle.generateKey(generation, false, ['sign', 'verify'])
  const publicKeyInfo = new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey))
  return Object.freeze({
    type,
    publicKeyInfo,
    async sign(data: Uint8Array): Promise<Uint8Array> {
      const algorithm = { name: generation.name, hash: 'SHA-256' }
      const signature = new Uint8Array(
        await crypto.subtle.sign(algorithm, keys.privateKey, new Uint8Array(data)),
      )
      return generation.name === 'ECDSA' ? ecdsaDer(generation.namedCurve, signature) : signature
    },
    async request(name: Name, extensions: Extension[]): Promise<Uint8Array> {
      const signingAlgorithm = { name: generation.name, hash: requestHash }
      const request = await Pkcs10CertificateRequestGenerator.create(
        { name, extensions, keys, signingAlgorithm },
        crypto,
      )
      return new Uint8Array(request.rawData)
    },
  })
}

/** WebCrypto's r‖s, each of the curve's length, as the DER SEQUENCE of RFC 3279 section 2.2.3. */
export function ecdsaDer(namedCurve: 'P-256' | 'P-384', signature: Uint8Array): Uint8Array {
  const algorithm = { name: 'ECDSA', namedCurve }
  const der = new AsnEcSignatureFormatter().toAsnSignature(algorithm, new Uint8Array(signature))
  if (der === null) throw new TypeError('the signature formatter does not know ECDSA')
  return new Uint8Array(der)
}
