/** What renew and serve have in common: START_SPREAD, then renewals until the pod ends, which is no failure. */
import { IamRaError } from '../errors.ts'
import { errorText, type Logger } from '../log.ts'
import { createRefresher, type Refresher, type RefresherOptions } from '../renewal/refresher.ts'
import type { HangUp, Runtime } from '../runtime.ts'
import { writeTerminationLog } from '../termination-log.ts'
import type { SourceSettings } from '../run-settings.ts'
import { obtainApart } from './apart.ts'
import { spreadStart } from './start-spread.ts'

export interface LongLivedContext {
  readonly runtime: Runtime
  readonly logger: Logger
  /** Aborted with an IamRaError: INTERRUPTED by SIGTERM or SIGINT, INTERNAL by a bug. */
  readonly interrupt: AbortSignal
  readonly hangUp: HangUp
  /** Path of the file. */
  readonly terminationLog: string
}

export function refresherOf(
  { source, deadlineMs }: SourceSettings,
  { runtime, logger }: LongLivedContext,
  store?: RefresherOptions['store'],
): Refresher {
  return createRefresher({
    runtime,
    logger,
    deadlineMs,
    obtain:
      source.kind === 'vault-aws'
        ? // The Vault token that keeps the lease stays in this process, which needs no certificate.
          async (bounds) => {
            const { obtainCredentials } = await import('../pipeline.ts')
            const { revoked, ...obtained } = await obtainCredentials(source, { runtime, bounds, logger })
            await revoked
            return obtained
          }
        : (bounds) => obtainApart(runtime.argv.slice(1), runtime, bounds),
    ...(store && { store }),
  })
}

/**
 * Resolves at SIGTERM or SIGINT. Where there never were credentials, the termination log then has the reason, for the pod's
 * status says no more than Completed. @throws IamRaError INTERNAL
 */
export async function keepFresh(
  refresher: Refresher,
  startSpreadMs: number,
  { runtime, logger, interrupt, hangUp, terminationLog }: LongLivedContext,
): Promise<void> {
  hangUp.listen(() => {
    logger.info('SIGHUP: renewing')
    refresher.renewNow()
  })
  try {
    await spreadStart(startSpreadMs, runtime, logger, interrupt)
  } catch (error) {
    if (error instanceof IamRaError && error.code === 'INTERRUPTED') return
    throw error
  }
  await refresher.run(interrupt)
  const { credentials, failure } = refresher.status()
  if (credentials === undefined && failure !== undefined) {
    await writeTerminationLog(runtime.fs, terminationLog, errorText(failure))
  }
}
