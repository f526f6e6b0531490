/** Certificates that came with a leaf and may be its issuers. */
import { certificatesIn } from './read-certificates.ts'
import { unfit, type Certificate } from './certificate.ts'
import type { Circumstances } from './circumstances.ts'
import { HINTS } from './hints.ts'
import { turn } from './turn.ts'

/** More than any chain or a bundle of all public roots has; each takes milliseconds to read and to try. */
export const MOST_CANDIDATES = 200

/**
 * @param pem any number of certificates
 * @throws IamRaError CERTIFICATE_UNFIT if there are too many, else what readCertificates throws; the signal's reason
 */
export async function readCandidates(
  pem: string,
  what: string,
  { origin, signal }: Pick<Circumstances, 'origin' | 'signal'>,
): Promise<Certificate[]> {
  const candidates: Certificate[] = []
  for (const certificate of certificatesIn(pem, what)) {
    if (candidates.length === MOST_CANDIDATES) {
      throw unfit(
        `${what} has more than ${MOST_CANDIDATES} certificates, and no chain is that long`,
        HINTS[origin].tooMany,
      )
    }
    candidates.push(certificate)
    await turn(signal)
  }
  return candidates
}
