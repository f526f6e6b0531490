/** Just enough DER (X.690) to read what the code under test wrote without the library that wrote it. */

export interface DerValue {
  readonly tag: number
  readonly content: Uint8Array
  /** Tag, length and content. */
  readonly whole: Uint8Array
}

/** The values that follow one another in a buffer; a length that is not the shortest form is an error. */
export function readDer(bytes: Uint8Array): DerValue[] {
  const values: DerValue[] = []
  for (let start = 0; start < bytes.length;) {
    const { length, headerLength } = readLength(bytes.subarray(start))
    const end = start + headerLength + length
    if (end > bytes.length) throw new RangeError('DER is cut short')
    values.push({
      tag: at(bytes, start),
      content: bytes.subarray(start + headerLength, end),
      whole: bytes.subarray(start, end),
    })
    start = end
  }
  return values
}

function readLength(bytes: Uint8Array): { length: number; headerLength: number } {
  const first = at(bytes, 1)
  if (first < 0x80) return { length: first, headerLength: 2 }
  const count = first & 0x7f
  const length = bytes.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0)
  if (length < 0x80 || at(bytes, 2) === 0) throw new RangeError('DER length is not the shortest')
  return { length, headerLength: 2 + count }
}

/** An INTEGER that must be in its shortest form and not negative. */
export function readUnsigned(value: DerValue | undefined): bigint {
  if (value === undefined || value.tag !== 0x02) throw new TypeError('no INTEGER')
  const [first, second] = value.content
  if (first === undefined || first >= 0x80) throw new RangeError('the INTEGER is negative or empty')
  if (first === 0 && second !== undefined && second < 0x80)
    throw new RangeError('the INTEGER is not the shortest')
  return BigInt(`0x${Buffer.from(value.content).toString('hex')}`)
}

export function writeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts)
  const length =
    content.length < 0x80
      ? [content.length]
      : content.length < 0x100
        ? [0x81, content.length]
        : [0x82, content.length >> 8, content.length & 0xff]
  return Buffer.concat([Uint8Array.of(tag, ...length), content])
}

function at(bytes: Uint8Array, index: number): number {
  const byte = bytes[index]
  if (byte === undefined) throw new RangeError('DER is cut short')
  return byte
}
