/** Logins whose answer never came: Vault may have issued a token for each, and an unknown token cannot be revoked. */
import { IamRaError } from '../errors.ts'
import type { VaultLogin } from './settings.ts'
import { TransportError } from '../net/transport-error.ts'

export interface LostLogins {
  /** Call this with the error of each attempt whose request was on its way. */
  add(error: unknown): void
  /**
   * The warning; undefined if there is nothing to warn about.
   * @param leaseSeconds of the login that succeeded after them with the same role; 0 for a token that does not expire
   */
  warning(leaseSeconds?: number): string | undefined
}

export function createLostLogins({ authMount, role }: Pick<VaultLogin, 'authMount' | 'role'>): LostLogins {
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

/** Whether Vault may have issued a token. A login that it refused, or that never reached it, left none. */
function isLost(error: unknown): boolean {
  if (!(error instanceof IamRaError)) return false
  // The gateway waited for Vault in vain. A 502 usually means that it reached no Vault at all.
  if (error.status === 504) return true
  const { cause, code, status = 200 } = error
  if (cause instanceof TransportError) {
    const isReset = cause.fault === 'unreachable' && /^(?:ECONNRESET|EPIPE)$/.test(cause.code)
    return isReset || ['timeout', 'cut-short', 'too-large'].includes(cause.fault)
  }
  return code === 'DEADLINE' || code === 'INTERRUPTED' || (code === 'ANSWER_INVALID' && status === 200)
}
