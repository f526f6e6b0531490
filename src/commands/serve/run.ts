/** Fresh credentials in memory, for SDKs that ask for them on loopback. */
import { randomBytes } from 'node:crypto'
import { createEndpoint, type Endpoint } from '../../endpoint/endpoint.ts'
import { listenForMetadata, listenOnLoopback, type Listener } from '../../endpoint/listener.ts'
import type { EndpointSettings } from '../../endpoint/settings.ts'
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
  const handlers = createEndpoint({
    current: () => refresher.current(),
    authorizationToken,
    imdsV1: endpoint.imdsV1,
    region: endpoint.region,
    sessionKey: randomBytes(32),
    clock: runtime.clock,
    counts,
  })
  const listeners = await listen(endpoint, handlers, listenerErrors(logger, runtime.clock))
  const serve = async (): Promise<void> => {
    // After all listening, so that a second process which finds a port taken leaves the first one's file alone.
    await writeTokenFile(endpoint.tokenFile, endpoint.tokenFileMode, authorizationToken, {
      ...runtime,
      signal: interrupt,
      logger,
    })
    const [loopback, metadata] = listeners
    logger.info(`listening on ${placeOf(loopback)}`, { token_file: endpoint.tokenFile })
    if (metadata !== undefined) logger.info(`listening on ${placeOf(metadata)}, for instance metadata`)
    await keepFresh(refresher, settings, context)
  }
  try {
    await withHealth(health, refresher, context, serve, counts)
  } catch (error) {
    // The pod may end while another writer holds the token file.
    if (!(error instanceof IamRaError) || error.code !== 'INTERRUPTED') throw error
  } finally {
    for (const listener of listeners) listener?.close()
  }
  return 0
}

function placeOf({ hosts, port }: Listener): string {
  return `${hosts.join(' and ')}, port ${port}`
}

/** @throws IamRaError LISTEN */
async function listen(
  { port, metadata }: EndpointSettings,
  { loopback, metadataAt }: Endpoint,
  onError: (error: unknown) => void,
): Promise<readonly [loopback: Listener, metadata?: Listener]> {
  const first = await listenOnLoopback(port, loopback, { setting: 'ENDPOINT_PORT', onError })
  if (metadata === undefined) return [first]
  try {
    return [first, await listenForMetadata(metadata, metadataAt(metadata.host), { onError })]
  } catch (error) {
    first.close()
    throw error
  }
}
