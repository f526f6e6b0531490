/**
 * Who signed a CreateSession request: the signature with a certificate's key, and all that it covers. IAM Roles Anywhere
 * User Guide, "The signing process".
 */
import { verify, type KeyObject } from 'node:crypto'
import {
  canonicalRequest,
  parseAmzDate,
  parseAuthorization,
  sha256Hex,
  stringToSign,
  unsignedHeaders,
  type Authorization,
} from './canonical.ts'
import type { EmulatorRequest } from './http.ts'
import { readCertificate, type ReadCertificate } from './read-certificate.ts'
import { LONGEST_CHAIN } from './trust.ts'

/** Five minutes either way, as AWS's general reference has it for most services; S3's are fifteen. */
const SKEW_MS = 5 * 60_000

/** A refusal on its way to the client. */
export class Refusal extends Error {
  readonly status: number
  readonly type: string

  constructor(status: number, type: string, message: string) {
    super(message)
    this.status = status
    this.type = type
  }
}

export const denied = (message: string): Refusal => new Refusal(403, 'AccessDeniedException', message)
export const invalid = (message: string): Refusal => new Refusal(400, 'ValidationException', message)

export interface Caller {
  readonly leaf: ReadCertificate
  readonly chain: readonly ReadCertificate[]
}

/** Everything that the signature covers. */
export function authenticate(request: EmulatorRequest, region: string, nowMs: number): Caller {
  const header = request.header('authorization')
  if (header === undefined) {
    throw new Refusal(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token')
  }
  const authorization = parseAuthorization(header)
  const amzDate = request.header('x-amz-date')
  const signedAtMs = parseAmzDate(amzDate)
  if (authorization === undefined || amzDate === undefined || signedAtMs === undefined) {
    throw new Refusal(403, 'IncompleteSignatureException', 'Authorization or X-Amz-Date header is malformed')
  }
  const { scope } = authorization
  if (
    scope.date !== amzDate.slice(0, 8) ||
    scope.region !== region ||
    scope.service !== 'rolesanywhere' ||
    unsignedHeaders(request, [...authorization.signedHeaders]).length > 0
  ) {
    throw denied('Invalid signature')
  }
  const caller = readCaller(request)
  // The serial is an unsigned decimal without leading zeros, whatever the top bit of its bytes is.
  if (authorization.identity !== caller.leaf.serial.toString(10)) throw denied('Invalid signature')
  if (!isSigned(request, authorization, amzDate, caller.leaf.publicKey)) throw denied('Invalid signature')
  // AWS answers a wrong clock in the same words.
  if (Math.abs(nowMs - signedAtMs) > SKEW_MS) throw denied('Invalid signature')
  return caller
}

function readCaller(request: EmulatorRequest): Caller {
  const x509 = request.header('x-amz-x509')
  const chain = request.header('x-amz-x509-chain')
  const leaf = readHeader(x509)
  if (leaf === undefined) throw denied('Untrusted certificate. Insufficient certificate')
  const rest = chain === undefined ? [] : chain.split(',').map(readHeader)
  if (rest.length > LONGEST_CHAIN)
    throw invalid(`X-Amz-X509-Chain holds more than ${LONGEST_CHAIN} certificates`)
  if (!rest.every((certificate) => certificate !== undefined)) throw denied('Untrusted signing certificate')
  return { leaf, chain: rest }
}

/** One line of padded standard base64 of the DER. */
function readHeader(text: string | undefined): ReadCertificate | undefined {
  if (text === undefined) return undefined
  const der = Buffer.from(text, 'base64')
  if (der.toString('base64') !== text) return undefined
  try {
    return readCertificate(der)
  } catch {
    return undefined
  }
}

/** The algorithm follows the key; every curve is used with SHA-256 and DER signatures. */
function isSigned(
  request: EmulatorRequest,
  authorization: Authorization,
  amzDate: string,
  key: KeyObject,
): boolean {
  const algorithm = { rsa: 'AWS4-X509-RSA-SHA256', ec: 'AWS4-X509-ECDSA-SHA256' }[
    String(key.asymmetricKeyType)
  ]
  if (authorization.algorithm !== algorithm || authorization.signature.length % 2 !== 0) return false
  const canonical = canonicalRequest(request, authorization.signedHeaders, sha256Hex(request.body), 'twice')
  if (canonical === undefined) return false
  const signed = Buffer.from(stringToSign(authorization, amzDate, canonical))
  return verify('sha256', signed, key, Buffer.from(authorization.signature, 'hex'))
}
