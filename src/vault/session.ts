/** A Vault token from its login to its end: what is asked with it, how it is renewed, and that it is revoked. */
import { asIamRaError, IamRaError, type Stage } from '../errors.ts'
import { isRecord } from '../text/json.ts'
import { GRACE_MS } from '../run/grace-signal.ts'
import type { Logger } from '../run/log.ts'
import type { Bounds } from '../run/deadline.ts'
import type { Runtime } from '../run/runtime.ts'

import { requestIdOf, VaultRefusal, type VaultReply } from './answer.ts'
import type { VaultClient } from './client.ts'

/** What Vault answered to a read or a write. */
export interface VaultAnswer {
  /** Vault's own id of the request, as its audit log has it; empty where the answer names none. */
  readonly requestId: string
  readonly data: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
  /** The server's Date header as epoch milliseconds. */
  readonly serverDateMs?: number
  /** Present where Vault leased what it gave. */
  readonly lease?: { readonly id: string; readonly seconds: number; readonly renewable: boolean }
}

/** A Vault token and the way to use it; the token itself stays inside. */
export interface VaultSession {
  /** Whether its time is over, whatever the node's clock was set to meanwhile; never true for a token without an end. */
  hasEnded(): boolean
  /** Milliseconds of its life that are left; infinite for a token without an end. */
  remainingMs(): number
  /** Whether Vault keeps no record of the token (a batch token), so that nobody can renew or revoke it. */
  readonly isBatch: boolean
  /** Names of the token's policies, to explain a refusal. */
  readonly policies: readonly string[]
  /** One GET of a path below /v1, without a retry. @throws IamRaError of the read's stage */
  read(request: VaultRead): Promise<VaultAnswer>
  /** One POST to a path below /v1, without a retry. @throws IamRaError of the write's stage */
  write(request: VaultWrite): Promise<VaultAnswer>
  /**
   * Lengthens the token's life, as far as Vault goes on giving time; without a request where it has no end or cannot be
   * renewed. @throws IamRaError of the call's stage
   */
  renew(call: VaultCall): Promise<void>
  /** Revokes the token. Never rejects: a failure is a warning. Further calls return the first one's promise. */
  end(): Promise<void>
}

export interface VaultCall {
  readonly stage: Stage
  /** What the call is for, as errors say it: `sign a certificate`. */
  readonly purpose: string
  readonly timeoutMs: number
  /** Absent: that of the run that logged in, which a lease outlives. */
  readonly signal?: AbortSignal
}

export interface VaultRead extends VaultCall {
  /** Below /v1, segments encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
}

export interface VaultWrite extends VaultCall {
  /** Below /v1, segments encoded. */
  readonly path: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What a login brings. */
export interface VaultAuth {
  readonly token: string
  readonly tokenType: string
  /** 0 for a token without an end. */
  readonly leaseSeconds: number
  readonly isRenewable: boolean
  readonly policies: readonly string[]
  readonly requestId: string
}

export interface SessionContext {
  readonly runtime: Pick<Runtime, 'clock'>
  /** Those of the run that logged in. */
  readonly bounds: Bounds
  readonly logger: Logger
}

/** What revoking may take, after everything else and after SIGTERM too; then half of it goes to what was still on its way. */
const REVOKE_MS = 2000

/** @param client is the session's own from here on: its end closes it */
export function createSession(auth: VaultAuth, client: VaultClient, context: SessionContext): VaultSession {
  const { elapsed } = context.runtime.clock
  let { leaseSeconds } = auth
  let endsMs = endOf(elapsed(), leaseSeconds)
  const isBatch = auth.tokenType === 'batch'
  const hasEnded = (): boolean => elapsed() >= endsMs
  const withToken = <T extends VaultCall>(call: T): T & { token: string; signal: AbortSignal } => ({
    ...call,
    token: auth.token,
    signal: call.signal ?? context.bounds.signal,
  })
  let ending: Promise<void> | undefined
  return {
    hasEnded,
    remainingMs: () => Math.max(0, endsMs - elapsed()),
    isBatch,
    policies: auth.policies,
    read: async (request) => answerOf(await client.read(withToken(request))),
    write: async (request) => answerOf(await client.write(withToken(request))),
    async renew(call) {
      if (isBatch || !auth.isRenewable || endsMs === Number.POSITIVE_INFINITY) return
      // Counted from before the request: a slow answer must not make the life look longer than it is.
      const askedMs = elapsed()
      leaseSeconds = renewedSeconds(
        await client.write({ ...withToken(call), path: 'auth/token/renew-self', data: {} }),
        call,
      )
      endsMs = endOf(askedMs, leaseSeconds)
    },
    end: () => (ending ??= revoke()),
  }

  /** https://developer.hashicorp.com/vault/api-docs/auth/token#revoke-a-token-self */
  async function revoke(): Promise<void> {
    const { bounds, logger } = context
    const timeoutMs = bounds.signal.aborted ? REVOKE_MS - GRACE_MS : REVOKE_MS
    try {
      // A batch token is not stored, so it cannot be revoked: it ends by itself.
      if (isBatch || hasEnded()) return
      await client.write({
        stage: 'identity',
        purpose: 'revoke its token',
        path: 'auth/token/revoke-self',
        data: {},
        token: auth.token,
        timeoutMs,
        // Not the run's signal: a run that was stopped must still revoke.
        signal: AbortSignal.timeout(timeoutMs),
      })
      logger.step('revoked the Vault token', { stage: 'identity' })
    } catch (error) {
      if (error instanceof VaultRefusal && error.errors.some((one) => /invalid token/.test(one))) {
        // Used up (token_num_uses) or revoked by another: what was wanted.
        logger.step('the Vault token had ended already', { stage: 'identity' })
        return
      }
      const late = error instanceof DOMException && error.name === 'TimeoutError'
      const why = late ? 'it did not answer in time' : asIamRaError(error).message
      logger.warn(`the Vault token could not be revoked and lives on for ${leaseSeconds} s at most: ${why}`, {
        stage: 'identity',
      })
    } finally {
      client.close()
    }
  }
}

function endOf(fromMs: number, leaseSeconds: number): number {
  return leaseSeconds === 0 ? Number.POSITIVE_INFINITY : fromMs + leaseSeconds * 1000
}

function answerOf({ json, serverDateMs }: VaultReply): VaultAnswer {
  const { warnings, lease_id: id, lease_duration: seconds } = json
  const isLeased = typeof id === 'string' && id !== '' && typeof seconds === 'number' && seconds >= 0
  return {
    requestId: requestIdOf(json),
    data: isRecord(json['data']) ? json['data'] : {},
    warnings: Array.isArray(warnings) ? warnings.filter((one) => typeof one === 'string') : [],
    ...(serverDateMs === undefined ? {} : { serverDateMs }),
    ...(isLeased ? { lease: { id, seconds, renewable: json['renewable'] === true } } : {}),
  }
}

/** https://developer.hashicorp.com/vault/api-docs/auth/token#renew-a-token-self */
function renewedSeconds({ json }: VaultReply, { stage, purpose }: VaultCall): number {
  const auth = isRecord(json['auth']) ? json['auth'] : {}
  const seconds = auth['lease_duration']
  if (typeof seconds === 'number' && seconds >= 0) return seconds
  throw new IamRaError(
    'ANSWER_INVALID',
    stage,
    `Vault answered the request to ${purpose} without its new lease`,
    {
      hint: 'look for a proxy that changes the answers of Vault',
    },
  )
}
