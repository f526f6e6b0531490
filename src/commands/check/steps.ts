/** The steps of a check: each does what a run does there, and notes what was sent and found. */
import { untilValid } from '../../certificate/until-valid.ts'
import { createSession, type ExchangeSettings } from '../../exchange/create-session.ts'
import { reachRolesAnywhere } from '../../exchange/reachability.ts'
import { login, type LoginSettings } from '../../identity/login.ts'
import { decodeClaims, readServiceAccountToken } from '../../identity/service-account.ts'
import { previewFile, previewTokenFile, type FilePreview, type FileStatus } from '../../sink/preview.ts'
import type { CertificateSettings, MountedCertificateSettings } from '../../certificate/settings.ts'
import type { EndpointSettings } from '../../endpoint/settings.ts'
import type { SinkSettings } from '../../sink/settings.ts'
import type { VaultAwsSettings } from '../../vault-aws/lease-credentials.ts'
import type { IssuedCertificate, Obtained, SessionCredentials } from '../../credentials.ts'
import type { VaultSession } from '../../vault/session.ts'
import type { StepContext } from './inspection.ts'
import type { Facts } from './report.ts'

/** @returns true, for the steps that need the token */
export async function lookAtToken(settings: LoginSettings, step: StepContext): Promise<true> {
  step.sent({ file: settings.tokenFile })
  const { namespace, account, subject, issuer, audiences, expiresAtMs } = decodeClaims(
    await readServiceAccountToken(step.runtime.memoryFiles, settings.tokenFile),
  )
  step.found({
    namespace,
    account,
    // Nothing new where it is a service account's.
    subject: account === undefined ? subject : undefined,
    issuer,
    audiences,
    ends: moment(expiresAtMs),
  })
  if (expiresAtMs !== undefined && expiresAtMs <= step.runtime.clock.now())
    step.logger.warn("the token has ended by this machine's clock")
  return true
}

export async function logIn(settings: LoginSettings, step: StepContext): Promise<VaultSession> {
  step.sent({
    address: settings.addr.origin,
    namespace: settings.namespace,
    proxy: settings.proxy?.host,
    ca_file: settings.caFile,
    tls_server_name: settings.tlsServerName,
    path: `auth/${settings.authMount}/login`,
    role: settings.role,
  })
  const session = await login(settings, step)
  const remainingMs = session.remainingMs()
  step.found({
    policies: session.policies,
    token_type: session.isBatch ? 'batch' : 'service',
    ends: Number.isFinite(remainingMs) ? moment(step.runtime.clock.now() + remainingMs) : 'never',
  })
  return session
}

export async function sign(
  settings: CertificateSettings,
  session: VaultSession,
  step: StepContext,
): Promise<IssuedCertificate> {
  step.sent({
    path: `${settings.pkiMount}/sign/${settings.pkiRole}`,
    key_type: settings.keyType ?? 'ec-p256',
    common_name: settings.commonName,
    dns_sans: some(settings.dnsSans),
    uri_sans: some(settings.uriSans),
    ttl: settings.ttl,
  })
  const [{ createSigningRequest }, { issueCertificate }] = await Promise.all([
    import('../../certificate/signing-request.ts'),
    import('../../certificate/vault-pki.ts'),
  ])
  const certificate = await issueCertificate(await createSigningRequest(settings), settings, session, step)
  return await usable(certificate, step)
}

export async function readMounted(
  settings: MountedCertificateSettings,
  step: StepContext,
): Promise<IssuedCertificate> {
  step.sent({
    certificate_file: settings.certificateFile,
    private_key_file: settings.privateKeyFile,
    chain_file: settings.chainFile,
  })
  const { readMountedCertificate } = await import('../../certificate/mounted.ts')
  const certificate = await readMountedCertificate(settings, step)
  return await usable(certificate, step)
}

async function usable(certificate: IssuedCertificate, step: StepContext): Promise<IssuedCertificate> {
  step.found(certificateFacts(certificate))
  const { runtime, bounds, logger, runMs } = step
  await untilValid(certificate, { runtime, logger, signal: bounds.signal, remainingMs: runMs })
  return certificate
}

function certificateFacts(certificate: IssuedCertificate): Facts {
  const { subject, issuer, chainSubjects, serialHex, keyAlgorithm, notAfterMs, requestId } = certificate
  return {
    subject,
    issuer,
    chain: chainSubjects,
    serial: serialHex,
    key: keyAlgorithm,
    ends: moment(notAfterMs),
    vault_request_id: requestId === '' ? undefined : requestId,
  }
}

export async function exchange(
  settings: ExchangeSettings,
  certificate: IssuedCertificate,
  step: StepContext,
): Promise<void> {
  step.sent({
    ...endpointFacts(settings),
    role_arn: settings.roleArn.text,
    anchor_arn: settings.anchorArn.text,
    profile_arn: settings.profileArn.text,
    chain_certificates: certificate.chain.length,
    duration_s: settings.durationSeconds,
    session_name: settings.sessionName,
  })
  step.found(credentialsFacts(await createSession(settings, certificate, step)))
}

/** What can be said of the exchange without a certificate. */
export async function reachExchange(settings: ExchangeSettings, step: StepContext): Promise<void> {
  step.sent(endpointFacts(settings))
  const status = await reachRolesAnywhere(settings, step)
  step.found({ reachable: true, status })
}

function endpointFacts(settings: ExchangeSettings): Facts {
  return {
    endpoint: settings.endpoint.origin,
    region: settings.region,
    // Never its user and password.
    proxy: settings.proxy?.host,
    ca_file: settings.caFile,
  }
}

export async function leaseKeys(
  settings: VaultAwsSettings,
  session: VaultSession,
  step: StepContext,
): Promise<Obtained> {
  step.sent({
    path: settings.path,
    role_arn: settings.roleArn?.text,
    duration_s: settings.durationSeconds,
    session_name: settings.sessionName,
  })
  const { leaseCredentials } = await import('../../vault-aws/lease-credentials.ts')
  const obtained = await leaseCredentials(settings, session, step)
  step.found({
    kind: obtained.lease === undefined ? 'session of a role or user' : 'keys of an IAM user, leased',
    ...credentialsFacts(obtained.credentials),
  })
  return obtained
}

function credentialsFacts({ arn, roleArn, sessionName, expiresAtMs }: SessionCredentials): Facts {
  return {
    arn: arn ?? roleArn,
    session_name: sessionName,
    ends: moment(expiresAtMs),
  }
}

/** Revokes the token and, where there is one, the lease. */
export async function endSession(
  session: VaultSession,
  lease: Obtained['lease'],
  step: StepContext,
): Promise<void> {
  await (lease ?? session).end()
  const revoked = !session.isBatch && !step.hasWarned()
  step.found({
    revoked,
    lease_revoked: lease === undefined ? undefined : revoked,
    reason: session.isBatch ? 'a batch token cannot be revoked and ends by itself' : undefined,
  })
}

export async function lookAtFile(
  kind: 'credentials' | 'config',
  settings: SinkSettings,
  step: StepContext,
): Promise<void> {
  step.sent({
    file: kind === 'config' ? settings.regionFile?.path : settings.credentialsFile,
    profile: settings.profile,
  })
  const preview = await previewFile(kind, settings, { fs: step.runtime.fs, logger: step.logger })
  noteFile(preview, step)
}

/** What `serve` would write for the app. */
export async function lookAtTokenFile(settings: EndpointSettings, step: StepContext): Promise<void> {
  const { tokenFile, tokenFileMode } = settings
  step.sent({ file: tokenFile })
  noteFile(
    await previewTokenFile(tokenFile, tokenFileMode, { fs: step.runtime.fs, logger: step.logger }),
    step,
  )
}

function noteFile(preview: FilePreview, step: StepContext): void {
  const { present, mode, hasProfile, folder, newFolderMode, failure } = preview
  step.found({
    folder: folder?.path,
    folder_status: folder === undefined ? undefined : statusText(folder),
    folders_to_make: newFolderMode === undefined ? undefined : `with mode ${octal(newFolderMode)}`,
    file_status: present === undefined ? 'not there yet' : statusText(present),
    has_profile: present === undefined ? undefined : hasProfile,
    new_mode: mode === undefined ? undefined : octal(mode),
    written_as: `uid ${process.getuid?.() ?? 'unknown'}, gid ${process.getgid?.() ?? 'unknown'}`,
  })
  if (failure !== undefined) throw failure
}

function statusText({ mode, uid, gid }: FileStatus): string {
  return `mode ${octal(mode)}, uid ${uid}, gid ${gid}`
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

function moment(epochMs: number | undefined): Date | undefined {
  return epochMs === undefined ? undefined : new Date(epochMs)
}

/** A list that is worth showing. */
function some(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list
}
