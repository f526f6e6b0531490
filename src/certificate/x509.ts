/**
 * The one place that loads the X.509 library: tsyringe inside it needs reflect-metadata before it, and every call of it
 * gets `crypto` passed, so that no global provider is set. Heavy: load it only where a certificate is made or read.
 */
import './reflect.ts'
import { Crypto } from '@peculiar/webcrypto'

export {
  AsnEcSignatureFormatter,
  BasicConstraintsExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PemConverter,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
  X509Certificate,
} from '@peculiar/x509'

export const crypto = new Crypto()
