/** A Vault token from login to revocation: requests with it, and its renewal. */
import { asIamRaError, IamRaError } from '../errors.ts'
import { GRACE_MS } from '../run/grace-signal.ts'
import type { Logger } from '../run/log.ts'
import type { Bounds } from '../run/deadline.ts'
import type { Runtime } from '../run/runtime.ts'
import { VaultRefusal, type VaultAnswer } from './answer.ts'
import type { Sending, VaultCall, VaultClient, VaultRead, VaultWrite } from './client.ts'

/** A Vault token and how to use it; the token itself stays inside. */
export interface VaultSession {
  /** Whether it has expired, however the node's clock was set meanwhile; never true for a token that does not expire. */
  hasEnded(): boolean
  /** Milliseconds until it expires; infinite for a token that does not expire. */
  remainingMs(): number
  /** Whether it is a batch token, of which Vault keeps no record, so it cannot be renewed or revoked. */
  readonly isBatch: boolean
  /** Names of the token's policies, to explain a refusal. */
  readonly policies: readonly string[]
  /** What the auth method says of the caller; a kubernetes mount names its service account. */
  readonly metadata: Readonly<Record<string, string>>
  /** One GET of a path below /v1, without a retry. @throws IamRaError of the read's stage */
  read(request: VaultRead): Promise<VaultAnswer>
  /** One POST to a path below /v1, without a retry. @throws IamRaError of the write's stage */
  write(request: VaultWrite): Promise<VaultAnswer>
  /**
   * Extends the token's life as far as Vault allows; sends nothing if the token does not expire or cannot be renewed.
   * @throws IamRaError of the call's stage
   */
  renew(call: VaultCall): Promise<void>
  /** Revokes the token. Never rejects: a failure is a warning. Further calls return the first one's promise. */
  end(): Promise<void>
}

/** The result of a login. */
export interface VaultAuth {
  readonly token: string
  readonly tokenType: string
  /** 0 for a token that does not expire. */
  readonly leaseSeconds: number
  readonly isRenewable: boolean
  readonly policies: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  readonly requestId: string
}

export interface SessionContext {
  readonly runtime: Pick<Runtime, 'clock'>
  /** Those of the run that logged in. */
  readonly bounds: Bounds
  readonly logger: Logger
}

/** Time allowed for revoking, on top of everything else; halved after a signal: the late answer uses the other half. */
const REVOKE_MS = 2000

/** @param client belongs to the session from here on, which closes it when it ends */
export function createSession(auth: VaultAuth, client: VaultClient, context: SessionContext): VaultSession {
  const { elapsed } = context.runtime.clock
  let life = lifeFrom(elapsed(), auth.leaseSeconds)
  const isBatch = auth.tokenType === 'batch'
  const hasEnded = (): boolean => elapsed() >= life.endsMs
  const withToken = <T extends VaultCall>(call: T): T & Sending => ({
    ...call,
    token: auth.token,
    signal: call.signal ?? context.bounds.signal,
  })
  const end = async (): Promise<void> => {
    try {
      // A batch token is not stored, so it cannot be revoked: it just expires.
      if (!isBatch && !hasEnded()) await revoke(auth.token, life.seconds, client, context)
    } finally {
      client.close()
    }
  }
  let ending: Promise<void> | undefined
  return {
    hasEnded,
    remainingMs: () => Math.max(0, life.endsMs - elapsed()),
    isBatch,
    policies: auth.policies,
    metadata: auth.metadata,
    read: (request) => client.read(withToken(request)),
    write: (request) => client.write(withToken(request)),
    async renew(call) {
      if (isBatch || !auth.isRenewable || life.endsMs === Number.POSITIVE_INFINITY) return
      // Counted from before the request: a slow answer must not make the life look longer than it is.
      const askedMs = elapsed()
      const answer = await client.write({ ...withToken(call), path: 'auth/token/renew-self', data: {} })
      life = lifeFrom(askedMs, renewedSeconds(answer, call))
    },
    end: () => (ending ??= end()),
  }
}

interface Life {
  readonly seconds: number
  /** On the monotonic clock; infinite if Vault set no expiry. */
  readonly endsMs: number
}

function lifeFrom(fromMs: number, seconds: number): Life {
  return { seconds, endsMs: seconds === 0 ? Number.POSITIVE_INFINITY : fromMs + seconds * 1000 }
}

/** Never rejects. https://developer.hashicorp.com/vault/api-docs/auth/token#revoke-a-token-self */
async function revoke(
  token: string,
  lifeSeconds: number,
  client: VaultClient,
  { bounds, logger }: SessionContext,
): Promise<void> {
  const timeoutMs = bounds.signal.aborted ? REVOKE_MS - GRACE_MS : REVOKE_MS
  try {
    await client.write({
      stage: 'identity',
      purpose: 'revoke its token',
      path: 'auth/token/revoke-self',
      data: {},
      token,
      timeoutMs,
      // Not the run's signal: a stopped run must still revoke.
      signal: AbortSignal.timeout(timeoutMs),
    })
    logger.step('revoked the Vault token', { stage: 'identity' })
  } catch (error) {
    if (error instanceof VaultRefusal && error.said.some((one) => /invalid token/.test(one))) {
      // Used up (token_num_uses) or revoked elsewhere, which is the desired result.
      logger.step('the Vault token was no longer valid', { stage: 'identity' })
      return
    }
    const late = error instanceof DOMException && error.name === 'TimeoutError'
    const why = late ? 'it did not answer in time' : asIamRaError(error).message
    logger.warn(`the Vault token could not be revoked and stays valid for at most ${lifeSeconds} s: ${why}`, {
      stage: 'identity',
    })
  }
}

/** https://developer.hashicorp.com/vault/api-docs/auth/token#renew-a-token-self */
function renewedSeconds({ auth }: VaultAnswer, { stage, purpose }: VaultCall): number {
  const seconds = auth?.['lease_duration']
  if (typeof seconds === 'number' && seconds >= 0) return seconds
  throw new IamRaError(
    'ANSWER_INVALID',
    stage,
    `Vault answered the request to ${purpose} without a new lease`,
    {
      hint: "check for a proxy that changes Vault's answers",
    },
  )
}
