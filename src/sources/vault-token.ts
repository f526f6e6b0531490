/** The first and last steps of sources that use Vault: log in with the service-account token, revoke the token. */
import { login } from '../identity/login.ts'
import type { LoginSettings } from '../identity/settings.ts'
import { decodeClaims, readServiceAccountToken } from '../identity/service-account.ts'
import type { Lease } from '../credentials.ts'
import type { Look, StepContext, StepDescription, Watch } from '../run/watch.ts'
import type { VaultSession } from '../vault/session.ts'
import { moment } from './facts.ts'

const TOKEN_FILE: StepDescription = {
  name: 'token_file',
  title: 'service-account token',
  stage: 'identity',
  how: 'reads',
}
const LOGIN: StepDescription = {
  name: 'vault_login',
  title: 'login to Vault',
  stage: 'identity',
  how: 'sends',
}
const END: StepDescription = {
  name: 'vault_token',
  title: 'end of the Vault token',
  stage: 'identity',
  how: 'sends',
}

export interface VaultToken {
  readonly session: VaultSession
  /** Revokes the token and the lease, if there is one. Never rejects; further calls return the first one's promise. */
  end(lease?: Lease): Promise<void>
}

/** @param onAsked as login's own */
export async function logIn(
  settings: LoginSettings,
  watch: Watch,
  { by = login, onAsked }: { readonly by?: typeof login; readonly onAsked?: () => void } = {},
): Promise<VaultToken> {
  await watch.look({
    step: { ...TOKEN_FILE, sent: { file: settings.tokenFile } },
    work: (step) => lookAtToken(settings, step),
  })
  const sent = {
    address: settings.addr.origin,
    namespace: settings.namespace,
    proxy: settings.proxy?.host,
    ca_file: settings.caFile,
    tls_server_name: settings.tlsServerName,
    path: `auth/${settings.authMount}/login`,
    role: settings.role,
  }
  const session = await watch.step({ ...LOGIN, sent }, async (step) => {
    const made = await by(settings, { ...step, ...(onAsked && { onAsked }) })
    const remainingMs = made.remainingMs()
    step.found({
      policies: made.policies,
      token_type: made.isBatch ? 'batch' : 'service',
      ends: Number.isFinite(remainingMs) ? moment(step.runtime.clock.now() + remainingMs) : 'never',
    })
    return made
  })
  let ended: Promise<void> | undefined
  return { session, end: (lease) => (ended ??= watch.step(END, (step) => end(session, lease, step))) }
}

/** The login step if the token file cannot be read. */
export const LOGIN_PROBE: Look = { step: LOGIN, lacks: 'service-account token' }

async function lookAtToken({ tokenFile }: LoginSettings, step: StepContext): Promise<void> {
  const { memoryFiles, clock } = step.runtime
  const { namespace, account, subject, issuer, audiences, expiresAtMs } = decodeClaims(
    await readServiceAccountToken(memoryFiles, tokenFile),
  )
  step.found({
    namespace,
    account,
    // Adds nothing if it is a service account's.
    subject: account === undefined ? subject : undefined,
    issuer,
    audiences,
    ends: moment(expiresAtMs),
  })
  if (expiresAtMs !== undefined && expiresAtMs <= clock.now())
    step.logger.warn("the token has expired by this machine's clock")
}

async function end(session: VaultSession, lease: Lease | undefined, step: StepContext): Promise<void> {
  await (lease ?? session).end()
  const revoked = !session.isBatch && !step.hasWarned()
  step.found({
    revoked,
    lease_revoked: lease === undefined ? undefined : revoked,
    reason: session.isBatch ? 'a batch token cannot be revoked; it expires' : undefined,
  })
}
