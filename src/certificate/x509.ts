/**
 * The one place that loads the X.509 library: tsyringe inside it needs reflect-metadata before it. Every call of it gets
 * the runtime's own WebCrypto passed (docs/lab/run.md says why not a package's). Heavy: load it only where a
 * certificate is made or read.
 */
import './reflect.ts'

export { AsnConvert } from '@peculiar/asn1-schema'
// What the X.509 library is made of: it would write an extension out again before it reads what is in it.
export { BasicConstraints, GeneralNames, KeyUsage, KeyUsageFlags } from '@peculiar/asn1-x509'
export {
  AsnEcSignatureFormatter,
  Name,
  PemConverter,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from '@peculiar/x509'
export type { Extension } from '@peculiar/x509'
