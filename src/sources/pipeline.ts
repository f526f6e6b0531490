/** A run: a source, again if a wait outlived what it had, and the sink. */
import type { Obtained } from '../credentials.ts'
import { IamRaError } from '../errors.ts'
import { pauseMs } from '../run/retry.ts'
import { inStage, watchStages, type RunContext } from '../run/watch.ts'
import type { Sink } from '../sink/sink.ts'
import type { Run, Source } from './source.ts'
import { openSource, type CredentialsSource } from './sources.ts'

/** The whole way, storing included. @throws IamRaError of the stage that failed */
export async function runPipeline(
  settings: CredentialsSource,
  sink: Promise<Sink>,
  context: RunContext,
): Promise<Obtained> {
  // A failure shows where it is awaited.
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

/** @throws IamRaError of the stage that failed; nothing that Vault gave lives on then */
export async function obtainCredentials(settings: CredentialsSource, context: RunContext): Promise<Run> {
  return await obtainFrom(await openSource(settings), context)
}

/**
 * A wait that outlives the token or the certificate begins again; the deadline bounds that.
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
      // What ends as soon as it is there would otherwise be asked for without a pause until the deadline.
      const waitMs = count === 0 ? 0 : pauseMs(count, undefined, runtime.random())
      if (waitMs >= bounds.remainingMs()) throw error
      logger.warn(`${error.message}: ${source.again}`, { stage: error.stage })
      await inStage(error.stage, () => runtime.clock.sleep(waitMs, bounds.signal))
    }
  }
}
