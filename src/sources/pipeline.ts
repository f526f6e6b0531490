/** The steps joined, in their one direction: identity → certificate → exchange → sink. */
import type { SigningRequest } from '../certificate/signing-request.ts'
import { untilValid } from '../certificate/until-valid.ts'
import { IamRaError, type Stage } from '../errors.ts'
import { createSession } from '../exchange/create-session.ts'
import { login } from '../identity/login.ts'
import type { Logger } from '../run/log.ts'
import { pauseMs, type RetryContext } from '../run/retry.ts'
import type { Runtime } from '../run/runtime.ts'
import { writeCredentials } from '../sink/credentials-file.ts'
import type { CertificateSettings } from '../certificate/settings.ts'
import type { CredentialsSource } from './source.ts'
import type { SinkSettings } from '../sink/settings.ts'
import type { IssuedCertificate, Obtained } from '../credentials.ts'
import type { VaultSession } from '../vault/session.ts'

export interface PipelineContext extends RetryContext {
  readonly runtime: Runtime
  readonly logger: Logger
}

/** The whole way, credentials file included. @throws IamRaError of the stage that failed */
export async function runPipeline(
  settings: { readonly source: CredentialsSource; readonly sink: SinkSettings },
  context: PipelineContext,
): Promise<Obtained> {
  const { revoked, ...obtained } = await obtainCredentials(settings.source, context)
  try {
    await storeCredentials(obtained, settings.sink, context)
  } catch (error) {
    await obtained.lease?.end()
    throw error
  } finally {
    await revoked
  }
  return obtained
}

/** @throws IamRaError of stage sink */
export async function storeCredentials(
  { credentials }: Obtained,
  settings: SinkSettings,
  { runtime, bounds, logger }: PipelineContext,
): Promise<void> {
  await inStage('sink', () =>
    writeCredentials(credentials, settings, { ...runtime, signal: bounds.signal, logger }),
  )
}

export interface Run extends Obtained {
  /** Settled once the end of a Vault token that has no more use was tried: runs beside what follows, and is to be awaited. */
  readonly revoked: Promise<void>
}

/**
 * A wait that outlives the token or the certificate begins again with a login; the deadline bounds that.
 * @throws IamRaError of the stage that failed; nothing that Vault gave lives on then
 */
export async function obtainCredentials(source: CredentialsSource, context: PipelineContext): Promise<Run> {
  const { runtime, bounds, logger } = context
  for (let count = 0; ; count += 1) {
    try {
      return await obtainOnce(source, context)
    } catch (error) {
      if (!(error instanceof IamRaError) || error.code !== 'OUTLIVED') throw error
      // What ends as soon as it is there would otherwise be asked for without a pause until the deadline.
      const waitMs = count === 0 ? 0 : pauseMs(count, undefined, runtime.random())
      if (waitMs >= bounds.remainingMs()) throw error
      const again = source.kind === 'mounted-certificate' ? 'reading it again' : 'logging in again'
      logger.warn(`${error.message}: ${again}`, { stage: error.stage })
      await inStage(error.stage, () => runtime.clock.sleep(waitMs, bounds.signal))
    }
  }
}

function obtainOnce(source: CredentialsSource, context: PipelineContext): Promise<Run> {
  switch (source.kind) {
    case 'vault-pki':
      return fromVaultPki(source, context)
    case 'mounted-certificate':
      return fromMountedCertificate(source, context)
    case 'vault-aws':
      return fromVaultAws(source, context)
  }
}

type SourceOf<Kind> = Extract<CredentialsSource, { readonly kind: Kind }>

async function fromVaultPki(source: SourceOf<'vault-pki'>, context: PipelineContext): Promise<Run> {
  // Loading the X.509 library, the key and the request take as long as Vault takes for the login: made meanwhile.
  const { promise: asked, resolve } = Promise.withResolvers<undefined>()
  const onAsked = (): void => resolve(undefined)
  const { promise: loggedIn, resolve: onLoggedIn } = Promise.withResolvers<undefined>()
  const request = asked.then(() => prepare(source.certificate, loggedIn))
  // A failure shows where it is awaited, which a failed login does not come to.
  request.catch(() => undefined)
  const session = await inStage('identity', () => login(source.vault, { ...context, onAsked }))
  onAsked()
  onLoggedIn(undefined)
  let certificate: IssuedCertificate
  try {
    certificate = await inStage('certificate', async () =>
      issue(await request, source.certificate, session, context),
    )
  } catch (error) {
    await session.end()
    throw error
  }
  const revoked = session.end()
  try {
    await inStage('certificate', () => waitFor(certificate, context))
    const credentials = await inStage('exchange', () => createSession(source.exchange, certificate, context))
    return { certificate, credentials, revoked }
  } catch (error) {
    await revoked
    throw error
  }
}

async function fromMountedCertificate(
  source: SourceOf<'mounted-certificate'>,
  context: PipelineContext,
): Promise<Run> {
  const certificate = await inStage('certificate', async () => {
    const { readMountedCertificate } = await import('../certificate/mounted.ts')
    return await readMountedCertificate(source.certificate, context)
  })
  await inStage('certificate', () => waitFor(certificate, context))
  const credentials = await inStage('exchange', () => createSession(source.exchange, certificate, context))
  return { certificate, credentials, revoked: Promise.resolve() }
}

async function waitFor(
  certificate: IssuedCertificate,
  { runtime, bounds, logger }: PipelineContext,
): Promise<void> {
  const remainingMs = bounds.remainingMs()
  await untilValid(certificate, { runtime, logger, signal: bounds.signal, remainingMs })
}

/** The token owns the keys: it is not revoked here. */
async function fromVaultAws(source: SourceOf<'vault-aws'>, context: PipelineContext): Promise<Run> {
  const session = await inStage('identity', () => login(source.vault, context))
  try {
    const obtained = await inStage('exchange', async () => {
      const { leaseCredentials } = await import('../vault-aws/lease-credentials.ts')
      return await leaseCredentials(source.aws, session, context)
    })
    return { ...obtained, revoked: Promise.resolve() }
  } catch (error) {
    await session.end()
    throw error
  }
}

async function prepare(settings: CertificateSettings, loggedIn: Promise<unknown>): Promise<SigningRequest> {
  const [{ createSigningRequest }] = await Promise.all([
    import('../certificate/signing-request.ts'),
    // Not used here, but then it is there when it is.
    import('../certificate/vault-pki.ts'),
  ])
  // An RSA key holds the thread: Vault's answer would wait unread, and the attempt could run out of time.
  if (settings.keyType?.startsWith('rsa-') === true) await loggedIn
  return await createSigningRequest(settings)
}

async function issue(
  request: SigningRequest,
  settings: CertificateSettings,
  session: VaultSession,
  context: PipelineContext,
): Promise<IssuedCertificate> {
  const { issueCertificate } = await import('../certificate/vault-pki.ts')
  return await issueCertificate(request, settings, session, context)
}

/** The deadline does not know which step it ends. */
async function inStage<T>(stage: Stage, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof IamRaError) || error.code !== 'DEADLINE' || error.stage === stage) throw error
    throw new IamRaError('DEADLINE', stage, error.message, {
      cause: error,
      hint: error.hint,
    })
  }
}
