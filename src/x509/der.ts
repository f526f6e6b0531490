/** Just enough DER (X.690) to find certificates inside other structures. */

export interface Element {
  readonly tag: number
  readonly content: Uint8Array
  /** Including its tag and length. */
  readonly whole: Uint8Array
}

/** The first element; undefined if it is truncated, or has BER's indefinite length. */
export function firstElement(bytes: Uint8Array): Element | undefined {
  const [tag, first] = bytes
  if (tag === undefined || first === undefined || first === 0x80) return undefined
  const lengthBytes = first < 0x80 ? 0 : first - 0x80
  if (lengthBytes > 4 || bytes.length < 2 + lengthBytes) return undefined
  let length = first
  if (lengthBytes > 0) {
    length = bytes.subarray(2, 2 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0)
  }
  const start = 2 + lengthBytes
  if (bytes.length < start + length) return undefined
  return {
    tag,
    content: bytes.subarray(start, start + length),
    whole: bytes.subarray(0, start + length),
  }
}

function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = []
  for (let rest = bytes; rest.length > 0;) {
    const element = firstElement(rest)
    if (element === undefined) return found
    found.push(element)
    rest = rest.subarray(element.whole.length)
  }
  return found
}

const SEQUENCE = 0x30
const CONTEXT_0 = 0xa0
/** OBJECT IDENTIFIER 1.2.840.113549.1.7.2 */
const SIGNED_DATA = '06092a864886f70d010702'

/**
 * The certificates of a PKCS #7 bundle (.p7b), which is signed data without a signer: RFC 5652, sections 3 and 5.1.
 *
 * @returns undefined for anything else
 */
export function pkcs7Certificates(der: Uint8Array): Uint8Array[] | undefined {
  const [type, wrapped] = elements(firstElement(der)?.content ?? new Uint8Array())
  if (type === undefined || Buffer.from(type.whole).toString('hex') !== SIGNED_DATA) return undefined
  const signedData = firstElement(wrapped?.content ?? new Uint8Array())
  const members = elements(signedData?.content ?? new Uint8Array())
  const certificates = members.find(({ tag }) => tag === CONTEXT_0)
  return elements(certificates?.content ?? new Uint8Array())
    .filter(({ tag }) => tag === SEQUENCE)
    .map(({ whole }) => whole)
}
