/** How the operator's program says what went wrong: on stderr, for people or as one JSON document. */
import { IamRaError } from '../errors.ts'
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
  return `${JSON.stringify({ schema: SCHEMA, error: { code, exit: exitOf(error), message, problems, hint } })}\n`
}

export function warn({ stderr, terminal }: OperatorRuntime, sentence: string): void {
  stderr(`${terminal.paints.yellow('iam-ra:')} warning: ${oneLine(sentence)}\n`)
}

/** A name that a server chose must not begin a line or move the cursor. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ')
}

/** A fault of ours. Its own words may quote what was read, so that its kind and place are all that is said. */
export function asOperatorError(thrown: unknown): IamRaError {
  if (thrown instanceof IamRaError) return thrown
  const { name, message, stack = '' } = thrown instanceof Error ? thrown : new Error()
  const [place = 'an unknown place'] = /[\w-]+\.[jt]s:\d+/.exec(stack.replace(message, '')) ?? []
  return new IamRaError('INTERNAL', 'internal', `it stopped at a mistake of its own, ${name} at ${place}`, {
    cause: thrown,
    hint: 'report this bug with this line, the command and the output of iam-ra --version',
  })
}
