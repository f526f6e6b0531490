/**
 * The instance metadata service's session rules, with the status codes that SDKs act on: 400 ends their attempt, 401
 * makes them fetch a new session token, and 403, 404 and 405 make them try IMDSv1.
 */
import { hasHeader, headerOf, refusal, textAnswer, type Answer, type EndpointRequest } from './answer.ts'
import type { SessionTokens } from './session-tokens.ts'

const TOKEN_HEADER = 'x-aws-ec2-metadata-token'
const TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds'
/** Six hours, as in AWS's service. */
const MAX_TTL_SECONDS = 21_600

const BAD_TTL = refusal(
  400,
  'BadRequest',
  `${TTL_HEADER} must be a whole number from 1 to ${MAX_TTL_SECONDS}`,
)
const UNAUTHORIZED = refusal(
  401,
  'Unauthorized',
  `${TOKEN_HEADER} has no valid session token from this process; get one with PUT /latest/api/token`,
)

export function startSession(request: EndpointRequest, tokens: SessionTokens): Answer {
  const text = headerOf(request, TTL_HEADER) ?? ''
  const ttlSeconds = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (ttlSeconds < 1 || ttlSeconds > MAX_TTL_SECONDS) return BAD_TTL
  // Go's SDK reads the token's lifetime from this header, and fails without it.
  return textAnswer(200, tokens.issue(ttlSeconds), {
    'X-aws-ec2-metadata-token-ttl-seconds': String(ttlSeconds),
  })
}

/** @returns the refusal; undefined for a reader with a session, and for one without if `v1` allows it */
export function refuseSession(
  request: EndpointRequest,
  tokens: SessionTokens,
  v1: boolean,
): Answer | undefined {
  if (v1 && !hasHeader(request, TOKEN_HEADER)) return undefined
  const token = headerOf(request, TOKEN_HEADER)
  return token !== undefined && tokens.isValid(token) ? undefined : UNAUTHORIZED
}
