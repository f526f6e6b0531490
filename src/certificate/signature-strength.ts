import type { IamRaError } from '../errors.ts'
import { foreignText } from '../text/redact.ts'
import { unfit, type Certificate } from './certificate.ts'
import { HINTS, type Origin } from './hints.ts'

/** Undefined if AWS accepts the signature. */
export function signatureFault(
  certificate: Certificate,
  what: string,
  origin: Origin,
): IamRaError | undefined {
  if (certificate.signatureIsStrong) return undefined
  return unfit(
    `${what} is signed with ${foreignText(certificate.signatureAlgorithm)}, and AWS requires SHA-256 or stronger`,
    HINTS[origin].weakSignature,
  )
}
