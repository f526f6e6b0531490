/** Fresh credentials in their place for as long as the pod lives. */
import { watchStages } from '../../run/watch.ts'
import type { RenewSettings } from '../../settings/settings.ts'
import type { CommandContext } from '../command.ts'
import { withHealth } from '../long-lived/health-listener.ts'
import { keepFresh, refresherOf } from '../long-lived/renewal-command.ts'
import { openSink } from '../../sink/sinks.ts'
import { resultFields } from '../../sources/result-fields.ts'

/** Resolves at SIGTERM or SIGINT, whatever became of the renewals. @throws IamRaError LISTEN, INTERNAL */
export async function runRenew(settings: RenewSettings, context: CommandContext): Promise<number> {
  const { runtime, logger } = context
  const sink = openSink(settings.sink)
  const refresher = refresherOf(settings, context, async (obtained, bounds) => {
    const { store, describe } = await sink
    await store(obtained.credentials, watchStages({ runtime, bounds, logger }))
    logger.info(describe(), resultFields(obtained))
  })
  await withHealth(settings.health, refresher, context, () => keepFresh(refresher, settings, context))
  return 0
}
