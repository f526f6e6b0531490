/** Fresh credentials in memory, for SDKs that ask for them on loopback. */
import { randomBytes } from 'node:crypto'
import { createEndpoint } from '../../endpoint/endpoint.ts'
import { listenOnLoopback } from '../../endpoint/listener.ts'
import { createRequestCounts } from '../../endpoint/request-counts.ts'
import { createAuthorizationToken } from '../../endpoint/secret.ts'
import { IamRaError } from '../../errors.ts'
import { served, writeTokenFile } from '../../sink/token-file.ts'
import type { ServeSettings } from '../../settings/settings.ts'
import type { CommandContext } from '../command.ts'
import { withHealth } from '../long-lived/health-listener.ts'
import { keepFresh, refresherOf } from '../long-lived/renewal-command.ts'
import { listenerErrors } from '../long-lived/listener-errors.ts'
import { resultFields } from '../../sources/result-fields.ts'
import { warnOfUserKeys } from '../long-lived/user-keys.ts'

/**
 * Resolves at SIGTERM or SIGINT, whatever became of the renewals.
 * @throws IamRaError LISTEN or FILE if it cannot start, INTERNAL
 */
export async function runServe(settings: ServeSettings, context: CommandContext): Promise<number> {
  const { runtime, logger, interrupt } = context
  const { endpoint, health } = settings
  const warnOnce = warnOfUserKeys(logger)
  const sink = served(endpoint)
  const refresher = refresherOf(settings, context, (obtained) => {
    logger.info(sink.describe(), resultFields(obtained))
    warnOnce(obtained.credentials)
    return Promise.resolve()
  })
  const counts = createRequestCounts()
  const authorizationToken = createAuthorizationToken()
  const handler = createEndpoint({
    current: () => refresher.current(),
    authorizationToken,
    imdsV1: endpoint.imdsV1,
    sessionKey: randomBytes(32),
    clock: runtime.clock,
    counts,
  })
  const listener = await listenOnLoopback(endpoint.port, handler, {
    setting: 'ENDPOINT_PORT',
    onError: listenerErrors(logger, runtime.clock),
  })
  const serve = async (): Promise<void> => {
    // After all listening, so that a second process which finds a port taken leaves the first one's file alone.
    await writeTokenFile(endpoint.tokenFile, endpoint.tokenFileMode, authorizationToken, {
      ...runtime,
      signal: interrupt,
      logger,
    })
    logger.info(`listening on ${listener.hosts.join(' and ')}, port ${listener.port}`, {
      token_file: endpoint.tokenFile,
    })
    await keepFresh(refresher, settings, context)
  }
  try {
    await withHealth(health, refresher, context, serve, counts)
  } catch (error) {
    // The pod may end while another writer holds the token file.
    if (!(error instanceof IamRaError) || error.code !== 'INTERRUPTED') throw error
  } finally {
    listener.close()
  }
  return 0
}
