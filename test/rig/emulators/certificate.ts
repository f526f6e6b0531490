/**
 * X.509 certificates made with node:crypto and an ASN.1 library alone, so that nothing here shares code with
 * the library that makes the client's keys and requests. RFC 5280 unless another source is named.
 */
import { createHash, sign, type KeyObject } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from '@peculiar/asn1-x509'

export type Hash = 'sha1' | 'sha256' | 'sha384' | 'sha512'
export type KeyUsageName = Exclude<keyof typeof KeyUsageFlags, number>

/** Attribute types of a distinguished name, RFC 4519. */
export const ATTRIBUTE_OIDS = { CN: '2.5.4.3', C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11' } as const
export type DistinguishedName = readonly (readonly [keyof typeof ATTRIBUTE_OIDS, string])[]

/** RFC 8017 appendix A.2.4 and RFC 5758. */
export const SIGNATURE_OIDS = {
  rsa: {
    sha1: '1.2.840.113549.1.1.5',
    sha256: '1.2.840.113549.1.1.11',
    sha384: '1.2.840.113549.1.1.12',
    sha512: '1.2.840.113549.1.1.13',
  },
  ec: {
    sha1: '1.2.840.10045.4.1',
    sha256: '1.2.840.10045.4.3.2',
    sha384: '1.2.840.10045.4.3.3',
    sha512: '1.2.840.10045.4.3.4',
  },
} as const

const EXTENDED_KEY_USAGE_OIDS = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const
export type ExtendedKeyUsageName = keyof typeof EXTENDED_KEY_USAGE_OIDS

export interface AlternativeNames {
  readonly dns: readonly string[]
  readonly uris: readonly string[]
  readonly ips: readonly string[]
  readonly emails: readonly string[]
}

export interface CertificateTemplate {
  readonly subject: DistinguishedName
  readonly publicKey: KeyObject
  /** Big-endian magnitude. */
  readonly serial: Buffer
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly keyUsage: readonly KeyUsageName[]
  readonly extendedKeyUsage?: readonly ExtendedKeyUsageName[]
  readonly names?: AlternativeNames
  /** Present for a CA. */
  readonly authority?: { readonly pathLength?: number }
}

export interface Issuer {
  readonly subject: DistinguishedName
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** Signs a version 3 certificate; DER. */
export function signCertificate(
  template: CertificateTemplate,
  issuer: Issuer,
  hash: Hash = 'sha256',
): Buffer {
  const algorithm = signatureAlgorithm(issuer.privateKey, hash)
  const tbs = new TBSCertificate({
    version: Version.v3,
    serialNumber: arrayBuffer(positiveInteger(template.serial)),
    signature: algorithm,
    issuer: asn1Name(issuer.subject),
    subject: asn1Name(template.subject),
    validity: new Validity({
      notBefore: new Date(Math.floor(template.notBeforeMs / 1000) * 1000),
      notAfter: new Date(Math.floor(template.notAfterMs / 1000) * 1000),
    }),
    subjectPublicKeyInfo: publicKeyInfo(template.publicKey),
    extensions: new Extensions(extensions(template, issuer)),
  })
  const certificate = new Certificate({
    tbsCertificate: tbs,
    signatureAlgorithm: algorithm,
    signatureValue: arrayBuffer(sign(hash, Buffer.from(AsnConvert.serialize(tbs)), issuer.privateKey)),
  })
  return Buffer.from(AsnConvert.serialize(certificate))
}

function extensions(template: CertificateTemplate, issuer: Issuer): Extension[] {
  const list = [
    extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(keyIdentifier(template.publicKey))),
    extension(
      id_ce_authorityKeyIdentifier,
      false,
      new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(keyIdentifier(issuer.publicKey)) }),
    ),
  ]
  if (template.keyUsage.length > 0) {
    const bits = template.keyUsage.reduce((flags, name) => flags | KeyUsageFlags[name], 0)
    list.push(extension(id_ce_keyUsage, true, new KeyUsage(bits)))
  }
  if (template.extendedKeyUsage !== undefined && template.extendedKeyUsage.length > 0) {
    const oids = template.extendedKeyUsage.map((name) => EXTENDED_KEY_USAGE_OIDS[name])
    list.push(extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage(oids)))
  }
  if (template.authority !== undefined) {
    const { pathLength } = template.authority
    const constraints = new BasicConstraints({
      cA: true,
      ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }),
    })
    list.push(extension(id_ce_basicConstraints, true, constraints))
  }
  const general = generalNames(template.names)
  if (general.length > 0) {
    // Section 4.2.1.6: critical where the subject is empty.
    list.push(
      extension(id_ce_subjectAltName, template.subject.length === 0, new SubjectAlternativeName(general)),
    )
  }
  return list
}

function generalNames(names: AlternativeNames | undefined): GeneralName[] {
  if (names === undefined) return []
  return [
    ...names.dns.map((dNSName) => new GeneralName({ dNSName })),
    ...names.emails.map((rfc822Name) => new GeneralName({ rfc822Name })),
    ...names.ips.map((iPAddress) => new GeneralName({ iPAddress })),
    ...names.uris.map((uniformResourceIdentifier) => new GeneralName({ uniformResourceIdentifier })),
  ]
}

function extension(oid: string, critical: boolean, value: object): Extension {
  return new Extension({ extnID: oid, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })
}

function signatureAlgorithm(key: KeyObject, hash: Hash): AlgorithmIdentifier {
  const family = key.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec'
  // RFC 8017 wants NULL parameters for RSA, RFC 5758 none for ECDSA.
  return new AlgorithmIdentifier({
    algorithm: SIGNATURE_OIDS[family][hash],
    ...(family === 'rsa' ? { parameters: null } : {}),
  })
}

function asn1Name(name: DistinguishedName): Name {
  return new Name(
    name.map(
      ([type, text]) =>
        new RelativeDistinguishedName([
          new AttributeTypeAndValue({
            type: ATTRIBUTE_OIDS[type],
            value: new AttributeValue(type === 'C' ? { printableString: text } : { utf8String: text }),
          }),
        ]),
    ),
  )
}

function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(key.export({ type: 'spki', format: 'der' }), SubjectPublicKeyInfo)
}

/** Section 4.2.1.2, method 1: SHA-1 of the key's bits. */
function keyIdentifier(key: KeyObject): ArrayBuffer {
  return arrayBuffer(
    createHash('sha1')
      .update(Buffer.from(publicKeyInfo(key).subjectPublicKey))
      .digest(),
  )
}

function positiveInteger(magnitude: Buffer): Buffer {
  return (magnitude[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.of(0), magnitude]) : magnitude
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return Uint8Array.from(bytes).buffer
}
