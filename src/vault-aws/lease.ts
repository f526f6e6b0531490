/** Vault's lease of an IAM user's keys: renewed while they are in use, and ended with the token that owns it. */
import { IamRaError, type ErrorCode } from '../errors.ts'
import type { Logger } from '../run/log.ts'
import { retry, type RetryContext } from '../run/retry.ts'
import type { Clock } from '../run/runtime.ts'
import type { Lease, SessionCredentials } from '../credentials.ts'
import type { VaultSession } from '../vault/session.ts'

export interface LeaseRecord {
  readonly id: string
  readonly renewable: boolean
}

/** The share of the elapsed time that a renewal must win back: less means that Vault's maximum TTL is near. */
const WORTH_SHARE = 1 / 2

/** Vault counts in whole seconds. */
const ROUNDING_MS = 1000

/** Errors that may pass, or that ended the run: no reason to get new keys. */
const PASSING: readonly ErrorCode[] = ['DEADLINE', 'INTERRUPTED', 'INTERNAL']

/** @param credentials current, with their expiry; @param session belongs to the lease from here on */
export function createLease(
  credentials: SessionCredentials,
  { id, renewable }: LeaseRecord,
  session: VaultSession,
  context: Omit<RetryContext, 'bounds'> & { readonly logger: Logger },
): Lease {
  const { logger } = context
  const { clock } = context.runtime
  let current = credentials
  let extendedAtMs = clock.now()
  let ending: Promise<void> | undefined
  return {
    async renew(bounds) {
      // Without an IAM user's lease there is nothing to extend, however long the token lives.
      if (!renewable || session.isBatch) return undefined
      try {
        const askedAtMs = clock.now()
        const renewed = {
          ...current,
          expiresAtMs: await renewedEnd(id, session, { ...context, bounds }),
        }
        const gainedMs = renewed.expiresAtMs - current.expiresAtMs
        const passedMs = askedAtMs - extendedAtMs
        if (gainedMs + ROUNDING_MS < passedMs * WORTH_SHARE) {
          logger.step('Vault barely extended the lease of the keys', {
            stage: 'exchange',
            expires: new Date(renewed.expiresAtMs).toISOString(),
          })
          return undefined
        }
        current = renewed
        extendedAtMs = askedAtMs
        return renewed
      } catch (error) {
        if (!(error instanceof IamRaError) || PASSING.includes(error.code)) throw error
        const hint = error.hint === undefined ? '' : `: ${error.hint}`
        logger.warn(`${error.message}, so the keys cannot be renewed${hint}`, { stage: 'exchange' })
        return undefined
      }
    },
    end: () => (ending ??= endLease(session, current, logger)),
  }
}

/** Limits their expiry to that of the token that owns the lease. */
export function withinToken(
  credentials: SessionCredentials,
  session: VaultSession,
  clock: Clock,
): SessionCredentials {
  const expiresAtMs = Math.min(credentials.expiresAtMs, clock.now() + session.remainingMs())
  return { ...credentials, expiresAtMs }
}

/** @param keys absent if none were created */
export async function endLease(
  session: VaultSession,
  keys: SessionCredentials | undefined,
  logger: Logger,
): Promise<void> {
  await session.end()
  // STS keys expire by themselves, whatever Vault does.
  if (!session.isBatch || keys === undefined || keys.sessionToken !== undefined) return
  logger.warn(
    `the keys stay valid until ${new Date(keys.expiresAtMs).toISOString()} because a batch token cannot be revoked: set token_type=service in the auth role`,
    { stage: 'exchange' },
  )
}

/**
 * The token first, because the lease ends with it. Vault's default policy allows both calls.
 * https://developer.hashicorp.com/vault/api-docs/system/leases#renew-lease
 * @returns epoch milliseconds
 */
async function renewedEnd(id: string, session: VaultSession, context: RetryContext): Promise<number> {
  const { clock } = context.runtime
  const call = { stage: 'exchange', signal: context.bounds.signal } as const
  return await retry('renewing the lease', 'exchange', context, async (timeoutMs) => {
    await explained(session, 'auth/token/renew-self', () =>
      session.renew({ ...call, purpose: 'renew its token', timeoutMs }),
    )
    const askedAtMs = clock.now()
    const path = 'sys/leases/renew'
    const { lease } = await explained(session, path, () =>
      session.write({
        ...call,
        purpose: 'renew the lease of the keys',
        path,
        data: { lease_id: id },
        timeoutMs,
      }),
    )
    if (lease === undefined) throw withoutLease()
    return Math.min(askedAtMs + lease.seconds * 1000, clock.now() + session.remainingMs())
  })
}

async function explained<T>(session: VaultSession, path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (!(error instanceof IamRaError) || error.code !== 'REFUSED') throw error
    const policies = session.policies.join(', ') || 'none'
    throw new IamRaError('REFUSED', 'exchange', error.message, {
      cause: error,
      status: error.status,
      hint:
        error.status === 403
          ? `a policy of the token (it has: ${policies}) must allow update on ${path}, as Vault's default policy does; a token revoked in the meantime gets the same answer`
          : "the lease was revoked or has expired: check Vault's audit log",
    })
  }
}

function withoutLease(): IamRaError {
  return new IamRaError('ANSWER_INVALID', 'exchange', 'Vault answered the renewal without the lease', {
    hint: "check for a proxy that changes Vault's answers",
  })
}
