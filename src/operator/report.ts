/** Reports errors of the operator's program on stderr: for people, or as one JSON document. */
import { IamRaError } from '../errors.ts'
import { oneLine, plainJson } from '../text/one-line.ts'
import type { Paints } from '../terminal/colour.ts'
import type { OperatorRuntime } from './context.ts'
import { exitOf } from './exits.ts'

export const SCHEMA = 'iam-ra/v1'

export function errorText(error: IamRaError, { red }: Paints): string {
  const lines = [
    `${red('iam-ra:')} ${oneLine(error.message)}`,
    ...error.problems.map((problem) => `  ${oneLine(problem)}`),
    ...(error.hint === undefined ? [] : [`hint: ${oneLine(error.hint)}`]),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

export function errorJson(error: IamRaError): string {
  const { code, message, problems, hint } = error
  return `${plainJson({ schema: SCHEMA, error: { code, exit: exitOf(error), message, problems, hint } })}\n`
}

/** The result of a command. On a terminal it follows what stderr said before it, and precedes what stderr says next. */
export async function printResult(runtime: OperatorRuntime, text: string): Promise<void> {
  await runtime.written()
  runtime.stdout(text)
  await runtime.written()
}

/** The result of a command with --json. */
export async function printDocument(runtime: OperatorRuntime, members: object): Promise<void> {
  await printResult(runtime, `${plainJson({ schema: SCHEMA, ...members }, 2)}\n`)
}

export function warn({ stderr, terminal }: OperatorRuntime, sentence: string): void {
  stderr(`${terminal.paints.yellow('iam-ra:')} warning: ${oneLine(sentence)}\n`)
}

/** A bug of ours. Its message may quote what was read, so only its type and place are shown. */
export function asOperatorError(thrown: unknown): IamRaError {
  if (thrown instanceof IamRaError) return thrown
  const { name, message, stack = '' } = thrown instanceof Error ? thrown : new Error()
  const [place = 'an unknown place'] = /[\w-]+\.[jt]s:\d+/.exec(stack.replace(message, '')) ?? []
  return new IamRaError('INTERNAL', 'internal', `unexpected ${name} in iam-ra at ${place}`, {
    cause: thrown,
    hint: 'this is a bug: report this line with the command and the output of iam-ra --version',
  })
}
