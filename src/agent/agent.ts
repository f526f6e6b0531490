/** The agent without its sockets and its processes: what it answers, and what it remembers. */
import type { Answer, EndpointRequest, WaitingHandler } from '../endpoint/answer.ts'
import type { Obtained } from '../credentials.ts'
import type { Logger } from '../run/log.ts'
import type { Runtime } from '../run/runtime.ts'
import type { AgentSettings } from '../settings/settings.ts'
import { COMING } from './answers.ts'
import type { Caller } from './caller.ts'
import { createCounts } from './counts.ts'
import { createGate, type Asked } from './gate.ts'
import type { Identity } from './identity.ts'
import { createIssuing } from './issuing.ts'
import { createKnownTokens } from './known-tokens.ts'
import type { Question } from './question.ts'
import { createReport } from './report.ts'
import { createSessions } from './sessions.ts'
import { createVerification, type Verified } from './verification.ts'
import { within } from './within.ts'

export interface AgentOptions {
  readonly settings: Pick<AgentSettings, 'podRanges' | 'offer' | 'token'>
  /** Its own addresses as in URLs, IPv6 in brackets. */
  readonly hosts: readonly string[]
  readonly runtime: Pick<Runtime, 'clock' | 'random'>
  readonly logger: Logger
  /** One login to Vault with the caller's own token. @throws IamRaError */
  logIn(caller: Caller): Promise<Identity>
  /** Obtains a session with the caller's own token. @throws IamRaError */
  exchange(token: string, identity: Identity, question: Question): Promise<Obtained>
}

export interface Agent {
  readonly handler: WaitingHandler
  metrics(): string
  /** Drops every session and every token. */
  forgetAll(): void
  /** Frees what has expired. */
  forgetExpired(): void
}

/** SDKs wait for 1 to 2 s. */
const HOLD_MS = 900

const KNOWN = { tokens: 4096, tokensOfAccount: 512, refusals: 1024 }
const SESSIONS = { sessions: 2048, sessionsOfAccount: 8 }

export function createAgent(options: AgentOptions): Agent {
  const { settings, runtime, logger } = options
  const { clock } = runtime
  const counts = createCounts()
  const report = createReport(logger, clock)
  const known = createKnownTokens(KNOWN, clock)
  const sessions = createSessions(SESSIONS, runtime)
  const verification = createVerification({
    ...{ clock, known, counts, report, expected: settings.token },
    logIn: (caller) => options.logIn(caller),
    onRefused: (identity) => sessions.drop(identity),
  })
  const issue = createIssuing({
    ...{ clock, sessions, counts, report },
    exchange: (token, identity, question) => options.exchange(token, identity, question),
    onRefused: (hash) => verification.refuse(hash),
  })
  const gate = createGate({ ...settings, hosts: options.hosts })

  const answerTo = (request: EndpointRequest): Answer | Promise<Answer> => {
    const asked = gate(request)
    if ('status' in asked) return asked
    const standing = verification.check(asked.token, asked.address)
    if ('status' in standing) return standing
    const { verified, coming } = standing
    const untilMs = clock.elapsed() + HOLD_MS
    const leftMs = (): number => untilMs - clock.elapsed()
    if (coming !== undefined) return whenVerified(asked, coming, verified, leftMs)
    return verified === undefined ? COMING : issue({ ...asked, ...verified }, leftMs)
  }

  /** A token that is known is good until Vault refuses it, however slow Vault is. */
  const whenVerified = async (
    asked: Asked,
    coming: Promise<Verified | Answer>,
    before: Verified | undefined,
    leftMs: () => number,
  ): Promise<Answer> => {
    const found = (await within(leftMs(), coming, clock)) ?? before
    if (found === undefined) return COMING
    return 'status' in found ? found : await issue({ ...asked, ...found }, leftMs)
  }

  const counted = (answer: Answer): Answer => {
    counts.add('answers', String(answer.status))
    return answer
  }

  return {
    handler: (request) => {
      const answer = answerTo(request)
      return answer instanceof Promise ? answer.then(counted) : counted(answer)
    },
    metrics: () => counts.text({ sessions: sessions.alivesCount(), tokens: known.size() }),
    forgetAll() {
      verification.forgetAll()
      sessions.clear()
    },
    forgetExpired() {
      known.forgetExpired()
      sessions.forgetExpired()
    },
  }
}
