/**
 * Signs a request with an access key, as all AWS services except Roles Anywhere require. Pure.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import {
  amzDate,
  authorization,
  canonicalRequest,
  stringToSign,
  type SignedHeaders,
  type UnsignedRequest,
} from './canonical-request.ts'

export interface AccessKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface ServiceRequest extends UnsignedRequest {
  /** The name in the scope: `sts`. */
  readonly service: string
  readonly contentType: string
}

const ALGORITHM = 'AWS4-HMAC-SHA256'

/** The headers of a signed POST without a query. */
export async function signWithKey(request: ServiceRequest, key: AccessKey): Promise<SignedHeaders> {
  const date = amzDate(request.nowMs)
  const headers: SignedHeaders = {
    'content-type': request.contentType,
    host: request.host,
    'x-amz-date': date,
    ...(key.sessionToken === undefined ? {} : { 'x-amz-security-token': key.sessionToken }),
  }
  const scope = [date.slice(0, 8), request.region, request.service, 'aws4_request']
  const canonical = await canonicalRequest(request, headers)
  const toSign = await stringToSign(ALGORITHM, date, scope.join('/'), canonical)
  // Each part of the scope is signed with the result of the previous one.
  let derived: Uint8Array = Buffer.from(`AWS4${key.secretAccessKey}`)
  for (const part of scope) derived = await hmac(derived, part)
  const signature = await hmac(derived, toSign)
  return {
    ...headers,
    authorization: authorization(ALGORITHM, key.accessKeyId, scope.join('/'), headers, signature),
  }
}

/** By WebCrypto, like all digests here. */
async function hmac(key: Uint8Array, text: string): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey(
    'raw',
    Uint8Array.from(key),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, Buffer.from(text)))
}
