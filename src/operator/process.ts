/** Runs the operator's program as a process: signals, runtime, terminal, the rest of the output, and the exit code. */
import { writeFile } from 'node:fs/promises'
import { isatty } from 'node:tty'
import type { RouteMap } from '@stricli/core'
import { IamRaError } from '../errors.ts'
import { systemRuntime } from '../run/runtime.ts'
import { systemTerminal } from '../terminal/terminal.ts'
import type { OperatorRuntime } from './context.ts'
import { exitOf } from './exits.ts'
import { main } from './main.ts'
import { asOperatorError, errorText } from './report.ts'
import type { LineContext } from './route.ts'
import { ROUTES } from './routes.ts'

/** The signals' numbers: signal(7). */
const STOP_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const
/** A reader that has stopped reading our output must not keep the process alive. */
const LAST_WORDS_MS = 1000

export async function runProcess(
  process: NodeJS.Process,
  routes: RouteMap<LineContext> = ROUTES,
): Promise<never> {
  const interrupt = new AbortController()
  for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => interrupt.abort(stoppedBy(name)))
  }
  // Errors that no code awaits are reported like any other bug of ours.
  process.on('uncaughtException', (error) => interrupt.abort(asOperatorError(error)))
  process.on('unhandledRejection', (error) => interrupt.abort(asOperatorError(error)))
  const system = systemRuntime(process)
  const terminal = systemTerminal(process, system.env, isatty)
  const runtime: OperatorRuntime = {
    ...system,
    terminal,
    writeFile: (path, text) => writeFile(path, text),
    run: async (...run) => (await import('../run/program.ts')).runProgram(...run),
  }
  const exitCode = await main(runtime, interrupt.signal, routes)
  const lastWords = (): Promise<void> => Promise.race([system.written(), system.clock.sleep(LAST_WORDS_MS)])
  await lastWords()
  const lost = exitCode === 0 ? system.lostOutput() : undefined
  if (lost === undefined) process.exit(exitCode)
  const error = cannotPrint(lost)
  system.stderr(errorText(error, terminal.paints))
  await lastWords()
  // Not left to the runtime, which would wait for timers and connections that are no longer needed.
  process.exit(exitOf(error))
}

function stoppedBy(name: keyof typeof STOP_SIGNALS): IamRaError {
  return new IamRaError('INTERRUPTED', 'internal', `stopped by ${name}`, {
    signal: STOP_SIGNALS[name],
    hint: 'run the same command again to continue: what was written stays',
  })
}

function cannotPrint(code: string): IamRaError {
  return new IamRaError('FILE', 'sink', `stdout cannot be written (${code})`, {
    hint: 'redirect stdout to something that can be written',
  })
}
