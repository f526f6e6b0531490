/** Everything that a command of the operator's program takes from outside. */
import type { RunProgram } from '../run/program.ts'
import type { SystemRuntime } from '../run/runtime.ts'
import type { Terminal } from '../terminal/terminal.ts'

export interface OperatorRuntime extends Omit<SystemRuntime, 'lostOutput'> {
  readonly terminal: Terminal
  writeFile(path: string, text: string): Promise<void>
  /** Another program, such as kubectl. */
  readonly run: RunProgram
}

export interface OperatorContext {
  readonly runtime: OperatorRuntime
  /** Aborted with an IamRaError INTERRUPTED. */
  readonly interrupt: AbortSignal
}

/** @returns the exit code @throws IamRaError */
export type OperatorCommand<Flags, Args extends readonly unknown[] = []> = (
  context: OperatorContext,
  flags: Flags,
  ...args: Args
) => Promise<number>
