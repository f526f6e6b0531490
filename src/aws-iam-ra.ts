/** Entry point of the pod binary: picks the command, prints an error with its hint, sets the exit code. */
import type { Command, FailureContext } from './commands/command.ts'
import { PROGRAM } from './commands/commands.ts'
import { asIamRaError, IamRaError } from './errors.ts'
import { createLogger, errorText, type Logger, type Reporting } from './run/log.ts'
import { beginAgain } from './run/reexec.ts'
import { systemRuntime, type SighupHook, type Runtime } from './run/runtime.ts'
import { commandOf, readArguments } from './settings/arguments.ts'
import { readInvocation, readReporting } from './settings/read.ts'
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
  const asked = readArguments(runtime.argv, PROGRAM.commands)
  const command = asked.command ?? PROGRAM.oneShot
  // Best effort until the settings are read, so that their errors are reported the right way.
  let reporting = readReporting(asked, runtime.env)
  const failing = (): FailureContext => ({
    runtime,
    logger: loggerFor(reporting, runtime),
    json: asked.switches.has('--json'),
  })
  try {
    const invocation = await readInvocation(asked, (reader) => command.settings(reader), runtime)
    if ('shows' in invocation) {
      runtime.stdout(invocation.shows === 'help' ? await help(asked.command) : `aws-iam-ra ${VERSION}\n`)
      return 0
    }
    const { settings, warnings } = invocation
    reporting = invocation.reporting
    const remove = asked.switches.has('--remove')
    const context = { ...failing(), remove, reporting, warnings, interrupt, hangUp }
    if (command.tellsWarnings !== true) for (const warning of warnings) context.logger.warn(warning)
    return await command.run(settings, context)
  } catch (error) {
    const failure = asIamRaError(error)
    const context = failing()
    const exitCode = await command.fail?.(failure, context)
    if (exitCode !== undefined) return exitCode
    context.logger.error(failure)
    if (command.takes.includes('termination-log'))
      await writeTerminationLog(runtime.fs, reporting.terminationLog, errorText(failure))
    return failure.exitCode
  }
}

async function help(command: Command | undefined): Promise<string> {
  const { helpText } = await import('./settings/help.ts')
  return helpText(PROGRAM, command)
}

function stoppedBy(name: keyof typeof STOP_SIGNALS, { whenStopped = '' }: Command): IamRaError {
  return new IamRaError('INTERRUPTED', 'internal', `stopped by ${name}${whenStopped}`, {
    signal: STOP_SIGNALS[name],
  })
}

function cannotPrint(code: string): IamRaError {
  return new IamRaError('FILE', 'sink', `stdout cannot be written (${code})`, {
    hint: 'redirect stdout to something that can be written',
  })
}

function loggerFor(reporting: Reporting, runtime: Runtime): Logger {
  return createLogger(reporting, runtime.clock.now, runtime.stderr)
}

const LAST_WORDS_MS = 1000

/** The signals' numbers: signal(7). */
const STOP_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const

if (import.meta.main) {
  const command = commandOf(process.argv.slice(2), PROGRAM.commands) ?? PROGRAM.oneShot
  beginAgain(process, command)
  // Libraries that read it would print what they send, including the login's token and a proxy's password.
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
  // Unhandled errors must not kill the process: a token may still need revoking, and their text may contain one.
  process.on('uncaughtException', (error) => interrupt.abort(asIamRaError(error)))
  process.on('unhandledRejection', (error) => interrupt.abort(asIamRaError(error)))
  const runtime = systemRuntime(process)
  const exitCode = await main(runtime, interrupt.signal, hangUp)
  // A stalled reader of our output must not hold up the pod. (Node's exit waits for such a write; Bun's does not.)
  const lastWords = (): Promise<void> => Promise.race([runtime.written(), runtime.clock.sleep(LAST_WORDS_MS)])
  await lastWords()
  const lost = exitCode === 0 ? runtime.lostOutput() : undefined
  if (lost !== undefined) {
    const reporting = readReporting(readArguments(runtime.argv, PROGRAM.commands), runtime.env)
    loggerFor(reporting, runtime).error(cannotPrint(lost))
    await lastWords()
  }
  // Exit explicitly: a library's timer, for instance, would keep the process alive.
  process.exit(lost === undefined ? exitCode : cannotPrint(lost).exitCode)
}
