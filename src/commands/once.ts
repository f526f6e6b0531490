/** The one-shot: credentials into the file, then done. */
import { createBounds } from '../run/deadline.ts'
import type { Logger } from '../run/log.ts'
import { runPipeline } from '../sources/pipeline.ts'
import type { Runtime } from '../run/runtime.ts'
import type { Settings } from '../settings/settings.ts'
import { resultFields } from '../sources/result-fields.ts'
import { spreadStart } from './start-spread.ts'

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
    const obtained = await runPipeline(settings, { runtime, bounds, logger })
    const { credentialsFile, profile } = settings.sink
    const until = obtained.lease === undefined ? '' : "; they end with Vault's lease"
    logger.info(
      `credentials written to ${credentialsFile}, profile ${profile}${until}`,
      resultFields(obtained),
    )
  } finally {
    bounds.release()
  }
}
