/** credential-process: credentials for the SDK that started us, as JSON on stdout. */
import { createBounds } from '../../run/deadline.ts'
import type { LogFields, Logger } from '../../run/log.ts'
import { runPipeline } from '../../sources/pipeline.ts'
import { openSink } from '../../sink/sinks.ts'
import type { SourceSettings } from '../../settings/settings.ts'
import type { CommandContext } from '../command.ts'

/**
 * Nothing on stderr if it works, except with --verbose: the SDK for C++ reads stderr as if it were stdout. A lease of
 * Vault's is kept, as it owns the keys.
 * @throws IamRaError
 */
export async function runCredentialProcess(
  settings: SourceSettings,
  { runtime, logger, interrupt, reporting, warnings }: CommandContext,
): Promise<number> {
  const held: (readonly [message: string, fields: LogFields | undefined])[] = []
  const quiet: Logger = { ...logger, warn: (message, fields) => void held.push([message, fields]) }
  const told = reporting.verbosity === 'verbose' ? logger : quiet
  for (const warning of warnings) told.warn(warning)
  const bounds = createBounds(settings.deadlineMs, runtime.clock, interrupt)
  try {
    const sink = openSink({ kind: 'credential-process' })
    await runPipeline(settings.source, sink, { runtime, bounds, logger: told })
    return 0
  } catch (error) {
    // They may be why.
    for (const warning of held) logger.warn(...warning)
    throw error
  } finally {
    bounds.release()
  }
}
