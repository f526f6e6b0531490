/**
 * What a command is: what it is called, what it reads, what it does. Each is loaded at every start, for the command line
 * and --help, so what it does is in a file of its own that is loaded when it is wanted.
 */
import type { IamRaError } from '../errors.ts'
import type { Logger, Reporting } from '../run/log.ts'
import type { Runtime, SighupHook } from '../run/runtime.ts'
import type { CommandFace } from '../settings/command.ts'
import type { Reader } from '../settings/reader.ts'

export interface Command<S extends object = object> extends CommandFace {
  /** Lives as long as the pod: goes without the compiler, to be smaller. */
  readonly longLived?: true
  /** Calls a function of a C library, which Bun compiles the call to. */
  readonly needsCompiler?: true
  /** Tells the settings' warnings in its own way, or leaves them to its parent: they are not logged. */
  readonly tellsWarnings?: true
  /** What else there is to say when a signal stops it. */
  readonly whenStopped?: string
  /** Reports each problem to the reader. @returns undefined if there is one */
  settings(reader: Reader): S | undefined
  /** @returns the exit code. @throws IamRaError */
  run(settings: S, context: CommandContext): Promise<number>
  /** Reports a failure in its own way. @returns the exit code; undefined: to be logged as any other */
  fail?(failure: IamRaError, context: FailureContext): Promise<number | undefined>
}

export interface FailureContext {
  readonly runtime: Runtime
  readonly logger: Logger
  /** Whether --json is given. */
  readonly json: boolean
}

export interface CommandContext extends FailureContext {
  /** Whether --remove is given. */
  readonly remove: boolean
  readonly reporting: Reporting
  /** About the settings. */
  readonly warnings: readonly string[]
  /** Aborted with an IamRaError: INTERRUPTED by SIGTERM or SIGINT, INTERNAL by a bug. */
  readonly interrupt: AbortSignal
  readonly hangUp: SighupHook
}
