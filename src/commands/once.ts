/** The one-shot: credentials into the file, then done. */
import { createBounds } from '../bounds.ts'
import { seconds } from '../duration.ts'
import type { Logger } from '../log.ts'
import { runPipeline } from '../pipeline.ts'
import type { Runtime } from '../runtime.ts'
import type { Settings } from '../types.ts'

/** @throws IamRaError */
export async function runOnce(
  settings: Settings,
  runtime: Runtime,
  logger: Logger,
  interrupt: AbortSignal,
): Promise<void> {
  await spreadStart(settings.startSpreadMs, runtime, logger, interrupt)
  const bounds = createBounds(settings.deadlineMs, runtime.clock, interrupt)
  try {
    const { certificate, credentials } = await runPipeline(settings, { runtime, bounds, logger })
    logger.info(`credentials written to ${settings.sink.credentialsFile}, profile ${settings.sink.profile}`, {
      role: credentials.roleArn,
      session: credentials.sessionName,
      serial: certificate.serialHex,
      expires: new Date(credentials.expiresAtMs).toISOString(),
      vault_request_id: certificate.requestId,
    })
  } finally {
    bounds.release()
  }
}

/** Pods of a large job start at once; CreateSession takes ten a second. */
async function spreadStart(
  spreadMs: number,
  runtime: Runtime,
  logger: Logger,
  interrupt: AbortSignal,
): Promise<void> {
  if (spreadMs === 0) return
  const waitMs = runtime.random() * spreadMs
  logger.step(`START_SPREAD: waiting ${seconds(waitMs)}`)
  await runtime.clock.sleep(waitMs, interrupt)
}
