/** The steps joined, in their one direction: identity → certificate → exchange → sink. */
import type { SigningRequest } from './certificate/signing-request.ts'
import { createSession } from './exchange/create-session.ts'
import { IamRaError, type Stage } from './errors.ts'
import { login } from './identity/login.ts'
import type { Logger } from './log.ts'
import { pauseMs, type Bounds } from './retry.ts'
import type { Runtime } from './runtime.ts'
import { writeCredentials } from './sink/credentials-file.ts'
import type { IssuedCertificate, SessionCredentials, Settings, VaultSession } from './types.ts'

export interface PipelineContext {
  readonly runtime: Runtime
  readonly bounds: Bounds
  readonly logger: Logger
}

export interface Obtained {
  readonly certificate: IssuedCertificate
  readonly credentials: SessionCredentials
}

/** The whole way, credentials file included. @throws IamRaError of the stage that failed */
export async function runPipeline(settings: Settings, context: PipelineContext): Promise<Obtained> {
  const { certificate, credentials, revoked } = await obtainCredentials(settings, context)
  try {
    await inStage('sink', () =>
      writeCredentials(credentials, settings.sink, {
        ...context.runtime,
        signal: context.bounds.signal,
        logger: context.logger,
      }),
    )
  } finally {
    await revoked
  }
  return { certificate, credentials }
}

interface Exchanged extends Obtained {
  /** Settled once the Vault token's end was tried; runs beside the exchange, which must not wait for it. */
  readonly revoked: Promise<void>
}

/** A wait that outlives the token or the certificate begins again with a login; the deadline bounds that. */
async function obtainCredentials(settings: Settings, context: PipelineContext): Promise<Exchanged> {
  const { runtime, bounds, logger } = context
  for (let count = 0; ; count += 1) {
    try {
      return await obtainOnce(settings, context)
    } catch (error) {
      if (!(error instanceof IamRaError) || error.code !== 'OUTLIVED') throw error
      // What ends as soon as it is there would otherwise be asked for without a pause until the deadline.
      const waitMs = count === 0 ? 0 : pauseMs(count, undefined, runtime.random())
      if (waitMs >= bounds.remainingMs()) throw error
      logger.warn(`${error.message}: logging in again`, { stage: error.stage })
      await inStage(error.stage, () => runtime.clock.sleep(waitMs, bounds.signal))
    }
  }
}

async function obtainOnce(settings: Settings, context: PipelineContext): Promise<Exchanged> {
  // Loading the X.509 library, the key and the request take as long as Vault takes for the login: made meanwhile.
  const { promise: asked, resolve } = Promise.withResolvers<undefined>()
  const onAsked = (): void => resolve(undefined)
  const { promise: loggedIn, resolve: onLoggedIn } = Promise.withResolvers<undefined>()
  const request = asked.then(() => prepare(settings, loggedIn))
  // A failure shows where it is awaited, which a failed login does not come to.
  request.catch(() => undefined)
  const session = await inStage('identity', () => login(settings.vault, { ...context, onAsked }))
  onAsked()
  onLoggedIn(undefined)
  let certificate: IssuedCertificate
  try {
    certificate = await inStage('certificate', async () => issue(await request, settings, session, context))
  } catch (error) {
    await session.end()
    throw error
  }
  const revoked = session.end()
  try {
    const credentials = await inStage('exchange', () =>
      createSession(settings.exchange, certificate, context),
    )
    return { certificate, credentials, revoked }
  } catch (error) {
    await revoked
    throw error
  }
}

async function prepare(settings: Settings, loggedIn: Promise<unknown>): Promise<SigningRequest> {
  const [{ createSigningRequest }] = await Promise.all([
    import('./certificate/signing-request.ts'),
    // Not used here, but then it is there when it is.
    import('./certificate/vault-pki.ts'),
  ])
  // An RSA key holds the thread: Vault's answer would wait unread, and the attempt could run out of time.
  if (settings.certificate.keyType?.startsWith('rsa-') === true) await loggedIn
  return await createSigningRequest(settings.certificate)
}

async function issue(
  request: SigningRequest,
  settings: Settings,
  session: VaultSession,
  context: PipelineContext,
): Promise<IssuedCertificate> {
  const { issueCertificate } = await import('./certificate/vault-pki.ts')
  return await issueCertificate(request, settings.certificate, session, context)
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
