/**
 * Parses the head of one request as strictly as RFC 9112 allows: anything that two readers might read differently is
 * refused. Bodies are not read, so there is nothing else to parse.
 */
import type { EndpointRequest } from './answer.ts'

export interface RequestHead {
  readonly request: Omit<EndpointRequest, 'port' | 'address'>
  /** Length in bytes, including the last line break. */
  readonly length: number
  readonly hasBody: boolean
  /** The sender wants to send no other request on this connection. */
  readonly isLast: boolean
}

/** The status of the refusal. */
export type RefusedHead = 400 | 431 | 505

const LF = 0x0a
const CR = 0x0d

/** RFC 9112 3: a method of token characters, a target of URI characters, and the version, separated by single spaces. */
const REQUEST_LINE = /^([\w!#$%&'*+.^`|~-]+) ([\x21-\x7e]+) HTTP\/(\d\.\d)$/
/** RFC 9112 5 and RFC 9110 5.5: no blank before the colon, no control characters in the value, no folded line. */
const HEADER_LINE = /^([\w!#$%&'*+.^`|~-]+):([\t\x20-\x7e\x80-\xff]*)$/

/**
 * @param limit on the bytes up to and including the empty line
 * @param from where to start searching for the end: the bytes before were searched already
 * @returns undefined while the end is still to come
 */
export function readHead(bytes: Buffer, limit: number, from = 0): RequestHead | RefusedHead | undefined {
  // RFC 9112 2.2: an empty line before the request is ignored.
  const start = bytes[0] === CR && bytes[1] === LF ? 2 : 0
  const most = Math.min(bytes.byteLength, limit)
  for (
    let at = bytes.indexOf(LF, Math.max(start, from));
    at !== -1 && at < most;
    at = bytes.indexOf(LF, at + 1)
  ) {
    // A line that ends in LF alone, which not every reader accepts as a line break; or a second empty line.
    if (bytes[at - 1] !== CR || at === start + 1) return 400
    if (at - 2 >= start && bytes[at - 2] === LF) return parse(bytes.toString('latin1', start, at - 3), at + 1)
  }
  return bytes.byteLength >= limit ? 431 : undefined
}

function parse(head: string, length: number): RequestHead | RefusedHead {
  const [first = '', ...lines] = head.split('\r\n')
  const line = REQUEST_LINE.exec(first)
  if (line === null) return 400
  const [, method = '', target = '', version] = line
  if (version !== '1.1' && version !== '1.0') return 505
  const headers: string[] = []
  for (const text of lines) {
    const header = HEADER_LINE.exec(text)
    if (header === null) return 400
    headers.push(header[1] ?? '', withoutBlanks(header[2] ?? ''))
  }
  const framing = framingOf(headers, version)
  return framing === undefined ? 400 : { request: { method, target, headers }, length, ...framing }
}

/** `trim` removes more than the blanks of RFC 9110 5.6.3, and a pattern for both ends is slow on long runs of blanks. */
function withoutBlanks(value: string): string {
  const isBlank = (at: number): boolean => value[at] === ' ' || value[at] === '\t'
  let [first, end] = [0, value.length]
  while (first < end && isBlank(first)) first += 1
  while (end > first && isBlank(end - 1)) end -= 1
  return value.slice(first, end)
}

/** @returns undefined for a head that RFC 9112 3.2 or 6.3 requires to be refused: its end or its destination is ambiguous */
function framingOf(
  headers: readonly string[],
  version: '1.0' | '1.1',
): Pick<RequestHead, 'hasBody' | 'isLast'> | undefined {
  let hasHost = false
  let isLast = version === '1.0'
  let length: string | undefined
  let isChunked = false
  for (let index = 0; index < headers.length; index += 2) {
    const value = headers[index + 1] ?? ''
    const name = headers[index]?.toLowerCase()
    if (name === 'host') {
      if (hasHost) return undefined
      hasHost = true
    } else if (name === 'connection') isLast ||= isCloseAmong(value)
    else if (name === 'transfer-encoding') isChunked = true
    else if (name === 'content-length') {
      if (length !== undefined || !/^\d+$/.test(value)) return undefined
      length = value
    }
  }
  if (!hasHost && version === '1.1') return undefined
  if (isChunked && (length !== undefined || version === '1.0')) return undefined
  return { hasBody: isChunked || (length !== undefined && !/^0+$/.test(length)), isLast }
}

function isCloseAmong(value: string): boolean {
  return value
    .toLowerCase()
    .split(',')
    .some((option) => option.trim() === 'close')
}
