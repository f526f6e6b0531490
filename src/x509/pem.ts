/**
 * PEM as people and tools pass it on (RFC 7468, section 2, and beyond): indented by YAML; with Windows line breaks, with
 * line breaks as the two characters `\n`, or without any; with text around blocks, and blocks on one line.
 */
import { firstElement } from './der.ts'

export interface PemBlock {
  /** For example `CERTIFICATE`. */
  readonly label: string
  /** Undefined if the block has no end. */
  readonly der: Uint8Array<ArrayBuffer> | undefined
}

/** OpenSSL reads all three; in the last, trust settings follow the certificate (openssl-x509, -trustout). */
const CERTIFICATE_LABELS: readonly string[] = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE']

/** Two blocks may share their dashes if they were concatenated without a line break. */
const MARKER = /-----(BEGIN|END) ([A-Z0-9 #/]{1,64})(?=-----)/g
const DASHES = 5

/** In one pass, because a server may send a text that consists of BEGIN markers only. */
export function pemBlocks(text: string): PemBlock[] {
  const lines = withLineBreaks(text)
  const markers = [...lines.matchAll(MARKER)]
  return markers.flatMap((begin, at): PemBlock[] => {
    const [marker, word, label = ''] = begin
    if (isCommentedOut(lines, begin.index)) return []
    if (word !== 'BEGIN') return lostItsBeginning(lines, markers, at) ? [{ label, der: undefined }] : []
    const end = markers[at + 1]
    if (end?.[1] !== 'END' || end[2] !== label) return [{ label, der: undefined }]
    const base64 = lines.slice(begin.index + marker.length + DASHES, end.index)
    const der = new Uint8Array(Buffer.from(base64, 'base64'))
    return [{ label, der: label === 'TRUSTED CERTIFICATE' ? withoutTrust(der) : der }]
  })
}

/** Line breaks written as the characters `\n`, as in JSON and in quoted YAML. */
export function withLineBreaks(text: string): string {
  return text.replace(/(?:\\{1,4}r)?\\{1,4}n|\\{1,4}r/g, '\n')
}

/** Skipping it would drop a certificate silently: a line of dashes is easily lost when copying. */
function lostItsBeginning(lines: string, markers: readonly RegExpExecArray[], at: number): boolean {
  const [before, end] = [markers[at - 1], markers[at]]
  if (end === undefined || before?.[1] === 'BEGIN') return false
  const from = before === undefined ? 0 : before.index + before[0].length
  return /[\w+/]{60}/.test(lines.slice(from, end.index))
}

/** A certificate that is commented out in a bundle must not be trusted. */
function isCommentedOut(lines: string, index: number): boolean {
  return /(?:^|[\r\n])[ \t]*(?:#|;|\/\/)[#; \t]*$/.test(lines.slice(Math.max(0, index - 40), index))
}

export function isCertificate({ label }: PemBlock): boolean {
  return CERTIFICATE_LABELS.includes(label)
}

export function holdsCertificate(text: string): boolean {
  return pemBlocks(text).some(isCertificate)
}

function withoutTrust(der: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(firstElement(der)?.whole ?? der)
}
