/** Verifies ordinary Signature Version 4 requests against the keys in a session store. IAM User Guide, "SigV4". */
import { createHmac, timingSafeEqual } from 'node:crypto'
import {
  canonicalRequest,
  parseAmzDate,
  parseAuthorization,
  sha256Hex,
  stringToSign,
  unsignedHeaders,
} from './canonical.ts'
import type { EmulatorRequest } from './http.ts'

export interface SigningKeys {
  readonly secretAccessKey: string
  /** Absent for the lasting keys of a user. */
  readonly sessionToken?: string | undefined
  /** Epoch milliseconds. */
  readonly expiresAtMs?: number
}

export interface SigV4Options<Keys extends SigningKeys> {
  /** Epoch milliseconds. */
  now(): number
  readonly region: string
  readonly service: 'sts' | 's3' | 'rolesanywhere'
  readonly sessions: { find(accessKeyId: string): Keys | undefined }
}

/** What is wrong, before a service puts it into its own words. */
export type SigV4Fault =
  | 'missing' // no Authorization header
  | 'malformed'
  | 'scope' // another date, region or service
  | 'skewed'
  | 'unknown-key'
  | 'no-token' // temporary keys without their session token
  | 'wrong-token'
  | 'expired'
  | 'mismatch'

/** S3 allows a quarter of an hour between the clocks, the other services five minutes. */
const SKEW_MS = { sts: 5 * 60_000, s3: 15 * 60_000, rolesanywhere: 5 * 60_000 } as const

/** The keys that signed the request, or why it counts for nothing. */
export function verifySigV4<Keys extends SigningKeys>(
  request: EmulatorRequest,
  options: SigV4Options<Keys>,
): Keys | SigV4Fault {
  const header = request.header('authorization')
  if (header === undefined) return 'missing'
  const authorization = parseAuthorization(header)
  const amzDate = request.header('x-amz-date')
  const signedAtMs = parseAmzDate(amzDate)
  if (authorization?.algorithm !== 'AWS4-HMAC-SHA256' || amzDate === undefined || signedAtMs === undefined) {
    return 'malformed'
  }
  const session = options.sessions.find(authorization.identity)
  if (session === undefined) return 'unknown-key'
  const token = request.header('x-amz-security-token')
  if (token === undefined && session.sessionToken !== undefined) return 'no-token'
  if (token !== session.sessionToken) return 'wrong-token'

  const { scope, signedHeaders, signature } = authorization
  if (
    scope.date !== amzDate.slice(0, 8) ||
    scope.region !== options.region ||
    scope.service !== options.service
  ) {
    return 'scope'
  }
  if (Math.abs(options.now() - signedAtMs) > SKEW_MS[options.service]) return 'skewed'
  if (unsignedHeaders(request, signedHeaders).some((name) => name !== 'content-type')) return 'mismatch'
  const payload = payloadHash(request, options.service)
  if (payload === undefined) return 'mismatch'
  const canonical = canonicalRequest(
    request,
    signedHeaders,
    payload,
    options.service === 's3' ? 'once' : 'twice',
  )
  if (canonical === undefined) return 'mismatch'
  const expected = [
    scope.date,
    scope.region,
    scope.service,
    'aws4_request',
    stringToSign(authorization, amzDate, canonical),
  ].reduce<Buffer>(
    (key, part) => createHmac('sha256', key).update(part).digest(),
    Buffer.from(`AWS4${session.secretAccessKey}`),
  )
  const given = Buffer.from(signature, 'hex')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'mismatch'
  return options.now() < (session.expiresAtMs ?? Infinity) ? session : 'expired'
}

/** S3 signs what x-amz-content-sha256 says, which must be the body's hash or leave the body out. */
function payloadHash(
  request: EmulatorRequest,
  service: SigV4Options<SigningKeys>['service'],
): string | undefined {
  const hash = sha256Hex(request.body)
  if (service !== 's3') return hash
  const stated = request.header('x-amz-content-sha256')
  return stated === hash || stated === 'UNSIGNED-PAYLOAD' ? stated : undefined
}
