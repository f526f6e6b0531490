/** Logins whose answer never came: Vault may have issued a token for each, and nobody can revoke what nobody knows. */
import { IamRaError } from '../errors.ts'
import type { LoginSettings } from './login.ts'
import { TransportError } from '../net/transport-error.ts'

export interface LostLogins {
  /** To be called with what an attempt failed with, once its request was on its way. */
  add(error: unknown): void
  /**
   * The warning; undefined where there is nothing to warn of.
   * @param leaseSeconds of the login that succeeded after them, by the same role; 0 for a token without an end
   */
  warning(leaseSeconds?: number): string | undefined
}

export function createLostLogins({ authMount, role }: Pick<LoginSettings, 'authMount' | 'role'>): LostLogins {
  let count = 0
  return {
    add(error) {
      if (isLost(error)) count += 1
    },
    warning(leaseSeconds) {
      if (count === 0) return undefined
      const [whose, what] =
        count === 1 ? ['a login', 'a token'] : [`${count} logins`, `up to ${count} tokens`]
      return `the answer to ${whose} was lost or could not be read: Vault may have issued ${what} that cannot be revoked from here, valid for ${life(leaseSeconds)}`
    },
  }

  function life(leaseSeconds: number | undefined): string {
    if (leaseSeconds !== undefined && leaseSeconds > 0) return `at most ${leaseSeconds} s`
    // https://developer.hashicorp.com/vault/docs/concepts/tokens#token-time-to-live-periodic-tokens-and-explicit-max-ttls
    return `the token_ttl of auth/${authMount}/role/${role}, or for the default lease of auth/${authMount} if the role has none`
  }
}

/** Whether Vault may have answered with a token. What it refused, and what never reached it, left none. */
function isLost(error: unknown): boolean {
  if (!(error instanceof IamRaError)) return false
  // A gateway that waited for Vault in vain; behind a 502 there is no Vault, as a rule.
  if (error.status === 504) return true
  const { cause, code, status = 200 } = error
  if (cause instanceof TransportError) {
    const isReset = cause.fault === 'unreachable' && /^(?:ECONNRESET|EPIPE)$/.test(cause.code)
    return isReset || ['timeout', 'cut-short', 'too-large'].includes(cause.fault)
  }
  return code === 'DEADLINE' || code === 'INTERRUPTED' || (code === 'ANSWER_INVALID' && status === 200)
}
