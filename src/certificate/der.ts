/** Just enough DER (X.690) for keys. Reads what other tools read too, and writes the one correct form. */

import { firstElement, type Element } from '../x509/der.ts'

export const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  sequence: 0x30,
  context0: 0xa0,
} as const

/** The values in sequence. @throws RangeError if one is truncated */
export function readDer(bytes: Uint8Array): Element[] {
  const values: Element[] = []
  for (let rest = bytes; rest.length > 0;) {
    const value = firstElement(rest)
    if (value === undefined) throw new RangeError('DER is cut short')
    values.push(value)
    rest = rest.subarray(value.whole.length)
  }
  return values
}

/** The contents of the SEQUENCE at the start. @throws RangeError */
export function readSequence(bytes: Uint8Array): Element[] {
  const [sequence] = readDer(bytes)
  if (sequence?.tag !== TAG.sequence) throw new RangeError('no SEQUENCE')
  return readDer(sequence.content)
}

export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  const length = Buffer.from(content.length.toString(16).padStart(8, '0'), 'hex')
  const long = magnitude(length)
  const header = content.length < 0x80 ? [content.length] : [0x80 + long.length, ...long]
  return Buffer.concat([Uint8Array.of(tag, ...header), content])
}

/**
 * The bytes without leading zeros. A number in a key is never negative: if the top bit is set, the writer forgot a zero
 * byte.
 */
export function magnitude(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0)
  return start === -1 ? bytes.subarray(0, 0) : bytes.subarray(start)
}

export function writeUnsigned(bytes: Uint8Array): Uint8Array {
  const number = magnitude(bytes)
  const [first = 0] = number
  return number.length === 0 || first >= 0x80
    ? writeDer(TAG.integer, Uint8Array.of(0), number)
    : writeDer(TAG.integer, number)
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
