/** Exchanges the service-account token for a Vault token that is revoked after its last use. */
import { IamRaError } from '../errors.ts'
import { foreignTexts } from '../text/redact.ts'
import { isRecord } from '../text/json.ts'
import { graceSignal, reasonOfEnd } from '../run/grace-signal.ts'
import type { Logger } from '../run/log.ts'
import { retry, type RetryContext } from '../run/retry.ts'
import type { Runtime } from '../run/runtime.ts'

import { type VaultSession, createSession, type VaultAuth } from '../vault/session.ts'
import { encodeVaultPath } from '../vault/path.ts'
import { createLostLogins } from './lost-logins.ts'
import { explainLoginRefusal } from './refusal.ts'
import { decodeClaims, readServiceAccountToken } from './service-account.ts'
import { VaultRefusal, type VaultAnswer } from '../vault/answer.ts'
import { createVaultClient } from '../vault/client.ts'
import type { LoginSettings, VaultLogin } from './settings.ts'

export interface LoginContext extends RetryContext {
  readonly runtime: Pick<Runtime, 'fs' | 'memoryFiles' | 'http' | 'clock' | 'random'>
  readonly logger: Logger
  /** Called for each attempt once the request is on its way, while Vault asks the cluster about the token. */
  readonly onAsked?: () => void
}

/**
 * Vault's kubernetes and jwt auth accept the same body and return the same answer:
 * https://developer.hashicorp.com/vault/api-docs/auth/kubernetes#login, https://developer.hashicorp.com/vault/api-docs/auth/jwt#jwt-login
 * @throws IamRaError of stage identity
 */
export async function login(settings: LoginSettings, context: LoginContext): Promise<VaultSession> {
  const { memoryFiles } = context.runtime
  return await loginWith(() => readServiceAccountToken(memoryFiles, settings.tokenFile), settings, context)
}

/**
 * The same with a token from elsewhere.
 * @param token called for each attempt
 * @throws IamRaError of stage identity, and what `token` throws
 */
export async function loginWith(
  token: () => Promise<string>,
  settings: VaultLogin,
  context: LoginContext,
): Promise<VaultSession> {
  const { runtime, bounds, logger } = context
  const client = await createVaultClient(settings, runtime)
  const late = graceSignal(bounds.signal, runtime.clock)
  const lost = createLostLogins(settings)
  let leaseSeconds: number | undefined
  try {
    const auth = await retry('login', 'identity', context, async (timeoutMs) => {
      const jwt = await token()
      const request = { isSent: false }
      try {
        const answer = await client.write({
          stage: 'identity',
          purpose: 'log in',
          path: `auth/${encodeVaultPath(settings.authMount)}/login`,
          data: { role: settings.role, jwt },
          timeoutMs,
          signal: late.signal,
          onSent: () => {
            request.isSent = true
            context.onAsked?.()
          },
        })
        return parseAuth(answer)
      } catch (error) {
        if (request.isSent) lost.add(error)
        if (!(error instanceof VaultRefusal)) throw error
        throw explainLoginRefusal(error, decodeClaims(jwt), settings, runtime.clock.now())
      }
    })
    const session = createSession(auth, client, context)
    leaseSeconds = auth.leaseSeconds
    if (bounds.signal.aborted) {
      await session.end()
      throw bounds.signal.reason
    }
    logger.step('logged in to Vault', {
      stage: 'identity',
      policies: session.policies,
      token_type: auth.tokenType,
      request_id: auth.requestId,
    })
    return session
  } catch (error) {
    client.close()
    throw reasonOfEnd(bounds.signal, error)
  } finally {
    late.release()
    const warning = lost.warning(leaseSeconds)
    if (warning !== undefined) logger.warn(warning, { stage: 'identity' })
  }
}

/** Characters that a header can carry; Vault's own tokens have letters, digits, dots, dashes and underscores. */
const TOKEN = /^[!-~]+$/

/** https://developer.hashicorp.com/vault/api-docs/auth/kubernetes#sample-response-3 */
function parseAuth({ auth = {}, requestId }: VaultAnswer): VaultAuth {
  const token = auth['client_token']
  if (isRecord(auth['mfa_requirement'])) {
    throw new IamRaError('REFUSED', 'identity', 'Vault requires a second factor, which a pod does not have', {
      hint: "exempt this auth mount from Vault's login MFA enforcement",
    })
  }
  const lease = auth['lease_duration']
  if (typeof token !== 'string' || !TOKEN.test(token) || typeof lease !== 'number' || lease < 0) {
    throw new IamRaError('ANSWER_INVALID', 'identity', "Vault's login response has no token or no lease", {
      hint: 'check that VAULT_ADDR is a Vault server and that VAULT_AUTH_MOUNT is an auth mount of VAULT_AUTH_METHOD',
    })
  }
  const policies = auth['policies']
  return {
    token,
    tokenType: typeof auth['token_type'] === 'string' ? auth['token_type'] : 'service',
    leaseSeconds: lease,
    isRenewable: auth['renewable'] === true,
    metadata: textsOf(auth['metadata']),
    // The server chose these names, and errors show them.
    policies: Array.isArray(policies) ? foreignTexts(policies.filter((one) => typeof one === 'string')) : [],
    requestId,
  }
}

function textsOf(metadata: unknown): Readonly<Record<string, string>> {
  const all = isRecord(metadata) ? Object.entries(metadata) : []
  return Object.fromEntries(all.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}
