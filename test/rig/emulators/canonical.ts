/**
 * The parts of Signature Version 4 that a verifier rebuilds from what came over the wire. IAM User Guide, "Create a
 * signed AWS API request"; the same for keys and, in Roles Anywhere, for certificates.
 */
import { createHash } from 'node:crypto'
import type { EmulatorRequest } from './http.ts'

export interface Authorization {
  readonly algorithm: string
  /** What stands before the scope: an access key id, or a certificate's serial. */
  readonly identity: string
  readonly scope: { readonly date: string; readonly region: string; readonly service: string }
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

/** Undefined where the header is not of the form `ALGORITHM Credential=…/aws4_request, SignedHeaders=…, Signature=…`. */
export function parseAuthorization(header: string): Authorization | undefined {
  const match =
    /^([A-Z0-9-]+) Credential=([^/,\s]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]+)$/.exec(
      header,
    )
  if (match === null) return undefined
  const [, algorithm = '', identity = '', date = '', region = '', service = '', names = '', signature = ''] =
    match
  return {
    algorithm,
    identity,
    scope: { date, region, service },
    signedHeaders: names.split(';'),
    signature,
  }
}

/** Names of headers that had to be signed and were not: host, x-amz-* and, where it came, content-type. */
export function unsignedHeaders(request: EmulatorRequest, signed: readonly string[]): readonly string[] {
  const present = new Set(request.headers.map(([name]) => name.toLowerCase()))
  const required = [...present].filter((name) => name.startsWith('x-amz-') || name === 'content-type')
  return ['host', ...required].filter((name) => !signed.includes(name))
}

/**
 * The canonical request; undefined where a signed header is absent or the list of them is not sorted and unique.
 * @param payloadHash what stands in its last line.
 * @param path `twice` encodes each segment once more, as every service but S3 does.
 */
export function canonicalRequest(
  request: EmulatorRequest,
  signed: readonly string[],
  payloadHash: string,
  path: 'once' | 'twice',
): string | undefined {
  if (signed.some((name, index) => index > 0 && name <= (signed[index - 1] ?? ''))) return undefined
  const lines: string[] = []
  for (const name of signed) {
    const values = request.headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value)
    if (values.length === 0) return undefined
    lines.push(`${name}:${values.map((value) => value.trim().replace(/ +/g, ' ')).join(',')}`)
  }
  return [
    request.method,
    canonicalPath(request.path, path),
    canonicalQuery(request.query),
    ...lines,
    '',
    signed.join(';'),
    payloadHash,
  ].join('\n')
}

export function stringToSign(authorization: Authorization, amzDate: string, canonical: string): string {
  const { date, region, service } = authorization.scope
  const scope = `${date}/${region}/${service}/aws4_request`
  return [authorization.algorithm, amzDate, scope, sha256Hex(canonical)].join('\n')
}

export function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex')
}

/** `YYYYMMDDTHHMMSSZ` as epoch milliseconds; undefined for anything else. */
export function parseAmzDate(text: string | undefined): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? '')
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second] = match
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(ms) ? undefined : ms
}

function canonicalPath(path: string, encoding: 'once' | 'twice'): string {
  const once = path.split('/').map((segment) => encode(decode(segment)))
  return (encoding === 'once' ? once : once.map(encode)).join('/')
}

function canonicalQuery(query: string): string {
  if (query === '') return ''
  const pairs = query.split('&').map((pair) => {
    const mark = pair.indexOf('=')
    const [name, value] = mark < 0 ? [pair, ''] : [pair.slice(0, mark), pair.slice(mark + 1)]
    return [encode(decode(name)), encode(decode(value))] as const
  })
  return pairs
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Percent-decoding to the bytes; a lone `%` stays as it is, and `+` is a plus. */
function decode(text: string): Buffer {
  const bytes: Buffer[] = []
  for (const part of text.match(/%[0-9A-Fa-f]{2}|%|[^%]+/g) ?? []) {
    bytes.push(/^%../.test(part) ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part))
  }
  return Buffer.concat(bytes)
}

/** Everything but RFC 3986's unreserved characters becomes `%XX`, upper case. */
function encode(data: Buffer | string): string {
  return [...Buffer.from(data)]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      if (/[A-Za-z0-9._~-]/.test(character)) return character
      return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

/** The query's members, decoded; the last of a repeated name counts. */
export function queryMembers(query: string): ReadonlyMap<string, string> {
  const members = new Map<string, string>()
  if (query === '') return members
  for (const pair of query.split('&')) {
    const mark = pair.indexOf('=')
    const [name, value] = mark < 0 ? [pair, ''] : [pair.slice(0, mark), pair.slice(mark + 1)]
    members.set(decode(name).toString(), decode(value).toString())
  }
  return members
}
