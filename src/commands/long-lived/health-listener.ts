/** HEALTH_ADDR of serve and renew. */
import type { RequestCounts } from '../../endpoint/request-counts.ts'
import type { Refresher } from '../../renewal/refresher.ts'
import type { ListenAddress } from '../../endpoint/settings.ts'
import type { CommandContext } from '../command.ts'
import { listenerErrors } from './listener-errors.ts'

/**
 * Runs with the health listener open, if one is configured.
 * @param counts the endpoint's, if there is one
 * @throws IamRaError LISTEN, and what `run` throws
 */
export async function withHealth(
  settings: ListenAddress | undefined,
  refresher: Refresher,
  { logger, runtime }: Pick<CommandContext, 'logger' | 'runtime'>,
  run: () => Promise<void>,
  counts?: RequestCounts,
): Promise<void> {
  if (settings === undefined) return await run()
  const [{ createHealth }, { listenOn }] = await Promise.all([
    import('../../endpoint/health.ts'),
    import('../../endpoint/listener.ts'),
  ])
  const health = createHealth({
    status: () => refresher.status(),
    current: () => refresher.current(),
    requests: () => counts?.list() ?? [],
  })
  const listener = await listenOn(settings, health, {
    setting: 'HEALTH_ADDR',
    onError: listenerErrors(logger, runtime.clock),
  })
  try {
    await run()
  } finally {
    listener.close()
  }
}
