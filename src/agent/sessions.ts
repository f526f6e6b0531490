/** The sessions that are handed out: one for each key, with what is known of the exchange that replaces it. */
import type { Answer } from '../endpoint/answer.ts'
import { containerAnswer } from '../endpoint/documents.ts'
import type { Obtained } from '../credentials.ts'
import type { IamRaError } from '../errors.ts'
import { momentIn, momentOf, untilMs, type Moment } from '../renewal/moment.ts'
import { renewalPauseMs } from '../renewal/schedule.ts'
import { hold, type Held } from '../renewal/state.ts'
import type { Runtime } from '../run/runtime.ts'
import { accountKey, type Identity } from './identity.ts'

export interface Kept {
  readonly held: Held
  readonly answer: Answer
  /** As CloudTrail shows it. */
  readonly serial: string
}

export interface Session {
  readonly identity: Identity
  kept: Kept | undefined
  /** The exchange in flight, which never rejects. */
  exchange: Exchange | undefined
  failure: IamRaError | undefined
  failedInARow: number
  /** Not before then is another exchange made, after a failed one. */
  retryAt: Moment | undefined
}

export interface Exchange {
  /** Of the token that it is made with. */
  readonly hash: string
  readonly ended: Promise<ExchangeEnd>
}

/** `refused`: Vault refused the token, which says nothing of the session. */
export type ExchangeEnd = 'done' | 'failed' | 'refused'

export interface Sessions {
  find(key: string): Session | undefined
  /** @returns undefined if the account, or all of them together, have as many as they may */
  open(key: string, identity: Identity): Session | undefined
  /** Whether all accounts together have as many as they may. */
  isFull(): boolean
  /** The credentials that it has, as long as they live. */
  alive(session: Session): Kept | undefined
  isDue(kept: Kept): boolean
  /** Milliseconds until another exchange may be made. */
  pauseMs(session: Session): number
  keep(session: Session, obtained: Obtained): Kept
  fail(session: Session, failure: IamRaError): void
  /** Forgets all that an account has. */
  drop(identity: Identity): void
  alivesCount(): number
  forgetExpired(): void
  clear(): void
}

export interface SessionLimits {
  readonly sessions: number
  readonly sessionsOfAccount: number
}

/** So that SDKs come back while 20 minutes are left: they renew when 5 of those that they know of are. */
const EARLY_MS = 15 * 60_000
const LEAST_LIFE_TO_REPORT_EARLY_MS = 30 * 60_000

export function createSessions(
  limits: SessionLimits,
  { clock, random }: Pick<Runtime, 'clock' | 'random'>,
): Sessions {
  const sessions = new Map<string, Session>()
  const byAccount = new Map<string, Set<string>>()

  const drop = (key: string, { identity }: Session): void => {
    sessions.delete(key)
    const account = accountKey(identity)
    const own = byAccount.get(account)
    own?.delete(key)
    if (own?.size === 0) byAccount.delete(account)
  }
  const alive = ({ kept }: Session): Kept | undefined =>
    kept !== undefined && untilMs(kept.held.endsAt, clock) > 0 ? kept : undefined
  const pauseMs = ({ retryAt }: Session): number =>
    retryAt === undefined ? 0 : Math.max(0, untilMs(retryAt, clock))
  const isOver = (session: Session): boolean =>
    alive(session) === undefined && session.exchange === undefined && pauseMs(session) === 0
  const forgetOver = (keys: Iterable<string>): void => {
    for (const key of keys) {
      const session = sessions.get(key)
      if (session !== undefined && isOver(session)) drop(key, session)
    }
  }

  return {
    find: (key) => sessions.get(key),
    open(key, identity) {
      const account = accountKey(identity)
      const own = byAccount.get(account) ?? new Set()
      if (own.size >= limits.sessionsOfAccount) forgetOver([...own])
      if (sessions.size >= limits.sessions) forgetOver([...sessions.keys()])
      if (own.size >= limits.sessionsOfAccount || sessions.size >= limits.sessions) return undefined
      const session: Session = {
        identity,
        kept: undefined,
        exchange: undefined,
        failure: undefined,
        failedInARow: 0,
        retryAt: undefined,
      }
      sessions.set(key, session)
      byAccount.set(account, own.add(key))
      return session
    },
    isFull: () => sessions.size >= limits.sessions,
    alive,
    isDue: ({ held }) => untilMs(held.renewAt, clock) <= 0,
    pauseMs,
    keep(session, obtained) {
      const held = hold(obtained, momentOf(clock), random())
      const { expiresAtMs } = obtained.credentials
      const earlyMs = held.lifeMs >= LEAST_LIFE_TO_REPORT_EARLY_MS ? EARLY_MS : 0
      const answer = containerAnswer(obtained.credentials, expiresAtMs - earlyMs)
      const kept = { held, answer, serial: obtained.certificate?.serialHex ?? '' }
      Object.assign(session, { kept, failure: undefined, failedInARow: 0, retryAt: undefined })
      return kept
    },
    fail(session, failure) {
      session.failure = failure
      session.failedInARow += 1
      const kept = alive(session)
      const ms =
        kept === undefined
          ? firstPauseMs(session.failedInARow, random(), failure.retryAfterMs)
          : renewalPauseMs(
              session.failedInARow,
              untilMs(kept.held.endsAt, clock),
              random(),
              failure.retryAfterMs,
            )
      session.retryAt = momentIn(ms, clock)
    },
    drop(identity) {
      for (const key of [...(byAccount.get(accountKey(identity)) ?? [])]) {
        const session = sessions.get(key)
        if (session !== undefined) drop(key, session)
      }
    },
    alivesCount: () => [...sessions.values()].filter((session) => alive(session) !== undefined).length,
    forgetExpired: () => forgetOver([...sessions.keys()]),
    clear() {
      sessions.clear()
      byAccount.clear()
    },
  }
}

const MOST_FIRST_PAUSE_MS = 60_000

/** Shorter than between renewals, because an app waits. */
function firstPauseMs(failures: number, random: number, askedMs = 0): number {
  const ceilingMs = Math.min(MOST_FIRST_PAUSE_MS, 1000 * 2 ** failures)
  return Math.max(Math.min(askedMs, MOST_FIRST_PAUSE_MS), (ceilingMs * (1 + random)) / 2)
}
