/** What renew and serve have in common: START_SPREAD, then renewals until the pod ends, which is no failure. */
import { seconds } from '../../text/time.ts'
import { IamRaError } from '../../errors.ts'
import { errorText } from '../../run/log.ts'
import { createRefresher, type Refresher, type RefresherOptions } from '../../renewal/refresher.ts'
import { writeTerminationLog } from '../../run/termination-log.ts'
import type { RenewSettings, SourceSettings } from '../../settings/settings.ts'
import { SOURCES } from '../../sources/sources.ts'
import type { CommandContext } from '../command.ts'
import { obtainApart } from './child-run.ts'
import { EARLY_WORD } from './retry-notice.ts'

/** From here on SIGHUP asks for a run, however early it comes. */
export function refresherOf(
  { source, deadlineMs }: SourceSettings,
  { runtime, logger, hangUp }: CommandContext,
  store?: RefresherOptions['store'],
): Refresher {
  const refresher = createRefresher({
    runtime,
    logger,
    deadlineMs,
    obtain: SOURCES[source.kind].holdsLease
      ? async (bounds) => {
          const { obtainCredentials } = await import('../../sources/pipeline.ts')
          const { revoked, ...obtained } = await obtainCredentials(source, {
            runtime,
            bounds,
            logger,
            ...EARLY_WORD,
          })
          await revoked
          return obtained
        }
      : (bounds) => obtainApart(runtime.argv.slice(1), runtime, bounds),
    ...(store && { store }),
  })
  hangUp.listen(() => {
    logger.info('SIGHUP: renewing')
    refresher.renewNow()
  })
  return refresher
}

/**
 * Resolves at SIGTERM or SIGINT. Where there never were credentials, the termination log then has the reason, for the pod's
 * status says no more than Completed. @throws IamRaError INTERNAL
 */
export async function keepFresh(
  refresher: Refresher,
  { startSpreadMs, deadlineMs }: Pick<RenewSettings, 'startSpreadMs' | 'deadlineMs'>,
  { runtime, logger, interrupt, reporting }: CommandContext,
): Promise<void> {
  const { clock, random } = runtime
  const beganMs = clock.elapsed()
  const firstInMs = random() * startSpreadMs
  if (startSpreadMs > 0) logger.info(`first run in ${seconds(firstInMs)} (START_SPREAD)`)
  await refresher.run(interrupt, firstInMs)
  logger.info('stopped')
  const { credentials, failure } = refresher.status()
  if (credentials !== undefined) return
  const reason = failure ?? tooEarly(clock.elapsed() - beganMs - firstInMs, deadlineMs)
  await writeTerminationLog(runtime.fs, reporting.terminationLog, errorText(reason))
}

/** What the kubelet's startup probe does to a first run that takes longer than the probe waits. */
function tooEarly(intoRunMs: number, deadlineMs: number): IamRaError {
  const [when, hint] =
    intoRunMs < 0
      ? [
          `${seconds(-intoRunMs)} before the first run, which START_SPREAD put off`,
          'START_SPREAD and DEADLINE together',
        ]
      : [`${seconds(intoRunMs)} into the first run, of which DEADLINE is ${seconds(deadlineMs)}`, 'DEADLINE']
  return new IamRaError('INTERRUPTED', 'internal', `stopped ${when}`, {
    hint: `let the startup probe wait for longer than ${hint}, and look at the log of this container`,
  })
}
