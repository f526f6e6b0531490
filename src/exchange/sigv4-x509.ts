/**
 * Signing a request with a certificate's key, as IAM Roles Anywhere wants it. Pure but for the key.
 * https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html
 */
import type { IssuedCertificate } from '../types.ts'

export interface UnsignedRequest {
  /** With a non-default port. */
  readonly host: string
  readonly path: string
  readonly body: string
  readonly region: string
  /** Epoch milliseconds. */
  readonly nowMs: number
}

/** Header names in lower case, all of them signed. */
export type SignedHeaders = Readonly<Record<string, string>>

const SERVICE = 'rolesanywhere'

/** The algorithm follows the key, never the hash that the certificate itself was signed with. */
const ALGORITHMS: Readonly<Record<IssuedCertificate['keyAlgorithm'], string>> = {
  ecdsa: 'AWS4-X509-ECDSA-SHA256',
  rsa: 'AWS4-X509-RSA-SHA256',
}

/** The headers of a signed POST without a query. */
export async function signRequest(
  request: UnsignedRequest,
  certificate: IssuedCertificate,
): Promise<SignedHeaders> {
  const date = amzDate(request.nowMs)
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    host: request.host,
    'x-amz-date': date,
    'x-amz-x509': base64(certificate.leaf),
  }
  if (certificate.chain.length > 0) headers['x-amz-x509-chain'] = certificate.chain.map(base64).join(',')

  const algorithm = ALGORITHMS[certificate.keyAlgorithm]
  const scope = `${date.slice(0, 8)}/${request.region}/${SERVICE}/aws4_request`
  const signedHeaders = Object.keys(headers).sort().join(';')
  const toSign = await stringToSign(algorithm, date, scope, await canonicalRequest(request, headers))
  const signature = Buffer.from(await certificate.sign(Buffer.from(toSign))).toString('hex')
  return {
    ...headers,
    authorization:
      `${algorithm} Credential=${serialDecimal(certificate.serialHex)}/${scope}, ` +
      `SignedHeaders=${signedHeaders}, Signature=${signature}`,
  }
}

/** Task 1 of the signing process. The path needs no encoding and there is no query. */
export async function canonicalRequest(
  request: Pick<UnsignedRequest, 'path' | 'body'>,
  headers: Readonly<Record<string, string>>,
): Promise<string> {
  const names = Object.keys(headers).sort()
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`)
  return ['POST', request.path, '', lines.join(''), names.join(';'), await sha256(request.body)].join('\n')
}

/** Task 2. */
async function stringToSign(
  algorithm: string,
  date: string,
  scope: string,
  canonical: string,
): Promise<string> {
  return [algorithm, date, scope, await sha256(canonical)].join('\n')
}

/** `YYYYMMDDTHHMMSSZ` */
function amzDate(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

/** A serial is at most 20 bytes and positive (RFC 5280, section 4.1.2.2), its top bit may be set. */
export function serialDecimal(serialHex: string): string {
  return BigInt(`0x${serialHex}`).toString(10)
}

/** By WebCrypto, which is there already; node:crypto takes 2 ms and 4 MiB to load. */
async function sha256(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('hex')
}

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64')
}
