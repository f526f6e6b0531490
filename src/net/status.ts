/** What an answer's status means, whoever answered, and when to come back. */
import { serverDateMs, type HttpAnswer } from './http.ts'

/** `refused` lasts; what is `throttled` or `unavailable` may pass without anyone changing anything. */
export type StatusMeaning = 'success' | 'redirect' | 'throttled' | 'unavailable' | 'refused'

/** What a server says beside the status, in its own way. */
export interface StatusDetail {
  /** Whether it names throttling in an error of another status than 429. */
  readonly isThrottled?: boolean
  /** Whether a 5xx is one to which another attempt gets no other answer. */
  readonly isLasting?: boolean
}

export function meaningOf(
  status: number,
  { isThrottled = false, isLasting = false }: StatusDetail = {},
): StatusMeaning {
  if (status < 300) return 'success'
  if (status < 400) return 'redirect'
  if (status === 429 || isThrottled) return 'throttled'
  // 408 is no answer in time, 412 Vault's for data that has not reached this node yet: RFC 9110, section 15.5.9, and
  // https://developer.hashicorp.com/vault/api-docs#http-status-codes
  if (status === 408 || status === 412 || (status >= 500 && !isLasting)) return 'unavailable'
  return 'refused'
}

/** Members of an error after which another attempt may succeed. */
export function comeBack(
  answer: HttpAnswer,
  nowMs: number,
): { readonly status: number; readonly retryable: true; readonly retryAfterMs: number | undefined } {
  const waitMs = retryAfterMs(answer.header('retry-after'), serverDateMs(answer) ?? nowMs)
  return { status: answer.status, retryable: true, retryAfterMs: waitMs }
}

/**
 * Retry-After in milliseconds, from its seconds or its date form (RFC 9110, section 10.2.3); undefined where the header
 * is absent or neither.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined
  if (/^\s*\d{1,9}\s*$/.test(header)) return Number(header) * 1000
  // Date.parse makes a date of nearly anything, such as 1.5; both forms that servers send end in GMT.
  const at = /^\s*[A-Z][a-z]+, .* GMT\s*$/.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}
