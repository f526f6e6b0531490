/** credential-process: credentials for the SDK that started us, as JSON on stdout. */
import { createBounds } from '../run/deadline.ts'
import type { LogFields, Logger, Reporting } from '../run/log.ts'
import { runPipeline } from '../sources/pipeline.ts'
import type { Runtime } from '../run/runtime.ts'
import { openSink } from '../sink/sinks.ts'
import type { SourceSettings } from '../settings/settings.ts'

export interface CredentialProcess {
  readonly settings: SourceSettings
  readonly reporting: Reporting
  /** About the settings. */
  readonly warnings: readonly string[]
}

/**
 * Nothing on stderr where it works, but with --verbose: the SDK for C++ reads stderr as if it were stdout. A lease of
 * Vault's is kept, as it owns the keys.
 * @throws IamRaError
 */
export async function runCredentialProcess(
  { settings, reporting, warnings }: CredentialProcess,
  runtime: Runtime,
  logger: Logger,
  interrupt: AbortSignal,
): Promise<void> {
  const held: (readonly [message: string, fields: LogFields | undefined])[] = []
  const quiet: Logger = { ...logger, warn: (message, fields) => void held.push([message, fields]) }
  const told = reporting.verbosity === 'verbose' ? logger : quiet
  for (const warning of warnings) told.warn(warning)
  const bounds = createBounds(settings.deadlineMs, runtime.clock, interrupt)
  try {
    const sink = openSink({ kind: 'credential-process' })
    await runPipeline(settings.source, sink, { runtime, bounds, logger: told })
  } catch (error) {
    // They may be why.
    for (const warning of held) logger.warn(...warning)
    throw error
  } finally {
    bounds.release()
  }
}
