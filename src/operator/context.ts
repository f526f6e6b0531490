/** Everything that a command of the operator's program takes from outside. */
import type { SystemRuntime } from '../run/runtime.ts'
import type { Terminal } from '../terminal/terminal.ts'

export interface OperatorRuntime extends Omit<SystemRuntime, 'lostOutput'> {
  readonly terminal: Terminal
  writeFile(path: string, text: string): Promise<void>
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
