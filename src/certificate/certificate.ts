/** A certificate as the checks see it, and how they refuse one. */
import { IamRaError } from '../errors.ts'
import type { CertificateKey } from './public-key.ts'

/** One X.509 certificate (RFC 5280), read whole: everything but the alternative names was found readable. */
export interface Certificate {
  readonly der: Uint8Array
  /** 1, 2 or 3. */
  readonly version: number
  /** The serial's bytes as upper-case hex, without the zero byte that DER puts before a set top bit. */
  readonly serialHex: string
  /** RFC 5280 section 4.1.2.2 wants more than zero, and some tools made negative ones. */
  readonly serialIsPositive: boolean
  /** One line such as `O=Test, CN=Root`; empty if the name is. Raw: it may contain any character. */
  readonly subject: string
  readonly issuer: string
  readonly commonNames: readonly string[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** SubjectPublicKeyInfo in the form of `readPublicKey`. */
  readonly publicKeyInfo: Uint8Array
  readonly key: CertificateKey
  /** What its issuer signed it with, such as `ECDSA with SHA-256`. */
  readonly signatureAlgorithm: string
  /** SHA-256 or better, and of a kind that is known here. */
  readonly signatureIsStrong: boolean
  readonly isCa: boolean
  /** The library's KeyUsageFlags; undefined if the extension is absent. */
  readonly keyUsage: number | undefined
  /** The DNS and URI names; none if the extension is absent. @throws Error if it cannot be read */
  alternativeNames(): { readonly dns: readonly string[]; readonly uri: readonly string[] }
  /** Whether the issuer's key made this one's signature; false for algorithms that are unknown here. */
  isSignedBy(issuer: Certificate): Promise<boolean>
}

/** PEM or DER that cannot be read. */
export function unreadable(what: string, cause?: unknown): IamRaError {
  return new IamRaError('ANSWER_INVALID', 'certificate', `${what} is not a readable PEM certificate`, {
    hint: 'it was damaged or cut on its way: look for a proxy between, and at what the issuer itself has',
    cause,
  })
}

/** A rule that a certificate does not meet. */
export function unfit(message: string, hint: string): IamRaError {
  return new IamRaError('CERTIFICATE_UNFIT', 'certificate', message, { hint })
}
