/**
 * The one place that loads the X.509 library: tsyringe inside it needs reflect-metadata before it. Every call of it gets
 * the runtime's own WebCrypto passed (docs/lab/run.md says why not a package's). Heavy: load it only where a
 * certificate is made or read.
 */
import './reflect.ts'

export { AsnConvert } from '@peculiar/asn1-schema'
// From the X.509 library's own base: the library would re-encode an extension before parsing its content.
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
