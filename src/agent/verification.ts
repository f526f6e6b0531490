/** Whose token it is: Vault says so, and is asked about each token once, then now and again. */
import type { Answer } from '../endpoint/answer.ts'
import { asIamRaError, type IamRaError } from '../errors.ts'
import type { Clock } from '../run/runtime.ts'
import { BUSY, COMING, failed, OTHER_ADDRESS, TOKEN_REFUSED, tooOften, unfitToken } from './answers.ts'
import { hashOf, readCaller, type Caller, type Expected } from './caller.ts'
import type { Counts } from './counts.ts'
import type { Identity } from './identity.ts'
import type { KnownToken, KnownTokens } from './known-tokens.ts'
import { createRates } from './rates.ts'
import type { Report } from './report.ts'
import { networkOf } from './senders.ts'
import { createTurns } from './turns.ts'

export interface VerificationOptions {
  readonly clock: Clock
  readonly expected: Expected
  readonly known: KnownTokens
  readonly counts: Counts
  readonly report: Report
  /** One login to Vault with the caller's own token. @throws IamRaError */
  logIn(caller: Caller): Promise<Identity>
  /** Vault has refused a token that it had verified before. */
  onRefused(identity: Identity): void
}

/** A caller whose token is good, as far as is known. */
export interface Verified {
  readonly hash: string
  readonly known: KnownToken
}

export interface Standing {
  /** Absent if the token is unknown. */
  readonly verified?: Verified
  /** Vault is being asked. It never rejects. */
  readonly coming?: Promise<Verified | Answer>
}

export interface Verification {
  check(token: string, address: string): Standing | Answer
  /** Vault refused the token elsewhere. */
  refuse(hash: string): void
  forgetAll(): void
}

/** Of tokens that nobody knows, before anything is known of their senders. */
const UNKNOWN_TURNS = { atOnce: 16, ofGroup: 2, waitingOfGroup: 8, waiting: 128 }
const UNKNOWN_RATE = { burst: 8, perSecond: 4, entries: 2048 }
/** Of an IPv6 /64, which may be one machine's or, as usual in Kubernetes, all of a node's pods'. */
const NETWORK_RATE = { burst: 64, perSecond: 16, entries: 256 }
/** They have their own turns: a known token never waits behind an unknown one. */
const KNOWN_TURNS = { atOnce: 16, ofGroup: 8, waitingOfGroup: 128, waiting: 1024 }

export function createVerification(options: VerificationOptions): Verification {
  const { clock, expected, known: tokens, counts, report } = options
  const elapsed = (): number => clock.elapsed()
  const [unknownTurns, knownTurns] = [createTurns(UNKNOWN_TURNS), createTurns(KNOWN_TURNS)]
  const [rates, networkRates] = [createRates(UNKNOWN_RATE, elapsed), createRates(NETWORK_RATE, elapsed)]
  const asking = new Map<string, Promise<Verified | Answer>>()
  let generation = 0

  const refuse = (hash: string): void => {
    const before = tokens.refuse(hash)
    if (before !== undefined) options.onRefused(before.identity)
  }

  /** Who is refused for the others of its network has not used up its own. */
  const refusedByRate = (address: string): Answer | undefined => {
    const ownMs = rates.waitMs(address)
    if (ownMs > 0) return tooOften('unknown tokens from this address', ownMs)
    const network = networkOf(address)
    if (network !== address && !networkRates.take(network))
      return tooOften('unknown tokens from this network', networkRates.waitMs(network))
    rates.take(address)
    return undefined
  }

  const fail = (
    caller: Caller,
    address: string,
    error: IamRaError,
    before?: KnownToken,
  ): Verified | Answer => {
    counts.add('logins', error.code === 'REFUSED' ? 'refused' : 'failure')
    report.unverified(error, caller, address)
    if (error.code === 'REFUSED') {
      refuse(caller.hash)
      return TOKEN_REFUSED
    }
    if (before === undefined) return failed(error, error.retryAfterMs ?? 1000)
    tokens.postpone(before)
    return { hash: caller.hash, known: before }
  }

  const ask = (
    caller: Caller,
    address: string,
    before?: KnownToken,
  ): Promise<Verified | Answer> | undefined => {
    const { hash } = caller
    const begun = generation
    const turn =
      before === undefined
        ? unknownTurns.take(address, () => options.logIn(caller))
        : knownTurns.take(before.identity.namespace, () => options.logIn(caller))
    if (turn === undefined) return undefined
    const coming = turn
      .then(
        (identity): Verified | Answer => {
          counts.add('logins', 'success')
          return begun === generation ? { hash, known: tokens.add(caller, identity, address) } : COMING
        },
        (error: unknown) => fail(caller, address, asIamRaError(error), before),
      )
      .finally(() => {
        if (asking.get(hash) === coming) asking.delete(hash)
      })
    asking.set(hash, coming)
    return coming
  }

  const fromHere = (found: Verified | Answer, address: string): Verified | Answer => {
    if (!('known' in found) || found.known.address === address) return found
    report.otherAddress(found.known, address)
    return OTHER_ADDRESS
  }

  return {
    check(token, address) {
      const hash = hashOf(token)
      const known = tokens.find(hash)
      const verified = known && fromHere({ hash, known }, address)
      if (verified !== undefined && !('known' in verified)) return verified
      if (known !== undefined && !tokens.isToBeAsked(known)) return { verified: { hash, known } }
      if (tokens.isRefused(hash)) return TOKEN_REFUSED
      const running = asking.get(hash)?.then((found) => fromHere(found, address))
      if (running !== undefined) return { ...(verified && { verified }), coming: running }
      const caller = readCaller(token, hash, expected, clock.now())
      if ('wrong' in caller) return unfitToken(caller.status, caller.wrong)
      const refused = known === undefined ? refusedByRate(address) : undefined
      if (refused !== undefined) return refused
      const coming = ask(caller, address, known)
      if (coming !== undefined) return { ...(verified && { verified }), coming }
      return verified === undefined ? BUSY : { verified }
    },
    refuse,
    forgetAll() {
      generation += 1
      asking.clear()
      tokens.clear()
    },
  }
}
