/**
 * Signs a request with a certificate's key, as IAM Roles Anywhere requires. Pure except for the key.
 * https://docs.aws.amazon.com/rolesanywhere/latest/userguide/authentication-sign-process.html
 */
import type { IssuedCertificate } from '../credentials.ts'
import {
  amzDate,
  authorization,
  canonicalRequest,
  stringToSign,
  type SignedHeaders,
  type UnsignedRequest,
} from './canonical-request.ts'

const SERVICE = 'rolesanywhere'

/** The algorithm depends on the key, never on the hash that the certificate itself was signed with. */
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
  const toSign = await stringToSign(algorithm, date, scope, await canonicalRequest(request, headers))
  const signature = await certificate.sign(Buffer.from(toSign))
  return {
    ...headers,
    authorization: authorization(algorithm, serialDecimal(certificate.serialHex), scope, headers, signature),
  }
}

/** A serial is positive and has at most 20 bytes (RFC 5280, section 4.1.2.2); its top bit may be set. */
export function serialDecimal(serialHex: string): string {
  return BigInt(`0x${serialHex}`).toString(10)
}

function base64(der: Uint8Array): string {
  return Buffer.from(der).toString('base64')
}
