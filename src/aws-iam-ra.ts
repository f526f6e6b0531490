/** Entry point of the pod binary: picks the command, prints an error with its hint, sets the exit code. */
import { asIamRaError, IamRaError } from './errors.ts'
import { createLogger, errorText, type Logger, type Reporting } from './run/log.ts'
import { beginAgain } from './run/reexec.ts'
import { systemRuntime, type SighupHook, type Runtime } from './run/runtime.ts'
import { commandOf, type Command } from './settings/arguments.ts'
import { readInvocation, readReporting, type Invocation } from './settings/read.ts'
import { writeTerminationLog } from './run/termination-log.ts'
import { VERSION } from './version.ts'

/**
 * @param interrupt is aborted with an IamRaError INTERRUPTED, or INTERNAL for a bug
 * @returns the exit code
 */
export async function main(
  runtime: Runtime,
  interrupt: AbortSignal,
  hangUp: SighupHook = { listen: () => undefined },
): Promise<number> {
  // As far as it is known before the settings are, so that their errors are said the right way.
  let reporting = readReporting(runtime)
  try {
    const invocation = await readInvocation(runtime)
    if (invocation.command === 'help') {
      const { helpText } = await import('./settings/help.ts')
      runtime.stdout(helpText(commandOf(runtime.argv)))
    } else if (invocation.command === 'version') runtime.stdout(`aws-iam-ra ${VERSION}\n`)
    else {
      reporting = invocation.reporting
      return await perform(invocation, runtime, interrupt, hangUp)
    }
    return 0
  } catch (error) {
    const failure = asIamRaError(error)
    const command = commandOf(runtime.argv)
    if (command === 'obtain') {
      // A stack goes no further than this process.
      if (failure.code === 'INTERNAL') loggerFor(reporting, runtime).error(failure)
      const { failureOutput } = await import('./commands/obtain.ts')
      runtime.stdout(failureOutput(failure))
      return failure.exitCode
    }
    if (command === 'check' && failure.stage === 'settings') {
      const { reportSettings } = await import('./commands/check.ts')
      return reportSettings(failure, runtime.argv.includes('--json'), runtime)
    }
    loggerFor(reporting, runtime).error(failure)
    // In an app's container that file is the app's.
    if (command !== 'credential-process' && command !== 'check')
      await writeTerminationLog(runtime.fs, reporting.terminationLog, errorText(failure))
    return failure.exitCode
  }
}

type Work = Extract<Invocation, { readonly reporting: Reporting }>

/** Each command is loaded where it is wanted. */
async function perform(
  work: Work,
  runtime: Runtime,
  interrupt: AbortSignal,
  hangUp: SighupHook,
): Promise<number> {
  const { reporting, warnings } = work
  const logger = loggerFor(reporting, runtime)
  switch (work.command) {
    // The first three say the warnings in their own way, or leave that to who started them.
    case 'check': {
      const { runCheck } = await import('./commands/check.ts')
      return await runCheck(work, runtime, logger, interrupt)
    }
    case 'credential-process': {
      const { runCredentialProcess } = await import('./commands/credential-process.ts')
      await runCredentialProcess(work, runtime, logger, interrupt)
      break
    }
    case 'obtain': {
      const { runObtain } = await import('./commands/obtain.ts')
      await runObtain(work.settings, runtime, logger, interrupt)
      break
    }
    case 'once': {
      warnOf(warnings, logger)
      const { runOnce } = await import('./commands/once.ts')
      await runOnce(work.settings, runtime, logger, interrupt)
      break
    }
    case 'serve':
    case 'renew': {
      warnOf(warnings, logger)
      const context = { runtime, logger, interrupt, hangUp, terminationLog: reporting.terminationLog }
      if (work.command === 'serve') {
        const { runServe } = await import('./commands/serve.ts')
        await runServe(work.settings, context)
      } else {
        const { runRenew } = await import('./commands/renew.ts')
        await runRenew(work.settings, context)
      }
    }
  }
  return 0
}

function warnOf(warnings: readonly string[], logger: Logger): void {
  for (const warning of warnings) logger.warn(warning)
}

function stoppedBy(name: keyof typeof STOP_SIGNALS, command: Command | undefined): IamRaError {
  const file = command === undefined ? ', the credentials file is as it was' : ''
  return new IamRaError('INTERRUPTED', 'internal', `stopped by ${name}${file}`, {
    signal: STOP_SIGNALS[name],
  })
}

function cannotPrint(code: string): IamRaError {
  return new IamRaError('FILE', 'sink', `stdout cannot be written (${code})`, {
    hint: 'let stdout lead to something that takes it',
  })
}

function loggerFor(reporting: Reporting, runtime: Runtime): Logger {
  return createLogger(reporting, runtime.clock.now, runtime.stderr)
}

const LAST_WORDS_MS = 1000

/** The signals' numbers: signal(7). */
const STOP_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

if (import.meta.main) {
  const command = commandOf(process.argv.slice(2))
  beginAgain(process, command === 'serve' || command === 'renew')
  // Libraries that ask for it would print what they send, the login's token and a proxy's password among it.
  delete process.env['DEBUG']
  const interrupt = new AbortController()
  let onHangUp: (() => void) | undefined
  const hangUp: SighupHook = { listen: (listener) => (onHangUp = listener) }
  for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (name === 'SIGHUP' && onHangUp !== undefined) onHangUp()
      else interrupt.abort(stoppedBy(name, command))
    })
  }
  // What nobody awaits must not end the process on its own: a token may still be to be revoked, and its text may hold one.
  process.on('uncaughtException', (error) => interrupt.abort(asIamRaError(error)))
  process.on('unhandledRejection', (error) => interrupt.abort(asIamRaError(error)))
  const runtime = systemRuntime(process)
  const exitCode = await main(runtime, interrupt.signal, hangUp)
  // A reader of our output that sleeps must not make a pod wait. (Node's exit itself waits for such a write; Bun's does not.)
  const lastWords = (): Promise<void> => Promise.race([runtime.written(), runtime.clock.sleep(LAST_WORDS_MS)])
  await lastWords()
  const lost = exitCode === 0 ? runtime.lostOutput() : undefined
  if (lost !== undefined) {
    loggerFor(readReporting(runtime), runtime).error(cannotPrint(lost))
    await lastWords()
  }
  // Not left to the runtime, which would wait for what no one needs any more, a library's timer for instance.
  process.exit(lost === undefined ? exitCode : cannotPrint(lost).exitCode)
}
