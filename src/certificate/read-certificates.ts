/** Reads certificates from PEM: plain ones with the runtime's own reader, all others with the library. */
import { isCertificate, pemBlocks } from '../x509/pem.ts'
import { unreadable, type Certificate } from './certificate.ts'
import { readWithLibrary } from './library-certificate.ts'
import { readPlainCertificate } from './plain-certificate.ts'

/**
 * Reads every certificate of a PEM text; other PEM blocks are passed over.
 *
 * @throws IamRaError ANSWER_INVALID if a block has no end or its content is not a certificate
 */
export function readCertificates(pem: string, what: string): Certificate[] {
  return [...certificatesIn(pem, what)]
}

/** The same one by one, since each takes some milliseconds. What is there twice is read once. */
export function* certificatesIn(pem: string, what: string): Generator<Certificate> {
  const seen = new Set<string>()
  for (const { der } of pemBlocks(pem).filter(isCertificate)) {
    if (der === undefined) throw unreadable(what)
    const base64 = Buffer.from(der).toString('base64')
    if (seen.has(base64)) continue
    seen.add(base64)
    let certificate: Certificate
    try {
      certificate = readPlainCertificate(der) ?? readWithLibrary(der)
    } catch (cause) {
      throw unreadable(what, cause)
    }
    yield certificate
  }
}
