/** Certificates of any kind, read by the X.509 library. */
import type { Certificate } from './certificate.ts'
import { readPublicKey, type CertificateKey } from './public-key.ts'
import { AsnConvert, BasicConstraints, GeneralNames, KeyUsage, X509Certificate } from './x509.ts'

/** The library keeps the version, the serial's bytes and the extensions' bytes for its subclasses. */
class ParsedCertificate extends X509Certificate {
  get version(): number {
    return this.asn.tbsCertificate.version + 1
  }

  get serialBytes(): Uint8Array {
    return new Uint8Array(this.asn.tbsCertificate.serialNumber)
  }

  get publicKeyInfo(): object {
    return this.asn.tbsCertificate.subjectPublicKeyInfo
  }

  /**
   * One extension by OID, DER. `extensions` would parse all of them, and fail for an odd one that nobody here asks
   * about.
   */
  extension(oid: string): ArrayBuffer | undefined {
    return this.asn.tbsCertificate.extensions?.find((one) => one.extnID === oid)?.extnValue.buffer
  }
}

/** The content of an extension or a key is parsed separately, on demand. */
const OPTIONS = { berOptions: { parseEmbedded: false } }

/** @throws Error for what is no certificate, or one that cannot be read */
export function readWithLibrary(der: Uint8Array<ArrayBuffer>): Certificate {
  const parsed = new ParsedCertificate(der, OPTIONS)
  const serial = parsed.serialBytes
  const { strong, name } = signature(parsed.signatureAlgorithm as unknown as Algorithm)
  const constraints = parsed.extension('2.5.29.19')
  const usage = parsed.extension('2.5.29.15')
  const publicKey = readPublicKey(new Uint8Array(AsnConvert.serialize(parsed.publicKeyInfo)))
  return {
    der,
    version: parsed.version,
    serialHex: Buffer.from(serial.subarray(serial.findIndex((byte) => byte !== 0)))
      .toString('hex')
      .toUpperCase(),
    serialIsPositive: serial.some((byte) => byte !== 0) && (serial[0] ?? 0) < 0x80,
    subject: parsed.subject,
    issuer: parsed.issuer,
    commonNames: parsed.subjectName.getField('CN'),
    notBeforeMs: instant(parsed.notBefore),
    notAfterMs: instant(parsed.notAfter),
    publicKeyInfo: publicKey.info,
    key: publicKey.key ?? otherKey(parsed),
    signatureAlgorithm: name,
    signatureIsStrong: strong,
    isCa: constraints !== undefined && AsnConvert.parse(constraints, BasicConstraints).cA,
    keyUsage: usage === undefined ? undefined : AsnConvert.parse(usage, KeyUsage).toNumber(),
    alternativeNames: () => alternativeNames(parsed.extension('2.5.29.17')),
    isSignedBy: (issuer) => isSignedBy(parsed, issuer),
  }
}

/** UTCTime begins in 1950 (RFC 5280 section 4.1.2.5.1); the library reads one that it cannot parse as 1899. */
function instant(time: Date): number {
  const ms = time.getTime()
  if (!(ms >= Date.UTC(1950, 0, 1))) throw new RangeError('unreadable time')
  return ms
}

/** What the library says of an algorithm; its own declarations lean on the DOM's, which a server does not have. */
interface Algorithm {
  readonly name: string
  readonly hash?: { readonly name: string }
  readonly namedCurve?: string
}

function otherKey(parsed: ParsedCertificate): CertificateKey {
  const { name, namedCurve } = parsed.publicKey.algorithm as unknown as Algorithm
  return { kind: 'other', name: namedCurve ?? name }
}

/** RFC 8017 appendix A.2.4; the library knows no MD5 and leaves its OID as the name. */
const MD5_WITH_RSA = '1.2.840.113549.1.1.4'

/** AWS asks for SHA-256 or stronger; Ed25519 has SHA-512 inside (RFC 8032). */
function signature(algorithm: Algorithm): { strong: boolean; name: string } {
  const hash = algorithm.hash?.name
  if (hash === undefined) {
    const name = algorithm.name === MD5_WITH_RSA ? 'RSA with MD5' : algorithm.name
    return { strong: algorithm.name === 'Ed25519', name }
  }
  return { strong: /^SHA-(?:256|384|512)$/.test(hash), name: `${algorithm.name} with ${hash}` }
}

/** @param raw the extension's DER. @throws Error if it cannot be read */
export function alternativeNames(raw: ArrayBuffer | Uint8Array<ArrayBuffer> | undefined): {
  dns: string[]
  uri: string[]
} {
  const names = raw === undefined ? [] : [...AsnConvert.parse(raw, GeneralNames)]
  return {
    dns: names.flatMap((name) => name.dNSName ?? []),
    uri: names.flatMap((name) => name.uniformResourceIdentifier ?? []),
  }
}

async function isSignedBy(parsed: ParsedCertificate, issuer: Certificate): Promise<boolean> {
  try {
    return await parsed.verify(
      { publicKey: new Uint8Array(issuer.publicKeyInfo), signatureOnly: true },
      crypto,
    )
  } catch {
    // A signature of the wrong form, or an algorithm that the library does not have.
    return false
  }
}
