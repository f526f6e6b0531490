/** What a reader gets instead of credentials: 4xx for what it or its operator must mend, 5xx for what passes. */
import { refusal, type Answer } from '../endpoint/answer.ts'
import type { ErrorCode, IamRaError } from '../errors.ts'

export const FORBIDDEN_SENDER = refusal(403, 'Forbidden', 'only pods of this node are answered')
export const FOREIGN_HOST = refusal(
  403,
  'Forbidden',
  "the Host header must be one of this agent's addresses, with its port or no port",
)
export const NOT_FOUND = refusal(404, 'NotFound', 'only /v1/credentials exists')
export const METHOD_NOT_ALLOWED = refusal(405, 'MethodNotAllowed', 'this path accepts GET only', {
  Allow: 'GET',
})
export const NO_TOKEN = refusal(
  401,
  'Unauthorized',
  'the Authorization header must have the service-account token, once and without a scheme',
)
export const TOKEN_REFUSED = refusal(
  403,
  'AccessDenied',
  'Vault refused this service-account token; the log of the agent says why',
)
export const OTHER_ADDRESS = refusal(403, 'AccessDenied', 'this token came from another address first')
export const TOO_MANY_KEYS = refusal(
  429,
  'TooManyRequests',
  'this service account has as many different sessions as it may: ask for fewer roles, names or durations',
  { 'Retry-After': '60' },
)
export const TOO_MANY_SESSIONS = refusal(
  429,
  'TooManyRequests',
  'the agent of this node keeps as many sessions as it may; some end within the hour',
  { 'Retry-After': '60' },
)
/** The work goes on: the next question may find its result. */
export const COMING = refusal(
  503,
  'ServiceUnavailable',
  'the credentials are still being obtained',
  retryAfter(1000),
)
export const BUSY = refusal(
  503,
  'ServiceUnavailable',
  'too many callers at this moment; try again',
  retryAfter(1000),
)

export function badQuestion(wrong: string): Answer {
  return refusal(400, 'BadRequest', wrong)
}

export function unfitToken(status: 401 | 403, wrong: string): Answer {
  return refusal(status, status === 401 ? 'Unauthorized' : 'AccessDenied', wrong)
}

export function tooOften(what: string, waitMs: number): Answer {
  return refusal(429, 'TooManyRequests', `too many ${what}; try again later`, retryAfter(waitMs))
}

/** @param waitMs until another attempt is made */
export function failed({ code, message, hint }: IamRaError, waitMs: number): Answer {
  const status = statusOf(code)
  const text = hint === undefined ? message : `${message} (hint: ${hint})`
  const name =
    status === 403
      ? 'AccessDenied'
      : status === 400
        ? 'BadRequest'
        : status === 503
          ? 'ServiceUnavailable'
          : 'BadGateway'
  return refusal(status, name, text, status < 500 ? {} : retryAfter(waitMs))
}

/** @returns 400 and 403 for what lasts until someone changes something */
function statusOf(code: ErrorCode): 400 | 403 | 502 | 503 {
  if (code === 'SETTINGS_INVALID') return 400
  if (code === 'REFUSED' || code === 'KEY_TYPE' || code === 'CERTIFICATE_UNFIT') return 403
  if (code === 'ANSWER_INVALID' || code === 'REDIRECT_REFUSED' || code === 'INTERNAL') return 502
  return 503
}

function retryAfter(ms: number): Readonly<Record<string, string>> {
  return { 'Retry-After': String(Math.max(1, Math.ceil(ms / 1000))) }
}
