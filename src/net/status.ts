/** What an answer's status means, for every server, and when to come back. */
import { serverDateMs, type HttpAnswer } from './http.ts'

/** `refused` lasts; what is `throttled` or `unavailable` may pass without anyone changing anything. */
export type StatusMeaning = 'success' | 'redirect' | 'throttled' | 'unavailable' | 'refused'

/** What a server says in its own way besides the status. */
export interface StatusDetail {
  /** Whether it reports throttling with a status other than 429. */
  readonly isThrottled?: boolean
  /** Whether another attempt would get the same 5xx. */
  readonly isLasting?: boolean
}

export function meaningOf(
  status: number,
  { isThrottled = false, isLasting = false }: StatusDetail = {},
): StatusMeaning {
  if (status < 300) return 'success'
  if (status < 400) return 'redirect'
  if (status === 429 || isThrottled) return 'throttled'
  // 408 means no request in time; Vault sends 412 if data has not reached this node yet. RFC 9110, section 15.5.9, and
  // https://developer.hashicorp.com/vault/api-docs#http-status-codes
  if (status === 408 || status === 412 || (status >= 500 && !isLasting)) return 'unavailable'
  return 'refused'
}

/** Members for an error that may pass, so that another attempt may succeed. */
export function comeBack(
  answer: HttpAnswer,
  nowMs: number,
): { readonly status: number; readonly retryable: true; readonly retryAfterMs: number | undefined } {
  const waitMs = retryAfterMs(answer.header('retry-after'), serverDateMs(answer) ?? nowMs)
  return { status: answer.status, retryable: true, retryAfterMs: waitMs }
}

/**
 * Retry-After in milliseconds, from its seconds or its date form (RFC 9110, section 10.2.3); undefined if the header
 * is absent or is neither.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000
  // Date.parse accepts nearly anything as a date, such as 1.5; both forms that servers send end in GMT.
  const at = /^\s*[A-Z][a-z]+, .* GMT\s*$/.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
