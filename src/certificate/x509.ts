/**
 * The one place that loads the X.509 library: tsyringe inside it needs reflect-metadata before it. Every call of it gets
 * the runtime's own WebCrypto passed (docs/lab/run.md says why not a package's). Heavy: load it only where a
 * certificate is made or read.
 */
import './reflect.ts'

export { Attributes, CertificationRequest, CertificationRequestInfo } from '@peculiar/asn1-csr'
export { AsnConvert, OctetString } from '@peculiar/asn1-schema'
// From the X.509 library's own base: the library itself would parse what it has just written, and re-encode what it has read.
export {
  AlgorithmIdentifier,
  Attribute,
  AttributeTypeAndValue,
  AttributeValue,
  BasicConstraints,
  Extension,
  Extensions,
  GeneralName,
  GeneralNames,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectPublicKeyInfo,
} from '@peculiar/asn1-x509'
export { AsnEcSignatureFormatter, PemConverter, X509Certificate } from '@peculiar/x509'
