/**
 * The ordinary certificate, read by the runtime's own reader (BoringSSL in Bun, OpenSSL in Node), which takes a tenth of the
 * library's time. What is unusual in the least is left to the library: what is read here, both read alike.
 */
import { createPublicKey, X509Certificate } from 'node:crypto'
import type { Element } from '../x509/der.ts'
import type { Certificate } from './certificate.ts'
import { hexOf, readDer, readSequence, TAG } from './der.ts'
import { alternativeNames, readWithLibrary } from './library-certificate.ts'
import { readPublicKey } from './public-key.ts'

/** AlgorithmIdentifier, DER (RFC 5758 section 3.2, RFC 4055 section 5), and what the library calls it. */
const SIGNATURES: Readonly<Record<string, string>> = {
  '300a06082a8648ce3d040302': 'ECDSA with SHA-256',
  '300a06082a8648ce3d040303': 'ECDSA with SHA-384',
  '300a06082a8648ce3d040304': 'ECDSA with SHA-512',
  '300d06092a864886f70d01010b0500': 'RSASSA-PKCS1-v1_5 with SHA-256',
  '300d06092a864886f70d01010c0500': 'RSASSA-PKCS1-v1_5 with SHA-384',
  '300d06092a864886f70d01010d0500': 'RSASSA-PKCS1-v1_5 with SHA-512',
}

/** RFC 4514 section 3. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  '550403': 'CN',
  '550407': 'L',
  '550408': 'ST',
  '55040a': 'O',
  '55040b': 'OU',
  '550406': 'C',
  '0992268993f22c640119': 'DC',
}

/** UTF8String, PrintableString and IA5String: what is ASCII is the same text in all of them. */
const STRINGS: readonly (number | undefined)[] = [0x0c, 0x13, 0x16]
/** With nothing in it that RFC 4514 escapes but commas, as in `Example, Inc.`. */
const PLAIN_TEXT = /^[\w.,:/@*'()&-]+(?: [\w.,:/@*'()&-]+)*$/

const [UTC_TIME, GENERALIZED_TIME, SET, EXTENSIONS] = [0x17, 0x18, 0x31, 0xa3]
const [KEY_USAGE, ALTERNATIVE_NAMES, BASIC_CONSTRAINTS] = ['551d0f', '551d11', '551d13']

/** Undefined for what is not plain, or no certificate. */
export function readPlainCertificate(der: Uint8Array<ArrayBuffer>): Certificate | undefined {
  try {
    return read(der)
  } catch {
    // Of one reader or the other; the library has its own word on what is wrong.
    return undefined
  }
}

/** @throws Error for what is not plain */
function read(der: Uint8Array<ArrayBuffer>): Certificate {
  const native = new X509Certificate(der)
  // Else it goes on behind its end, or is no DER.
  must(Buffer.compare(native.raw, der) === 0)
  const [tbs, outerAlgorithm] = readSequence(der)
  const [version, serial, algorithm, issuerName, validity, subjectName, keyInfo, ...more] = inside(tbs)
  must(hex(version) === 'a003020102')
  const signatureAlgorithm = SIGNATURES[hex(algorithm)]
  must(signatureAlgorithm !== undefined && hex(outerAlgorithm) === hex(algorithm))
  const [notBefore, notAfter] = inside(validity)
  const [issuer, subject] = [nameOf(issuerName), nameOf(subjectName)]
  const publicKey = readPublicKey(keyInfo?.whole ?? new Uint8Array())
  must(publicKey.key?.kind === 'ecdsa' || publicKey.key?.kind === 'rsa')
  const extensions = extensionsOf(more)
  const names = extensions.get(ALTERNATIVE_NAMES)
  return {
    der,
    version: 3,
    serialHex: serialOf(serial),
    serialIsPositive: true,
    subject: lineOf(subject),
    issuer: lineOf(issuer),
    commonNames: subject.flatMap(({ type, text }) => (type === 'CN' ? [text] : [])),
    notBeforeMs: instantOf(notBefore),
    notAfterMs: instantOf(notAfter),
    publicKeyInfo: publicKey.info,
    key: publicKey.key,
    signatureAlgorithm,
    signatureIsStrong: true,
    isCa: isAuthority(extensions.get(BASIC_CONSTRAINTS)),
    keyUsage: keyUsageOf(extensions.get(KEY_USAGE)),
    alternativeNames: () => alternativeNames(names),
    // A signature that this reader refuses for its form may be one that the library takes.
    isSignedBy: async (by) => verifies(native, by) || (await readWithLibrary(der).isSignedBy(by)),
  }
}

function verifies(native: X509Certificate, { key, publicKeyInfo }: Certificate): boolean {
  if (key.kind !== 'ecdsa' && key.kind !== 'rsa') return false
  try {
    return native.verify(createPublicKey({ key: Buffer.from(publicKeyInfo), type: 'spki', format: 'der' }))
  } catch {
    return false
  }
}

function must(plain: boolean): asserts plain {
  if (!plain) throw new RangeError('not plain')
}

function hex(element: Element | undefined): string {
  return hexOf(element?.whole ?? new Uint8Array())
}

/** What a SEQUENCE holds. */
function inside(element: Element | undefined): Element[] {
  return readSequence(element?.whole ?? new Uint8Array())
}

/** Above zero and in the shortest form. */
function serialOf(serial: Element | undefined): string {
  const digits = hexOf(serial?.content ?? new Uint8Array())
  must(serial?.tag === TAG.integer && /^(?:(?!00)[0-7]|00[89a-f])/.test(digits))
  return digits.replace(/^00/, '').toUpperCase()
}

/**
 * RFC 5280 section 4.1.2.5: a UTCTime to 2049, a GeneralizedTime from then on. Not by the runtime: Bun takes the year 1 for
 * 2001, and Node makes a date by chance of a time that is none.
 */
function instantOf(time: Element | undefined): number {
  const text = Buffer.from(time?.content ?? []).toString('latin1')
  const isUtc = time?.tag === UTC_TIME
  must(isUtc || (time?.tag === GENERALIZED_TIME && text >= '2050'))
  const whole = isUtc ? `${text < '50' ? '20' : '19'}${text}` : text
  const iso = whole.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6.000Z')
  const instant = new Date(iso)
  // The 30th of February would be the 2nd of March.
  must(iso !== whole && instant.toISOString() === iso)
  return instant.getTime()
}

interface Attribute {
  readonly type: string
  readonly text: string
}

/** One to a set, and never none. */
function nameOf(name: Element | undefined): Attribute[] {
  const sets = inside(name)
  must(sets.length > 0)
  return sets.map(({ tag, content }) => {
    const [pair, ...others] = readDer(content)
    const [oid, value, ...more] = inside(pair)
    // OpenSSL takes a SEQUENCE for a SET, too.
    must(tag === SET && others.length === 0 && more.length === 0)
    const type = ATTRIBUTES[oidOf(oid)]
    const text = Buffer.from(value?.content ?? []).toString('latin1')
    must(type !== undefined && STRINGS.includes(value?.tag) && PLAIN_TEXT.test(text))
    return { type, text }
  })
}

function lineOf(name: readonly Attribute[]): string {
  return name.map(({ type, text }) => `${type}=${text.replaceAll(',', '\\,')}`).join(', ')
}

function oidOf(element: Element | undefined): string {
  must(element?.tag === TAG.oid)
  return hexOf(element.content)
}

/** By their OID. What is there twice is for the library to judge. */
function extensionsOf([extensions, ...others]: readonly Element[]): ReadonlyMap<
  string,
  Uint8Array<ArrayBuffer>
> {
  const found = new Map<string, Uint8Array<ArrayBuffer>>()
  must(others.length === 0)
  if (extensions === undefined) return found
  must(extensions.tag === EXTENSIONS)
  for (const extension of readSequence(extensions.content)) {
    const [oid, ...criticalAndValue] = inside(extension)
    const [name, value] = [oidOf(oid), criticalAndValue.at(-1)]
    must(value?.tag === TAG.octets && !found.has(name))
    found.set(name, new Uint8Array(value.content))
  }
  return found
}

/** SEQUENCE { BOOLEAN TRUE, INTEGER }, the latter optional; or an empty one. */
function isAuthority(constraints: Uint8Array | undefined): boolean {
  if (constraints === undefined) return false
  const found = hexOf(constraints)
  const isCa = /^30(?:030101ff|060101ff0201[0-7].)$/.test(found)
  must(isCa || found === '3000')
  return isCa
}

/** A BIT STRING of one byte, whose first bit is the lowest of the library's flags. */
function keyUsageOf(usage: Uint8Array | undefined): number | undefined {
  if (usage === undefined) return undefined
  const [, , unused = 8, byte = 0] = usage
  must(/^03020[0-7]..$/.test(hexOf(usage)) && (byte & ((1 << unused) - 1)) === 0)
  return [0, 1, 2, 3, 4, 5, 6, 7].reduce((flags, bit) => flags | (((byte >> (7 - bit)) & 1) << bit), 0)
}
