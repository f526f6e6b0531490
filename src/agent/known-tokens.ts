/** Tokens that Vault has verified, and those that it has refused: by their hash, and for a while. No token is kept. */
import { later, momentIn, untilMs, type Moment } from '../renewal/moment.ts'
import type { Clock } from '../run/runtime.ts'
import type { Caller } from './caller.ts'
import { accountKey, type Identity } from './identity.ts'

export interface KnownToken {
  readonly identity: Identity
  /** Where it came from first: from anywhere else it is refused. */
  readonly address: string
  /** For the log. */
  readonly pod: string | undefined
  readonly podUid: string | undefined
  readonly endsAt: Moment
  freshUntil: Moment
  /** Not before then is Vault asked again, after it could not be. */
  askAt: Moment
  /** Serials of the sessions that it was given. */
  readonly told: Set<string>
}

export interface KnownTokens {
  /** Undefined if it is unknown or has expired. */
  find(hash: string): KnownToken | undefined
  /** Vault has verified it just now. */
  add(caller: Caller, identity: Identity, address: string): KnownToken
  /** Vault has refused it just now. @returns what was known of it */
  refuse(hash: string): KnownToken | undefined
  isRefused(hash: string): boolean
  isFresh(known: KnownToken): boolean
  /** Whether Vault is to be asked about it now. */
  isToBeAsked(known: KnownToken): boolean
  /** Vault could not be asked. */
  postpone(known: KnownToken): void
  size(): number
  forgetExpired(): void
  clear(): void
}

export interface KnownLimits {
  readonly tokens: number
  readonly tokensOfAccount: number
  readonly refusals: number
}

const FRESH_MS = 5 * 60_000
/** Vault may have refused only because it could not reach the cluster. */
const REFUSED_MS = 30_000
const POSTPONE_MS = 10_000

export function createKnownTokens(limits: KnownLimits, clock: Clock): KnownTokens {
  /** The one that was verified longest ago comes first. */
  const tokens = new Map<string, KnownToken>()
  const byAccount = new Map<string, Set<string>>()
  const refusals = new Map<string, Moment>()
  const isOver = (moment: Moment): boolean => untilMs(moment, clock) <= 0

  const drop = (hash: string): KnownToken | undefined => {
    const known = tokens.get(hash)
    if (known === undefined) return undefined
    tokens.delete(hash)
    const key = accountKey(known.identity)
    const own = byAccount.get(key)
    own?.delete(hash)
    if (own?.size === 0) byAccount.delete(key)
    return known
  }

  return {
    find(hash) {
      const known = tokens.get(hash)
      if (known === undefined || !isOver(known.endsAt)) return known
      drop(hash)
      return undefined
    },
    add(caller, identity, address) {
      const before = drop(caller.hash)
      refusals.delete(caller.hash)
      const now = momentIn(0, clock)
      const known: KnownToken = {
        identity,
        address,
        pod: caller.pod,
        podUid: caller.podUid,
        endsAt: before?.endsAt ?? later(now, caller.expiresAtMs - now.epochMs),
        freshUntil: later(now, FRESH_MS),
        askAt: now,
        told: before?.told ?? new Set(),
      }
      tokens.set(caller.hash, known)
      const key = accountKey(identity)
      const own = byAccount.get(key) ?? new Set()
      byAccount.set(key, own.add(caller.hash))
      const oldest =
        own.size > limits.tokensOfAccount ? own : tokens.size > limits.tokens ? tokens.keys() : []
      const [first] = oldest
      if (first !== undefined) drop(first)
      return known
    },
    refuse(hash) {
      refusals.delete(hash)
      refusals.set(hash, momentIn(REFUSED_MS, clock))
      const [oldest] = refusals.keys()
      if (refusals.size > limits.refusals && oldest !== undefined) refusals.delete(oldest)
      return drop(hash)
    },
    isRefused(hash) {
      const until = refusals.get(hash)
      if (until === undefined || !isOver(until)) return until !== undefined
      refusals.delete(hash)
      return false
    },
    isFresh: ({ freshUntil }) => !isOver(freshUntil),
    isToBeAsked: ({ freshUntil, askAt }) => isOver(freshUntil) && isOver(askAt),
    postpone(known) {
      known.askAt = momentIn(POSTPONE_MS, clock)
    },
    size: () => tokens.size,
    forgetExpired() {
      for (const [hash, { endsAt }] of tokens) if (isOver(endsAt)) drop(hash)
      for (const [hash, until] of refusals) if (isOver(until)) refusals.delete(hash)
    },
    clear() {
      tokens.clear()
      byAccount.clear()
      refusals.clear()
    },
  }
}
