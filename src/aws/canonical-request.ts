/**
 * What every AWS signature covers: tasks 1 and 2 of Signature Version 4, for a POST without a query.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

/** What is signed, apart from the headers. */
export interface UnsignedRequest {
  /** With a non-default port. */
  readonly host: string
  /** Needs no encoding. */
  readonly path: string
  readonly body: string
  readonly region: string
  /** Epoch milliseconds. */
  readonly nowMs: number
}

/** Header names are lower-case, and all of them are signed. */
export type SignedHeaders = Readonly<Record<string, string>>

/** Task 1. */
export async function canonicalRequest(
  request: Pick<UnsignedRequest, 'path' | 'body'>,
  headers: SignedHeaders,
): Promise<string> {
  const names = Object.keys(headers).sort()
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`)
  return ['POST', request.path, '', lines.join(''), names.join(';'), await sha256(request.body)].join('\n')
}

/** Task 2. */
export async function stringToSign(
  algorithm: string,
  date: string,
  scope: string,
  canonical: string,
): Promise<string> {
  return [algorithm, date, scope, await sha256(canonical)].join('\n')
}

/** `YYYYMMDDTHHMMSSZ` */
export function amzDate(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '')
}

/** The value of the Authorization header. @param signer identifies the key: a serial or an access key ID */
export function authorization(
  algorithm: string,
  signer: string,
  scope: string,
  headers: SignedHeaders,
  signature: Uint8Array,
): string {
  const signedHeaders = Object.keys(headers).sort().join(';')
  return (
    `${algorithm} Credential=${signer}/${scope}, ` +
    `SignedHeaders=${signedHeaders}, Signature=${Buffer.from(signature).toString('hex')}`
  )
}

/** By WebCrypto, which is already loaded; node:crypto takes 2 ms and 4 MiB to load. */
async function sha256(text: string): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('hex')
}
