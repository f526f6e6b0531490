/** Reading certificates: PEM in, and what the checks ask about out. */
import { IamRaError } from '../errors.ts'
import { isCertificate, pemBlocks } from '../x509/pem.ts'
import { readPublicKey, type CertificateKey } from './public-key.ts'
import { AsnConvert, BasicConstraints, GeneralNames, KeyUsage, X509Certificate } from './x509.ts'

/** One X.509 certificate (RFC 5280), fully parsed except for the alternative names. */
export interface Certificate {
  readonly der: Uint8Array
  /** 1, 2 or 3. */
  readonly version: number
  /** The serial's bytes as upper-case hex, without the zero byte that DER puts before a set top bit. */
  readonly serialHex: string
  /** RFC 5280 section 4.1.2.2 requires more than zero, and some tools created negative ones. */
  readonly serialIsPositive: boolean
  /** One line such as `O=Test, CN=Root`; empty if the name is. Raw: it may contain any character. */
  readonly subject: string
  readonly issuer: string
  readonly commonNames: readonly string[]
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** SubjectPublicKeyInfo in the form of `readPublicKey`. */
  readonly publicKeyInfo: Uint8Array
  readonly key: CertificateKey
  /** What its issuer signed it with, such as `ECDSA with SHA-256`. */
  readonly signatureAlgorithm: string
  /** SHA-256 or better, and of a kind that is known here. */
  readonly signatureIsStrong: boolean
  readonly isCa: boolean
  /** The library's KeyUsageFlags; undefined if the extension is absent. */
  readonly keyUsage: number | undefined
  /** The DNS and URI names; none if the extension is absent. @throws Error if it cannot be read. */
  alternativeNames(): { readonly dns: readonly string[]; readonly uri: readonly string[] }
  /** Whether the issuer's key made this one's signature; false for algorithms that are unknown here. */
  isSignedBy(issuer: Certificate): Promise<boolean>
}

/**
 * Reads every certificate of a PEM text; other PEM blocks are passed over.
 *
 * @throws IamRaError ANSWER_INVALID if a block has no end or does not contain a certificate
 */
export function readCertificates(pem: string, what: string): Certificate[] {
  return [...certificatesIn(pem, what)]
}

/** The same one by one, because each takes some milliseconds. Duplicates are read once. */
export function* certificatesIn(pem: string, what: string): Generator<Certificate> {
  const seen = new Set<string>()
  for (const { der } of pemBlocks(pem).filter(isCertificate)) {
    if (der === undefined) throw unreadable(what)
    const base64 = Buffer.from(der).toString('base64')
    if (seen.has(base64)) continue
    seen.add(base64)
    let certificate: Certificate
    try {
      certificate = readCertificate(der)
    } catch (cause) {
      throw unreadable(what, cause)
    }
    yield certificate
  }
}

/** PEM or DER that cannot be read. */
export function unreadable(what: string, cause?: unknown): IamRaError {
  return new IamRaError('ANSWER_INVALID', 'certificate', `${what} is not a readable PEM certificate`, {
    hint: 'it was damaged or truncated on the way: check for a proxy in between, and compare it with what the issuer has',
    cause,
  })
}

/** A rule that a certificate does not meet. */
export function unfit(message: string, hint: string): IamRaError {
  return new IamRaError('CERTIFICATE_UNFIT', 'certificate', message, { hint })
}

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
   * One extension by OID, DER. `extensions` would parse all of them, and fail for a malformed one that is not needed.
   */
  extension(oid: string): ArrayBuffer | undefined {
    return this.asn.tbsCertificate.extensions?.find((one) => one.extnID === oid)?.extnValue.buffer
  }
}

/** The content of an extension or a key is parsed separately, on demand. */
const OPTIONS = { berOptions: { parseEmbedded: false } }

function readCertificate(der: Uint8Array<ArrayBuffer>): Certificate {
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
    alternativeNames: () => alternativeNames(parsed),
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

function alternativeNames(parsed: ParsedCertificate): { dns: string[]; uri: string[] } {
  const raw = parsed.extension('2.5.29.17')
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
