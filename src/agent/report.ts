/** The agent's log: who was given which session, and what failed for whom. */
import type { Obtained } from '../credentials.ts'
import type { IamRaError } from '../errors.ts'
import type { LogFields, Logger } from '../run/log.ts'
import type { Clock } from '../run/runtime.ts'
import type { Account, Caller } from './caller.ts'
import type { Identity } from './identity.ts'
import type { KnownToken } from './known-tokens.ts'
import type { Question } from './question.ts'
import { createRates } from './rates.ts'
import { networkOf } from './senders.ts'
import type { Kept } from './sessions.ts'

export interface Report {
  /** Logged once for each token and session, so that CloudTrail leads back to pods. */
  given(known: KnownToken, question: Question, kept: Kept): void
  obtained(identity: Identity, obtained: Obtained): void
  /** An exchange failed. */
  failed(identity: Identity, failure: IamRaError): void
  /** A login failed, so what the token says of its caller may be a lie. */
  unverified(failure: IamRaError, caller: Caller, address: string): void
  otherAddress(known: KnownToken, address: string): void
}

/** A caller may bring about the same again and again. */
const REPEAT_MS = 10 * 60_000
const MOST_REMEMBERED = 1024
const MOST_TOLD = 64
/** A sender chooses what its tokens claim and, with IPv6, its address, so that each of its lines may be a new one. */
const LINES = { burst: 8, perSecond: 8 / 600, entries: 1024 }
const NETWORK_LINES = { burst: 64, perSecond: 64 / 600, entries: 256 }

export function createReport(logger: Logger, clock: Pick<Clock, 'elapsed'>): Report {
  const saidAtMs = new Map<string, number>()
  const elapsed = (): number => clock.elapsed()
  const [lines, networkLines] = [createRates(LINES, elapsed), createRates(NETWORK_LINES, elapsed)]
  const isRepeated = (key: string): boolean => {
    const lastMs = saidAtMs.get(key)
    return lastMs !== undefined && elapsed() - lastMs < REPEAT_MS
  }
  /** @returns whether it may be said, which counts if so */
  const isDue = (what: readonly unknown[], mayBeSaid: () => boolean): boolean => {
    const key = JSON.stringify(what)
    if (isRepeated(key) || !mayBeSaid()) return false
    saidAtMs.delete(key)
    saidAtMs.set(key, elapsed())
    const [oldest] = saidAtMs.keys()
    if (saidAtMs.size > MOST_REMEMBERED && oldest !== undefined) saidAtMs.delete(oldest)
    return true
  }
  const about = (who: readonly unknown[]) => () => lines.take(JSON.stringify(who))
  const from = (address: string) => () => lines.take(address) && networkLines.take(networkOf(address))
  const warn = (isDueNow: boolean, message: string, fields: LogFields): void =>
    logger[isDueNow ? 'warn' : 'step'](message, fields)

  return {
    given({ identity, pod, podUid, told }, { roleArn }, { serial }) {
      if (told.has(serial)) return
      if (told.size >= MOST_TOLD) told.clear()
      told.add(serial)
      logger.info('gave credentials', {
        ...named(identity),
        pod,
        pod_uid: podUid,
        role: roleArn.text,
        serial,
      })
    },
    obtained(identity, { credentials, certificate }) {
      logger.info('obtained a session', {
        ...named(identity),
        role: credentials.roleArn,
        session: credentials.sessionName,
        serial: certificate?.serialHex,
        expires: new Date(credentials.expiresAtMs).toISOString(),
        vault_request_id: certificate?.requestId,
      })
    },
    failed(identity, failure) {
      const { stage, code, message, hint } = failure
      const isDueNow = isDue([identity, stage, code, hint], about([identity]))
      if (isDueNow && code === 'INTERNAL') logger.error(failure)
      warn(isDueNow, `no session: ${message}`, { ...named(identity), stage, code, hint })
    },
    unverified(failure, { namespace, account, pod }, address) {
      const { stage, code, message, hint } = failure
      const isDueNow = isDue([address, namespace, account, stage, code, hint], from(address))
      if (isDueNow && code === 'INTERNAL') logger.error(failure)
      const claims = { claimed_namespace: namespace, claimed_account: account, claimed_pod: pod }
      warn(isDueNow, `a token was not verified: ${message}`, {
        address,
        ...claims,
        stage,
        code,
        hint,
      })
    },
    otherAddress({ identity, pod, address: first }, address) {
      const isDueNow = isDue([identity, pod, address], about([identity, pod]))
      warn(isDueNow, 'a token came from another address than at first, and was refused', {
        ...named(identity),
        pod,
        first_address: first,
        address,
        hint: 'if pods change their address while they run, restart them; otherwise somebody else has the token',
      })
    },
  }
}

function named({ namespace, account }: Account): LogFields {
  return { namespace, account }
}
