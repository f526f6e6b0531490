/**
 * Whether Roles Anywhere would trust a certificate. IAM Roles Anywhere User Guide, "Trust model": certificate
 * requirements and the path to a trust anchor.
 */
import { SIGNATURE_OIDS } from './certificate.ts'
import type { ReadCertificate } from './read-certificate.ts'

const STRONG_SIGNATURES: readonly string[] = [SIGNATURE_OIDS.rsa, SIGNATURE_OIDS.ec].flatMap((family) => [
  family.sha256,
  family.sha384,
  family.sha512,
])

/** The guide's limit on X-Amz-X509-Chain. */
export const LONGEST_CHAIN = 5

/** Whether the end-entity certificate has everything that the guide asks for, its validity aside. */
export function isFit(leaf: ReadCertificate): boolean {
  return (
    leaf.version === 3 &&
    !leaf.isAuthority &&
    leaf.keyUsage?.includes('digitalSignature') === true &&
    STRONG_SIGNATURES.includes(leaf.signatureOid) &&
    !leaf.emptySubject
  )
}

function isValidAt(certificate: ReadCertificate, nowMs: number): boolean {
  const { validFromDate, validToDate } = certificate.x509
  return validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime()
}

/** Whether a path of valid CA certificates leads from the leaf to one of the anchors; the order of the chain is free. */
export function hasPath(
  leaf: ReadCertificate,
  chain: readonly ReadCertificate[],
  anchors: readonly ReadCertificate[],
  nowMs: number,
): boolean {
  if (!isValidAt(leaf, nowMs)) return false
  if (anchors.some((anchor) => isIssuer(anchor, leaf, nowMs))) return true
  return chain.some((candidate, index) => {
    if (!isIssuer(candidate, leaf, nowMs)) return false
    return hasPath(candidate, chain.toSpliced(index, 1), anchors, nowMs)
  })
}

function isIssuer(issuer: ReadCertificate, subject: ReadCertificate, nowMs: number): boolean {
  return (
    issuer.isAuthority &&
    issuer.keyUsage?.includes('keyCertSign') === true &&
    isValidAt(issuer, nowMs) &&
    STRONG_SIGNATURES.includes(subject.signatureOid) &&
    subject.x509.checkIssued(issuer.x509) &&
    subject.x509.verify(issuer.publicKey)
  )
}
