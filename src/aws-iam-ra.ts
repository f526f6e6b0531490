/** Entry point of the pod binary: picks the command, prints an error with its hint, sets the exit code. */
import { constants } from 'node:os'
import { asIamRaError, IamRaError } from './errors.ts'
import { createLogger, errorText, type Logger } from './log.ts'
import { systemRuntime, type Runtime } from './runtime.ts'
import { readInvocation, readReporting } from './settings/read.ts'
import { writeTerminationLog } from './termination-log.ts'
import type { Reporting } from './types.ts'
import { VERSION } from './version.ts'

/** @returns the exit code; @param interrupt is aborted with an IamRaError INTERRUPTED, or INTERNAL for a bug */
export async function main(runtime: Runtime, interrupt: AbortSignal): Promise<number> {
  // As far as it is known before the settings are, so that their errors are said the right way.
  let reporting = readReporting(runtime)
  try {
    const invocation = await readInvocation(runtime)
    switch (invocation.command) {
      case 'help': {
        const { helpText } = await import('./settings/help.ts')
        runtime.stdout(helpText())
        break
      }
      case 'version':
        runtime.stdout(`aws-iam-ra ${VERSION}\n`)
        break
      case 'once': {
        reporting = invocation.reporting
        const logger = loggerFor(reporting, runtime)
        for (const warning of invocation.warnings) logger.warn(warning)
        const { runOnce } = await import('./commands/once.ts')
        await runOnce(invocation.settings, runtime, logger, interrupt)
      }
    }
    return 0
  } catch (error) {
    const failure = asIamRaError(error)
    loggerFor(reporting, runtime).error(failure)
    await writeTerminationLog(runtime.fs, reporting.terminationLog, errorText(failure))
    return failure.exitCode
  }
}

function loggerFor(reporting: Reporting, runtime: Runtime): Logger {
  return createLogger(reporting, runtime.clock.now, runtime.stderr)
}

const LAST_WORDS_MS = 1000

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

if (import.meta.main) {
  // Libraries that ask for it would print what they send, the login's token and a proxy's password among it.
  delete process.env['DEBUG']
  const interrupt = new AbortController()
  for (const name of STOP_SIGNALS) {
    process.on(name, () => {
      interrupt.abort(
        new IamRaError('INTERRUPTED', 'internal', `stopped by ${name}, the credentials file is as it was`, {
          signal: constants.signals[name],
        }),
      )
    })
  }
  // What nobody awaits must not end the process on its own: a token may still be to be revoked, and its text may hold one.
  process.on('uncaughtException', (error) => interrupt.abort(asIamRaError(error)))
  process.on('unhandledRejection', (error) => interrupt.abort(asIamRaError(error)))
  const runtime = systemRuntime(process)
  const exitCode = await main(runtime, interrupt.signal)
  // A reader of our output that sleeps must not make a pod wait. (Node's exit itself waits for such a write; Bun's does not.)
  await Promise.race([runtime.written(), runtime.clock.sleep(LAST_WORDS_MS)])
  // Not left to the runtime, which would wait for what no one needs any more, a library's timer for instance.
  process.exit(exitCode)
}
