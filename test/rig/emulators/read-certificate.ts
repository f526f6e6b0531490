/** X.509 certificates as a verifier reads them: node:crypto, and the ASN.1 for what it leaves out. RFC 5280. */
import { X509Certificate, type KeyObject } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  Certificate,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  KeyUsage,
  type Name,
} from '@peculiar/asn1-x509'
import { ATTRIBUTE_OIDS, type DistinguishedName } from './certificate.ts'

/** What a verifier needs beyond Node's own reading of a certificate. */
export interface ReadCertificate {
  readonly der: Buffer
  readonly x509: X509Certificate
  readonly publicKey: KeyObject
  /** 1, 2 or 3. */
  readonly version: number
  readonly signatureOid: string
  readonly emptySubject: boolean
  /** What basicConstraints says; Node's `ca` is false, too, for a CA whose keyUsage lacks keyCertSign. */
  readonly isAuthority: boolean
  readonly commonName: string | undefined
  /** The CN of the authority that signed it. */
  readonly issuerName: string | undefined
  /** What of the two names has a short name in ATTRIBUTE_OIDS, in its order. */
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  /** Undefined where the extension is absent. */
  readonly keyUsage: readonly string[] | undefined
  readonly serial: bigint
}

/** @throws Error where the bytes are no certificate with a key on it, or something follows it. */
export function readCertificate(der: Buffer): ReadCertificate {
  const x509 = new X509Certificate(der)
  // OpenSSL ignores what follows the certificate; its own copy of what it read shows whether anything did.
  if (!x509.raw.equals(der)) throw new Error('bytes after the certificate')
  const { tbsCertificate: tbs, signatureAlgorithm: algorithm } = AsnConvert.parse(der, Certificate)
  const usage = tbs.extensions?.find(({ extnID }) => extnID === id_ce_keyUsage)
  const basic = tbs.extensions?.find(({ extnID }) => extnID === id_ce_basicConstraints)
  return {
    der,
    x509,
    publicKey: x509.publicKey,
    version: tbs.version + 1,
    signatureOid: algorithm.algorithm,
    emptySubject: tbs.subject.length === 0,
    isAuthority: basic !== undefined && AsnConvert.parse(basic.extnValue.buffer, BasicConstraints).cA,
    commonName: commonName(tbs.subject),
    issuerName: commonName(tbs.issuer),
    subject: attributes(tbs.subject),
    issuer: attributes(tbs.issuer),
    keyUsage: usage === undefined ? undefined : AsnConvert.parse(usage.extnValue.buffer, KeyUsage).toJSON(),
    serial: BigInt(`0x${x509.serialNumber}`),
  }
}

function attributes(name: Name): DistinguishedName {
  const kinds = Object.keys(ATTRIBUTE_OIDS) as (keyof typeof ATTRIBUTE_OIDS)[]
  return name
    .flatMap((rdn) => [...rdn])
    .flatMap(({ type, value }) =>
      kinds.filter((kind) => ATTRIBUTE_OIDS[kind] === type).map((kind) => [kind, value.toString()] as const),
    )
}

/** The last CN, as most readers take it. */
export function commonName(name: Name): string | undefined {
  const attributes = name.flatMap((rdn) => [...rdn]).filter(({ type }) => type === ATTRIBUTE_OIDS.CN)
  return attributes.at(-1)?.value.toString()
}
