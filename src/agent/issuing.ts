/** Gives each caller the session for its key: the kept one, or the next, which one caller's token obtains for all. */
import type { Answer } from '../endpoint/answer.ts'
import type { Obtained } from '../credentials.ts'
import { asIamRaError } from '../errors.ts'
import type { Clock } from '../run/runtime.ts'
import { BUSY, COMING, failed, TOKEN_REFUSED, TOO_MANY_KEYS, TOO_MANY_SESSIONS, tooOften } from './answers.ts'
import type { Counts } from './counts.ts'
import { accountKey, sessionKey, type Identity } from './identity.ts'
import type { Question } from './question.ts'
import { createRates } from './rates.ts'
import type { Report } from './report.ts'
import type { Exchange, ExchangeEnd, Kept, Session, Sessions } from './sessions.ts'
import { createTurns } from './turns.ts'
import type { Verified } from './verification.ts'
import { within } from './within.ts'

/** Who asks, for what. */
export interface Asking extends Verified {
  readonly token: string
  readonly question: Question
}

export interface IssuingOptions {
  readonly clock: Clock
  readonly sessions: Sessions
  readonly counts: Counts
  readonly report: Report
  /** Obtains a session with the caller's own token. @throws IamRaError */
  exchange(token: string, identity: Identity, question: Question): Promise<Obtained>
  /** Vault has refused the token with this hash. */
  onRefused(hash: string): void
}

/** Each works in a process of its own. No namespace may have them all. */
const TURNS = { atOnce: 3, ofGroup: 2, waitingOfGroup: 32, waiting: 512 }
const RATE = { burst: 12, perSecond: 12 / 60, entries: 4096 }
/** A caller that waits for another one's exchange makes its own if Vault refuses that one's token. */
const MOST_TRIES = 3

/** @returns a function that answers at once or, after at most `leftMs`, with a promise that never rejects */
export function createIssuing(
  options: IssuingOptions,
): (asking: Asking, leftMs: () => number) => Answer | Promise<Answer> {
  const { clock, sessions, counts, report } = options
  const turns = createTurns(TURNS)
  const rates = createRates(RATE, () => clock.elapsed())

  const given = (asking: Asking, kept: Kept): Answer => {
    report.given(asking.known, asking.question, kept)
    return kept.answer
  }

  const finish = (session: Session, obtained: Obtained): ExchangeEnd => {
    counts.add('exchanges', 'success')
    report.obtained(session.identity, obtained)
    session.exchange = undefined
    sessions.keep(session, obtained)
    return 'done'
  }

  const fail = (session: Session, hash: string, error: unknown): ExchangeEnd => {
    const failure = asIamRaError(error)
    counts.add('exchanges', 'failure')
    report.failed(session.identity, failure)
    session.exchange = undefined
    if (failure.code === 'REFUSED' && failure.stage === 'identity') {
      sessions.drop(session.identity)
      options.onRefused(hash)
      return 'refused'
    }
    sessions.fail(session, failure)
    return 'failed'
  }

  const begin = (session: Session, { token, hash, question }: Asking): Exchange | Answer => {
    const { identity, failure } = session
    const pauseMs = sessions.pauseMs(session)
    if (pauseMs > 0 && failure !== undefined) return failed(failure, pauseMs)
    const account = accountKey(identity)
    const waitMs = rates.waitMs(account)
    if (waitMs > 0) return tooOften('exchanges for this service account', waitMs)
    const turn = turns.take(identity.namespace, () => options.exchange(token, identity, question))
    if (turn === undefined) return BUSY
    rates.take(account)
    const ended = turn.then(
      (obtained) => finish(session, obtained),
      (error: unknown) => fail(session, hash, error),
    )
    return (session.exchange = { hash, ended })
  }

  const wait = async (asking: Asking, key: string, leftMs: () => number): Promise<Answer> => {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const session = sessions.find(key) ?? sessions.open(key, asking.known.identity)
      if (session === undefined) return sessions.isFull() ? TOO_MANY_SESSIONS : TOO_MANY_KEYS
      const kept = sessions.alive(session)
      if (kept !== undefined && !sessions.isDue(kept)) return given(asking, kept)
      const exchange = session.exchange ?? begin(session, asking)
      if (!('ended' in exchange)) return kept === undefined ? exchange : given(asking, kept)
      const end = await within(leftMs(), exchange.ended, clock)
      if (end === 'refused') {
        if (exchange.hash === asking.hash) return TOKEN_REFUSED
        continue
      }
      const next = sessions.alive(session)
      if (next !== undefined) return given(asking, next)
      if (end === 'failed' && session.failure !== undefined)
        return failed(session.failure, sessions.pauseMs(session))
      break
    }
    return COMING
  }

  return (asking, leftMs) => {
    const key = sessionKey(asking.known.identity, asking.question)
    const session = sessions.find(key)
    const kept = session && sessions.alive(session)
    return kept !== undefined && !sessions.isDue(kept) ? given(asking, kept) : wait(asking, key, leftMs)
  }
}
