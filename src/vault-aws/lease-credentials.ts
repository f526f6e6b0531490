/**
 * Credentials from Vault's AWS secrets engine. An IAM user's keys expire with their lease, and the lease with the Vault
 * token; STS credentials expire when AWS says so, independently of both.
 * https://developer.hashicorp.com/vault/api-docs/secret/aws#generate-credentials
 */
import { IamRaError } from '../errors.ts'
import { foreignTexts } from '../text/redact.ts'
import { graceSignal, reasonOfEnd } from '../run/grace-signal.ts'
import type { Logger } from '../run/log.ts'
import { outlived, whileHeld, type Held } from '../run/outlived.ts'
import { retry, type RetryContext } from '../run/retry.ts'
import type { Runtime } from '../run/runtime.ts'

import type { Obtained, SessionCredentials } from '../credentials.ts'
import type { VaultAnswer } from '../vault/answer.ts'
import type { VaultSession } from '../vault/session.ts'
import { encodeVaultPath } from '../vault/path.ts'
import { LEAST_LIFE_MS } from '../aws/key-members.ts'
import { getCallerIdentity } from '../aws/caller-identity.ts'
import { parseKeys } from './answer.ts'
import { createLease, endLease, withinToken } from './lease.ts'
import { explainKeysRefusal } from './refusal.ts'
import type { VaultAwsSettings } from './settings.ts'

export interface LeaseContext extends RetryContext {
  readonly runtime: Pick<Runtime, 'fs' | 'http' | 'clock' | 'random'>
  readonly logger: Logger
}

const ENDED = {
  stage: 'exchange',
  ended: 'the Vault token or the lease expired before AWS recognized the keys',
  hint: 'raise token_ttl of the auth role, and the lease of the AWS secrets engine',
} as const

/**
 * Ends the session in every case except one: a returned lease owns it from then on.
 * @returns a lease if the keys expire with it, that is, if they are an IAM user's
 * @throws IamRaError of stage exchange; OUTLIVED if the Vault token expired first
 */
export async function leaseCredentials(
  settings: VaultAwsSettings,
  session: VaultSession,
  context: LeaseContext,
): Promise<Obtained> {
  const { runtime, bounds, logger } = context
  let made: SessionCredentials | undefined
  try {
    const { answer, askedAtMs } = await readKeys(settings, session, context)
    const { credentials: given, lease } = parseKeys(answer, settings, askedAtMs)
    made = lease === undefined ? given : withinToken(given, session, runtime.clock)
    bounds.signal.throwIfAborted()
    logger.step('got AWS credentials from Vault', {
      stage: 'exchange',
      path: settings.path,
      expires: new Date(made.expiresAtMs).toISOString(),
      request_id: answer.requestId,
    })
    const arn = lease === undefined ? made.arn : await getCallerIdentity(settings.sts, made, context)
    if (made.expiresAtMs <= runtime.clock.now() + LEAST_LIFE_MS) throw outlived(ENDED)
    if (lease === undefined) {
      await session.end()
      return { credentials: made }
    }
    const credentials = { ...made, ...(arn === undefined ? {} : { arn }) }
    return { credentials, lease: createLease(credentials, lease, session, context) }
  } catch (error) {
    await endLease(session, made, logger)
    throw reasonOfEnd(bounds.signal, error)
  }
}

interface KeysRead {
  readonly answer: VaultAnswer
  readonly askedAtMs: number
}

/**
 * If the token is revoked while Vault creates the user, nothing owns that user: Vault leases it anyway, or removes it
 * after five minutes if it saw the connection close.
 */
async function readKeys(
  settings: VaultAwsSettings,
  session: VaultSession,
  context: LeaseContext,
): Promise<KeysRead> {
  const { bounds, runtime, logger } = context
  const late = graceSignal(bounds.signal, runtime.clock)
  try {
    const read = await attemptRead(settings, session, context, late.signal)
    for (const warning of foreignTexts(read.answer.warnings)) {
      logger.warn(`Vault on the AWS credentials: ${warning}`, { stage: 'exchange' })
    }
    return read
  } finally {
    late.release()
  }
}

/** By GET with parameters in the query, so that a policy only has to grant `read`. */
async function attemptRead(
  settings: VaultAwsSettings,
  session: VaultSession,
  context: LeaseContext,
  signal: AbortSignal,
): Promise<KeysRead> {
  const { runtime } = context
  const held: Held = {
    ...ENDED,
    hasEnded: () => session.hasEnded(),
    isRefused: ({ code, status }) => code === 'REFUSED' && status === 403,
  }
  return await retry('the read of AWS credentials', 'exchange', context, (timeoutMs) =>
    whileHeld(held, async () => {
      const askedAtMs = runtime.clock.now()
      try {
        const answer = await session.read({
          stage: 'exchange',
          purpose: 'read AWS credentials',
          path: encodeVaultPath(settings.path),
          query: parameters(settings),
          timeoutMs,
          signal,
        })
        return { answer, askedAtMs }
      } catch (error) {
        if (!(error instanceof IamRaError) || error.code !== 'REFUSED') throw error
        throw explainKeysRefusal(error, settings, session)
      }
    }),
  )
}

function parameters(settings: VaultAwsSettings): Record<string, string> {
  return {
    ...(settings.roleArn === undefined ? {} : { role_arn: settings.roleArn.text }),
    ...(settings.durationSeconds === undefined ? {} : { ttl: `${settings.durationSeconds}s` }),
    ...(settings.sessionName === undefined ? {} : { role_session_name: settings.sessionName }),
  }
}
