/** The one-shot: credentials into their place, then done. */
import { createBounds } from '../../run/deadline.ts'
import type { Logger } from '../../run/log.ts'
import type { Runtime } from '../../run/runtime.ts'
import type { Settings } from '../../settings/settings.ts'
import { openSink } from '../../sink/sinks.ts'
import { runPipeline } from '../../sources/pipeline.ts'
import { resultFields } from '../../sources/result-fields.ts'
import { seconds } from '../../text/time.ts'
import type { CommandContext } from '../command.ts'

/** @throws IamRaError */
export async function runOnce(
  settings: Settings,
  { runtime, logger, interrupt }: CommandContext,
): Promise<number> {
  await spreadStart(settings.startSpreadMs, runtime, logger, interrupt)
  const bounds = createBounds(settings.deadlineMs, runtime.clock, interrupt)
  try {
    const sink = openSink(settings.sink)
    const obtained = await runPipeline(settings.source, sink, { runtime, bounds, logger })
    const until = obtained.lease === undefined ? '' : "; they end with Vault's lease"
    logger.info(`${(await sink).describe()}${until}`, resultFields(obtained))
    return 0
  } finally {
    bounds.release()
  }
}

/**
 * START_SPREAD: pods of a large job start at once, and CreateSession takes ten a second. Waits a random part of it.
 * @throws the signal's reason
 */
async function spreadStart(
  spreadMs: number,
  { clock, random }: Pick<Runtime, 'clock' | 'random'>,
  logger: Logger,
  interrupt: AbortSignal,
): Promise<void> {
  if (spreadMs === 0) return
  const waitMs = random() * spreadMs
  logger.step(`START_SPREAD: waiting ${seconds(waitMs)}`)
  await clock.sleep(waitMs, interrupt)
}
