/** Public keys in one form each, so that equal keys are equal bytes, and each runtime can verify with them. */
import { hexOf, magnitude, readDer, readSequence, TAG, writeDer, writeUnsigned } from './der.ts'
import { curveOf, ecAlgorithm, OID, RSA_ALGORITHM, type Curve } from './key-algorithms.ts'

export type CertificateKey =
  | { readonly kind: 'ecdsa' }
  | { readonly kind: 'rsa'; readonly bits: number; readonly exponentBits: number }
  /** Encoded in a way that RFC 5480 forbids. */
  | { readonly kind: 'ill-formed'; readonly form: string }
  | { readonly kind: 'other'; readonly name: string }

export interface PublicKey {
  /** SubjectPublicKeyInfo, DER: named curve and uncompressed point, numbers in their shortest form. */
  readonly info: Uint8Array
  /** Undefined for a type that is unknown here. */
  readonly key?: CertificateKey
}

/** @param info SubjectPublicKeyInfo; returned as is if it is neither RSA nor EC on a usable curve */
export function readPublicKey(info: Uint8Array): PublicKey {
  try {
    const [algorithm, bits] = readSequence(info)
    const [oid, parameters] = readDer(algorithm?.content ?? new Uint8Array())
    // The first byte of a BIT STRING counts unused bits: none.
    const key = bits?.content.subarray(1) ?? new Uint8Array()
    switch (hexOf(oid?.content ?? new Uint8Array())) {
      case OID.rsa:
        return rsaKey(key)
      case OID.rsaPss:
        return { info: rsaKey(key).info, key: { kind: 'other', name: 'RSA-PSS' } }
      case OID.ec: {
        const curve = curveOf(parameters)
        return curve === undefined ? { info } : (ecKey(key, curve) ?? { info, key: UNREADABLE_POINT })
      }
    }
  } catch {
    // The library has its own error for invalid DER.
  }
  return { info }
}

const UNREADABLE_POINT: CertificateKey = { kind: 'ill-formed', form: 'a point that is not on its curve' }

function rsaKey(der: Uint8Array): PublicKey {
  const [modulus = new Uint8Array(), exponent = new Uint8Array()] = readSequence(der).map(({ content }) =>
    magnitude(content),
  )
  const numbers = writeDer(TAG.sequence, writeUnsigned(modulus), writeUnsigned(exponent))
  return {
    info: publicKeyInfo(RSA_ALGORITHM, numbers),
    key: { kind: 'rsa', bits: bitsOf(modulus), exponentBits: bitsOf(exponent) },
  }
}

function bitsOf(number: Uint8Array): number {
  const [first = 0] = number
  return first === 0 ? 0 : (number.length - 1) * 8 + 32 - Math.clz32(first)
}

function ecKey(point: Uint8Array, curve: Curve & { readonly isExplicit: boolean }): PublicKey | undefined {
  const whole = uncompressed(point, curve)
  if (whole === undefined) return undefined
  return { info: publicKeyInfo(ecAlgorithm(curve), whole), key: ecKind(point, curve.isExplicit) }
}

function ecKind([form]: Uint8Array, isExplicit: boolean): CertificateKey {
  if (isExplicit) return { kind: 'ill-formed', form: 'explicit curve parameters instead of a named curve' }
  if (form === 6 || form === 7) return { kind: 'ill-formed', form: 'a point in hybrid form' }
  return { kind: 'ecdsa' }
}

/** SEC 1 section 2.3.3: the first byte is the form. Hybrid points (X9.62) have both y and one bit of it. */
function uncompressed(point: Uint8Array, { name, size }: Curve): Uint8Array | undefined {
  const [form = 0] = point
  if (form === 2 || form === 3) {
    // Loaded only for the rare compressed key.
    const { ECDH } = process.getBuiltinModule('node:crypto')
    try {
      return ECDH.convertKey(point, name, undefined, undefined, 'uncompressed')
    } catch {
      return undefined
    }
  }
  const isWhole = (form === 4 || form === 6 || form === 7) && point.length === 1 + 2 * size
  return isWhole ? Buffer.concat([Uint8Array.of(4), point.subarray(1)]) : undefined
}

function publicKeyInfo(algorithm: Uint8Array, key: Uint8Array): Uint8Array {
  return new Uint8Array(writeDer(TAG.sequence, algorithm, writeDer(TAG.bits, Uint8Array.of(0), key)))
}
