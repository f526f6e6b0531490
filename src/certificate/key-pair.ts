/** The key of one run: made here, used here, never exported. */
import { readDer, readSequence } from './der.ts'
import { dotted } from './key-algorithms.ts'
import type { KeyType } from './settings.ts'
import {
  AlgorithmIdentifier,
  AsnConvert,
  AsnEcSignatureFormatter,
  CertificationRequest,
  CertificationRequestInfo,
  SubjectPublicKeyInfo,
  type Attributes,
  type Name,
} from './x509.ts'

/** A key pair whose private half exists only in this closure's memory and cannot be exported. */
export interface KeyPair {
  /** SubjectPublicKeyInfo, DER (RFC 5280 section 4.1.2.7). */
  readonly publicKeyInfo: Uint8Array
  /** SHA-256 with the key, whatever its size: DER (r, s) for ECDSA, PKCS #1 v1.5 for RSA, as CreateSession wants it. */
  sign(data: Uint8Array): Promise<Uint8Array>
  /** A PKCS #10 request for the name (RFC 2986), DER; signed with SHA-384 for P-384 and SHA-256 for the others. */
  request(subject: Name, attributes: Attributes): Promise<Uint8Array>
}

interface KeyAlgorithm {
  readonly generation: EcKeyAlgorithm | RsaKeyAlgorithm
  readonly requestHash: 'SHA-256' | 'SHA-384'
  readonly requestAlgorithm: AlgorithmIdentifier
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
  'ec-p256': {
    generation: { name: 'ECDSA', namedCurve: 'P-256' },
    requestHash: 'SHA-256',
    // RFC 5758 section 3.2: without parameters.
    requestAlgorithm: new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.2' }),
  },
  'ec-p384': {
    generation: { name: 'ECDSA', namedCurve: 'P-384' },
    requestHash: 'SHA-384',
    requestAlgorithm: new AlgorithmIdentifier({ algorithm: '1.2.840.10045.4.3.3' }),
  },
  'rsa-2048': rsa(2048),
  'rsa-3072': rsa(3072),
}

function rsa(modulusLength: number): KeyAlgorithm {
  return {
    generation: {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength,
      // 65537, the only exponent that Go, and so Vault, makes keys with.
      publicExponent: Uint8Array.of(1, 0, 1),
    },
    requestHash: 'SHA-256',
    // RFC 4055 section 5: with NULL.
    requestAlgorithm: new AlgorithmIdentifier({ algorithm: '1.2.840.113549.1.1.11', parameters: null }),
  }
}

/**
 * Makes a key. An RSA one holds the thread, signals and deadline included, for some hundred milliseconds of CPU time:
 * Bun generates it there.
 */
export async function generateKeyPair(type: KeyType): Promise<KeyPair> {
  const { generation, requestHash, requestAlgorithm } = ALGORITHMS[type]
  const keys = await crypto.subtle.generateKey(generation, false, ['sign', 'verify'])
  const publicKeyInfo = new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey))
  const sign = async (
    hash: KeyAlgorithm['requestHash'],
    data: ArrayBuffer | Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array> => {
    const signature = new Uint8Array(
      await crypto.subtle.sign({ name: generation.name, hash }, keys.privateKey, data),
    )
    return generation.name === 'ECDSA' ? ecdsaDer(generation.namedCurve, signature) : signature
  }
  return Object.freeze({
    publicKeyInfo,
    sign: (data: Uint8Array) => sign('SHA-256', new Uint8Array(data)),
    async request(subject: Name, attributes: Attributes): Promise<Uint8Array> {
      const info = new CertificationRequestInfo({
        subject,
        subjectPKInfo: publicKeyOf(publicKeyInfo),
        attributes,
      })
      const request = new CertificationRequest({
        certificationRequestInfo: info,
        signatureAlgorithm: requestAlgorithm,
        signature: new Uint8Array(await sign(requestHash, AsnConvert.serialize(info))).buffer,
      })
      return new Uint8Array(AsnConvert.serialize(request))
    },
  })
}

/** Taken apart by hand: the library's parser would be started for this alone. */
function publicKeyOf(info: Uint8Array): SubjectPublicKeyInfo {
  const [algorithm, key] = readSequence(info).map(({ content }) => content)
  const [oid, parameters] = readDer(algorithm ?? new Uint8Array())
  return new SubjectPublicKeyInfo({
    algorithm: new AlgorithmIdentifier({
      algorithm: dotted(oid?.content ?? new Uint8Array()),
      parameters: new Uint8Array(parameters?.whole ?? []).buffer,
    }),
    // The first byte of a BIT STRING counts unused bits: none.
    subjectPublicKey: new Uint8Array(key ?? []).slice(1).buffer,
  })
}

/** WebCrypto's r‖s, each of the curve's length, as the DER SEQUENCE of RFC 3279 section 2.2.3. */
export function ecdsaDer(namedCurve: 'P-256' | 'P-384', signature: Uint8Array): Uint8Array {
  const algorithm = { name: 'ECDSA', namedCurve }
  const der = new AsnEcSignatureFormatter().toAsnSignature(algorithm, new Uint8Array(signature))
  if (der === null) throw new TypeError('the signature formatter does not know ECDSA')
  return new Uint8Array(der)
}
