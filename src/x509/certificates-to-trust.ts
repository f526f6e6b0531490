/** The certificates in a CA file, from any tool: PEM in every form, DER, PKCS #7; or why there are none. */
import { X509Certificate } from 'node:crypto'
import { firstElement, pkcs7Certificates } from './der.ts'
import { foreignText } from '../text/redact.ts'
import { isCertificate, pemBlocks, type PemBlock } from './pem.ts'

export type Certificates =
  | {
      readonly certificates: readonly X509Certificate[]
      /** Whether the file also contains a private key. */
      readonly hasKey: boolean
      /** PKCS #7 is a set, so the order means nothing. */
      readonly isSet: boolean
    }
  /** In words that follow the file's name. */
  | {
      readonly fault: string
      /** Whether it is a store from which OpenSSL or keytool can extract certificates. */
      readonly isStore?: boolean
    }

export function readCertificatesToTrust(bytes: Uint8Array): Certificates {
  const text = decode(bytes)
  if (text.trim() === '') return { fault: 'is empty' }
  const blocks = pemBlocks(text)
  if (blocks.length > 0) return fromBlocks(blocks)
  const der = firstElement(bytes)?.whole
  if (der?.[0] === 0x30) return hasAnother(bytes, der) ? { fault: MORE_THAN_ONE } : fromDer(der)
  const magic = Buffer.from(bytes.subarray(0, 4)).toString('hex')
  if (magic === 'feedfeed' || magic === 'cececece') return { fault: 'is a Java key store', isStore: true }
  return { fault: otherKind(text) }
}

/** As PEM that every reader accepts. */
export function canonicalPem(certificates: readonly X509Certificate[]): string {
  return certificates.map((one) => encode(one.raw)).join('')
}

/** Warnings about CA certificates, in words that follow the file's name. */
export function doubtsAbout(certificates: readonly X509Certificate[], nowMs: number): string[] {
  const doubts: string[] = []
  // An expired CA next to its successor is normal during a CA replacement.
  const isValid = (one: X509Certificate): boolean =>
    one.validFromDate.getTime() <= nowMs && nowMs < one.validToDate.getTime()
  if (!certificates.some(isValid)) {
    doubts.push(
      `contains no certificate that is valid now: ${names(certificates, validity)}; mount the CA that replaced it, and check this node's clock`,
    )
  }
  // A server's own certificate is trusted when that server presents it, as a self-signed one usually is.
  if (certificates.every((one) => !one.ca && one.subject !== one.issuer)) {
    doubts.push(
      `contains no CA, only the certificate of ${names(certificates)}, which is trusted for that server alone; mount the CA that signed it`,
    )
  }
  return doubts
}

function decode(bytes: Uint8Array): string {
  // Byte order marks: PowerShell's > writes UTF-16.
  const mark = `${bytes[0]} ${bytes[1]}`
  const encoding = mark === '255 254' ? 'utf-16le' : mark === '254 255' ? 'utf-16be' : 'utf-8'
  return new TextDecoder(encoding).decode(bytes)
}

function fromBlocks(blocks: readonly PemBlock[]): Certificates {
  const hasKey = blocks.some(({ label }) => label.endsWith('PRIVATE KEY'))
  const certificates: X509Certificate[] = []
  const wanted = blocks.filter((block) => isCertificate(block) || isBundle(block))
  if (wanted.length === 0) return { fault: `contains ${kindOf(blocks)} but no certificate` }
  for (const [index, block] of wanted.entries()) {
    const which = wanted.length === 1 ? '' : ` (number ${index + 1} of ${wanted.length})`
    if (block.der === undefined) return { fault: `contains a truncated certificate${which}` }
    const [first] = isBundle(block) ? [] : [firstElement(block.der)?.whole]
    if (first !== undefined && hasAnother(block.der, first)) return { fault: `${MORE_THAN_ONE}${which}` }
    const read = isBundle(block) ? (pkcs7Certificates(block.der) ?? []) : [block.der]
    const readable = read.map(certificate).filter((one) => one !== undefined)
    if (read.length === 0 || readable.length < read.length) {
      return { fault: `contains a certificate that cannot be read${which}` }
    }
    certificates.push(...readable)
  }
  return { certificates, hasKey, isSet: wanted.some(isBundle) }
}

const MORE_THAN_ONE = 'contains several DER certificates in a row, and readers see only the first'

/** A certificate may be followed by a line break, or by OpenSSL's trust settings, which contain no further SEQUENCE. */
function hasAnother(bytes: Uint8Array, first: Uint8Array): boolean {
  const next = firstElement(bytes.subarray(first.length))
  return next?.tag === 0x30 && certificate(new Uint8Array(next.whole)) !== undefined
}

function isBundle({ label }: PemBlock): boolean {
  return ['PKCS7', 'PKCS #7 SIGNED DATA', 'CMS'].includes(label)
}

function fromDer(der: Uint8Array): Certificates {
  const one = certificate(der)
  if (one !== undefined) return { certificates: [one], hasKey: false, isSet: false }
  const bundle = pkcs7Certificates(der)
  if (bundle === undefined) {
    // RFC 7292, section 4: PFX begins with its version, 3.
    const inner = firstElement(der)?.content ?? new Uint8Array()
    const isPkcs12 = Buffer.from(inner.subarray(0, 3)).toString('hex') === '020103'
    return isPkcs12
      ? { fault: 'is a PKCS #12 store', isStore: true }
      : { fault: 'is binary and not a certificate' }
  }
  const certificates = bundle.map(certificate).filter((member) => member !== undefined)
  if (bundle.length === 0 || certificates.length < bundle.length) {
    return { fault: 'is a PKCS #7 bundle without certificates, or one of them cannot be read' }
  }
  return { certificates, hasKey: false, isSet: true }
}

function certificate(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der)
  } catch {
    return undefined
  }
}

const KINDS: readonly (readonly [end: string, kind: string])[] = [
  ['PRIVATE KEY', 'a private key'],
  ['PUBLIC KEY', 'a public key'],
  ['CRL', 'a revocation list (CRL)'],
  ['CERTIFICATE REQUEST', 'a certificate request'],
]

function kindOf([first]: readonly PemBlock[]): string {
  const label = first?.label ?? ''
  return KINDS.find(([end]) => label.endsWith(end))?.[1] ?? `a PEM block ${JSON.stringify(label)}`
}

function otherKind(text: string): string {
  if (text.includes('\0') || text.includes('\ufffd')) return 'is binary and not a certificate'
  if (/^[\w+/=]{64,}$/.test(text.replaceAll(/\s+/g, ''))) return 'contains base64 but no PEM certificate'
  return 'contains no PEM certificate'
}

const MOST_NAMES = 3

function names(
  certificates: readonly X509Certificate[],
  more: (one: X509Certificate) => string = () => '',
): string {
  const shown = certificates
    .slice(0, MOST_NAMES)
    .map((one) => `${foreignText(one.subject.replaceAll('\n', ', '))}${more(one)}`)
  const left = certificates.length - shown.length
  return `${shown.join('; ')}${left === 0 ? '' : `; and ${left} more`}`
}

function validity({ validFromDate, validToDate }: X509Certificate): string {
  return ` (${day(validFromDate)} to ${day(validToDate)})`
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}

function encode(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}
