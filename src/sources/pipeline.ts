/** A run: the source (again, if its token or certificate expired during a wait), then the sink. */
import type { Obtained } from '../credentials.ts'
import { IamRaError } from '../errors.ts'
import { pauseMs } from '../run/retry.ts'
import { inStage, watchStages, type RunContext } from '../run/watch.ts'
import type { Sink } from '../sink/sink.ts'
import type { Run, Source } from './source.ts'
import { openSource, type CredentialsSource } from './sources.ts'

/** Gets credentials and stores them. @throws IamRaError of the stage that failed */
export async function runPipeline(
  settings: CredentialsSource,
  sink: Promise<Sink>,
  context: RunContext,
): Promise<Obtained> {
  // A failure surfaces at its await.
  sink.catch(() => undefined)
  const { revoked, ...obtained } = await obtainCredentials(settings, context)
  try {
    await (await sink).store(obtained.credentials, watchStages(context))
  } catch (error) {
    await obtained.lease?.end()
    throw error
  } finally {
    await revoked
  }
  return obtained
}

/** @throws IamRaError of the stage that failed; whatever Vault issued is revoked by then */
export async function obtainCredentials(settings: CredentialsSource, context: RunContext): Promise<Run> {
  return await obtainFrom(await openSource(settings), context)
}

/**
 * Starts again if the token or the certificate expired during a wait, until the deadline.
 * @throws as obtainCredentials does
 */
export async function obtainFrom(source: Source, context: RunContext): Promise<Run> {
  const { runtime, bounds, logger } = context
  const watch = watchStages(context)
  for (let count = 0; ; count += 1) {
    try {
      return await source.obtain(watch)
    } catch (error) {
      if (!(error instanceof IamRaError) || error.code !== 'OUTLIVED') throw error
      // Something that expires at once would otherwise be requested in a tight loop until the deadline.
      const waitMs = count === 0 ? 0 : pauseMs(count, undefined, runtime.random())
      if (waitMs >= bounds.remainingMs()) throw error
      logger.warn(`${error.message}: ${source.again}`, { stage: error.stage })
      await inStage(error.stage, () => runtime.clock.sleep(waitMs, bounds.signal))
    }
  }
}
