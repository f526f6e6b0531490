/** Fresh credentials in the file for as long as the pod lives. */
import { storeCredentials } from '../sources/pipeline.ts'
import type { RenewSettings } from '../settings/settings.ts'
import { withHealth } from './long-lived/health-listener.ts'
import { keepFresh, refresherOf, type LongLivedContext } from './long-lived/renewal-command.ts'
import { resultFields } from '../sources/result-fields.ts'

/** Resolves at SIGTERM or SIGINT, whatever became of the renewals. @throws IamRaError LISTEN, INTERNAL */
export async function runRenew(settings: RenewSettings, context: LongLivedContext): Promise<void> {
  const { sink, health } = settings
  const { runtime, logger } = context
  const refresher = refresherOf(settings, context, async (obtained, bounds) => {
    await storeCredentials(obtained, sink, { runtime, bounds, logger })
    logger.info(
      `credentials written to ${sink.credentialsFile}, profile ${sink.profile}`,
      resultFields(obtained),
    )
  })
  await withHealth(health, refresher, context, () => keepFresh(refresher, settings, context))
}
