/** What the command line, --help and the table of settings know of a command. The commands themselves are in a layer above. */

/**
 * Settings that not every command reads, by what they are for: `pod` are those of one pod's own credentials, `exchange`
 * say how any are obtained.
 */
export type Part =
  'pod' | 'exchange' | 'files' | 'endpoint' | 'health' | 'start-spread' | 'termination-log' | 'agent' | 'wait'

export interface CommandHelp {
  readonly summary: string
  readonly details: string
  /** Shell commands; any other variables that a command needs are already in the environment. */
  readonly example: readonly string[]
}

export interface CommandFace {
  /** Its word on the command line; the one-shot needs none. */
  readonly name: string
  /** Absent: hidden. The command is not meant for users, so no text lists it. */
  readonly help?: CommandHelp
  /** Besides the settings that every command reads. */
  readonly takes: readonly Part[]
  /** Takes --json. */
  readonly json?: true
  /** Takes --remove. */
  readonly removes?: true
  /** Gets no credentials: of the settings that all other commands read, it reads only those marked `always`. */
  readonly getsNone?: true
  /** Reads what other commands read, to look at it: those settings are theirs. */
  readonly dryRun?: true
}

export interface ListedCommand extends CommandFace {
  readonly help: CommandHelp
}

export interface Program<C extends CommandFace = CommandFace> {
  /** The program without a command: its texts describe the whole program. */
  readonly oneShot: C & ListedCommand
  readonly commands: readonly C[]
}

/** Those that texts list. */
export function listed<C extends CommandFace>(commands: readonly C[]): readonly (C & ListedCommand)[] {
  return commands.filter((command): command is C & ListedCommand => command.help !== undefined)
}

export function namesOf(commands: readonly CommandFace[]): string[] {
  return commands.map(({ name }) => name)
}
