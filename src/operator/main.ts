/** One run of the operator's program: runs the command, reports its error, and returns the exit code. */
import type { RouteMap } from '@stricli/core'
import { completionsOf, runLine } from './application.ts'
import type { OperatorRuntime } from './context.ts'
import { exitOf } from './exits.ts'
import { refuseLine } from './line.ts'
import { asOperatorError, errorJson, errorText } from './report.ts'
import type { LineContext } from './route.ts'
import { ROUTES } from './routes.ts'

/** Shells call it while the user types. It prints only words on stdout. */
const COMPLETE = '__complete'

/**
 * @param interrupt is aborted with an IamRaError INTERRUPTED
 * @returns the exit code
 */
export async function main(
  runtime: OperatorRuntime,
  interrupt: AbortSignal,
  routes: RouteMap<LineContext> = ROUTES,
): Promise<number> {
  const { argv } = runtime
  const operator = { runtime, interrupt }
  try {
    if (argv[0] === COMPLETE) {
      const lines = await completionsOf(routes, operator, argv.slice(1))
      runtime.stdout(lines.map((line) => `${line}\n`).join(''))
      return 0
    }
    refuseLine(argv)
    return await untilStopped(runLine(routes, operator), interrupt)
  } catch (thrown) {
    const error = asOperatorError(thrown)
    const json = argv.some((argument) => /^--json(=true)?$/.test(argument))
    runtime.stderr(json ? errorJson(error) : errorText(error, runtime.terminal.paints))
    return exitOf(error)
  }
}

/** A command need not watch the signal: what it has written stays, and the next run continues from there. */
async function untilStopped(work: Promise<number>, interrupt: AbortSignal): Promise<number> {
  interrupt.throwIfAborted()
  let onAbort = (): void => undefined
  const stopped = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(interrupt.reason as Error)
    interrupt.addEventListener('abort', onAbort)
  })
  try {
    return await Promise.race([work, stopped])
  } finally {
    interrupt.removeEventListener('abort', onAbort)
  }
}
