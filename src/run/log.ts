/** Log lines for people and for collectors, always on stderr: stdout belongs to commands that print a result. */
import { codeOf, type IamRaError } from '../errors.ts'

/** How to report to the user; known before the settings are read, so that their errors are reported the right way. */
export interface Reporting {
  readonly format: 'text' | 'json'
  readonly verbosity: 'quiet' | 'normal' | 'verbose'
  readonly terminationLog: string
}

export type LogFields = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>

export interface Logger {
  /** A step's progress; shown with --verbose. */
  step(message: string, fields?: LogFields): void
  /** The result; hidden by --quiet. */
  info(message: string, fields?: LogFields): void
  /** Shown always. */
  warn(message: string, fields?: LogFields): void
  /** The failure that ends the run, with its hint. Shown always. */
  error(error: IamRaError): void
}

export function createLogger(reporting: Reporting, now: () => number, write: (text: string) => void): Logger {
  const line = (level: string, message: string, fields: LogFields): void => {
    if (reporting.format === 'json') {
      write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, message, ...fields })}\n`)
      return
    }
    const prefix = level === 'warn' ? 'warning: ' : ''
    // A name that a server chose, such as a policy's, must not start a new line or move the cursor.
    const text = `${prefix}${message}${textFields(fields)}`.replace(/\p{Cc}+/gu, ' ')
    write(`aws-iam-ra: ${text}\n`)
  }
  return {
    step: (message, fields = {}) => {
      if (reporting.verbosity === 'verbose') line('debug', message, fields)
    },
    info: (message, fields = {}) => {
      if (reporting.verbosity !== 'quiet') line('info', message, fields)
    },
    warn: (message, fields = {}) => line('warn', message, fields),
    error: (error) => {
      if (reporting.format === 'json') {
        line('error', errorSentence(error), {
          stage: error.stage,
          code: error.code,
          hint: error.hint,
          ...(error.problems.length > 0 && { problems: error.problems }),
          ...(reporting.verbosity === 'verbose' && { cause: causeChain(error) }),
        })
        return
      }
      write(`aws-iam-ra: ${errorText(error)}\n`)
      if (reporting.verbosity === 'verbose') {
        for (const cause of causeChain(error)) write(`  caused by: ${cause}\n`)
      }
    },
  }
}

function errorSentence(error: IamRaError): string {
  return error.stage === 'internal' ? error.message : `${error.stage}: ${error.message}`
}

/** The message, its problems and the hint, as the terminal and the termination log show them. */
export function errorText(error: IamRaError): string {
  const lines = [errorSentence(error), ...error.problems.map((problem) => `  ${problem}`)]
  if (error.hint !== undefined) lines.push(`hint: ${error.hint}`)
  return lines.join('\n')
}

function textFields(fields: LogFields): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${quoted(Array.isArray(value) ? value.join(',') : String(value))}`)
  return parts.length === 0 ? '' : `  ${parts.join(' ')}`
}

/** Shows where a value with blanks ends. */
function quoted(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ')
  return /[\s"]|^$/.test(line) ? JSON.stringify(line) : line
}

/**
 * The chain of causes as `Name CODE`: a library's message may quote its input. A bug's stack shows where it happened
 * without showing any values.
 */
function causeChain(error: IamRaError): string[] {
  const chain: string[] = []
  let cause: unknown = error.cause
  while (cause instanceof Error && chain.length < 5) {
    const code = codeOf(cause)
    const name = code === undefined ? cause.name : `${cause.name} ${code}`
    chain.push(error.code === 'INTERNAL' ? `${name} ${stackFrames(cause)}` : name)
    cause = cause.cause
  }
  return chain
}

function stackFrames(error: Error): string {
  const stack = error.stack ?? ''
  // The message comes before the frames, and its lines may look like frames.
  const message = stack.indexOf(error.message)
  return stack
    .slice(message === -1 ? 0 : message + error.message.length)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .slice(0, 8)
    .join(' ')
}
