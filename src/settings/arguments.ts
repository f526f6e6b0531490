/** Parses the command line; the meaning of the values is decided elsewhere. */
import { nearest } from '../text/did-you-mean.ts'
import { listed, namesOf, type CommandFace } from './command.ts'
import { flagOf, OPTIONS, type OptionName } from './options.ts'
import { inWords } from './values.ts'

export const SWITCHES = ['--help', '--version', '--quiet', '--verbose', '--json', '--remove'] as const
export type Switch = (typeof SWITCHES)[number]

export interface Arguments<C extends CommandFace = CommandFace> {
  /** Absent for a one-shot run. */
  readonly command?: C
  /** The first argument is similar to this command: the rest was written for it, so no other problem counts. */
  readonly meant?: string
  readonly switches: ReadonlySet<Switch>
  /** By option; never empty. */
  readonly values: ReadonlyMap<OptionName, string>
  /** One line for each argument that is not understood. It never repeats an argument's value. */
  readonly problems: readonly string[]
}

/**
 * A command may come first. Accepts `--flag value` and `--flag=value`; a value that begins with `--` needs the second
 * form.
 */
export function readArguments<C extends CommandFace>(
  argv: readonly string[],
  commands: readonly C[],
): Arguments<C> {
  const switches = new Set<Switch>()
  const values = new Map<OptionName, string>()
  const problems: string[] = []

  const command = commandOf(argv, commands)
  const names = namesOf(listed(commands))
  const meant = command === undefined ? commandMeant(argv, names) : undefined
  const rest = argv.slice(command === undefined ? 0 : 1)
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (!argument.startsWith('-')) {
      problems.push(strayArgument(argument, argv.length - rest.length, names, meant))
      continue
    }
    const equals = argument.indexOf('=')
    const flag = equals === -1 ? argument : argument.slice(0, equals)
    const name = switchOf(flag)
    if (name !== undefined) {
      if (equals === -1) switches.add(name)
      else problems.push(`${flag}: takes no value; expected ${flag} alone`)
      continue
    }
    const option = optionOf(flag)
    if (option === undefined) {
      problems.push(unknownFlag(flag))
      continue
    }
    const inline = equals === -1 ? undefined : argument.slice(equals + 1)
    const value = inline ?? (rest[0]?.startsWith('--') === false ? rest.shift() : undefined)
    if (value === undefined || value.trim() === '') {
      problems.push(`${flag}: has no value; expected ${flag} VALUE or ${flag}=VALUE`)
      continue
    }
    const earlier = values.get(option)
    if (earlier !== undefined && earlier !== value) {
      problems.push(`${flag}: is given twice with different values; expected one of them`)
      continue
    }
    values.set(option, value)
  }
  if (switches.has('--quiet') && switches.has('--verbose')) {
    problems.push('--quiet: cannot be combined with --verbose; expected one of them')
  }
  if (switches.has('--json') && command?.json !== true) {
    const takers = inWords(namesOf(listed(commands).filter(({ json }) => json === true)), 'and')
    problems.push(`--json: works only with ${takers}; expected LOG_FORMAT=json for JSON log lines`)
  }
  if (switches.has('--remove') && command?.removes !== true) {
    const takers = inWords(namesOf(listed(commands).filter(({ removes }) => removes === true)), 'and')
    problems.push(`--remove: works only with ${takers}; expected it to be left out`)
  }
  return {
    switches,
    values,
    problems: meant === undefined ? problems : problems.slice(0, 1),
    ...(command === undefined ? {} : { command }),
    ...(meant === undefined ? {} : { meant }),
  }
}

/**
 * The command of which the first argument is probably a misspelling. The argument itself is shown nowhere: it may be a
 * value.
 */
function commandMeant([first]: readonly string[], names: readonly string[]): string | undefined {
  return first === undefined || first.startsWith('-') ? undefined : nearest(first, names)
}

/** @returns undefined for a one-shot run */
export function commandOf<C extends CommandFace>(
  argv: readonly string[],
  commands: readonly C[],
): C | undefined {
  return commands.find(({ name }) => name === argv[0])
}

/** Names the argument by its position, since it may be a value that lost its flag. @param position from 1 */
function strayArgument(
  argument: string,
  position: number,
  names: readonly string[],
  meant: string | undefined,
): string {
  const subject = `argument ${position}`
  if (names.includes(argument)) {
    return `${subject}: is a command, but not the first argument; expected one command, before all flags`
  }
  return position === 1
    ? `${subject}: is neither a command nor a flag${didYouMean(meant)}; expected ${names.join(', ')} or a flag such as --vault-addr`
    : `${subject}: is not a flag; expected flags only, such as --vault-addr`
}

function switchOf(flag: string): Switch | undefined {
  return SWITCHES.find((name) => name === flag)
}

function optionOf(flag: string): OptionName | undefined {
  return OPTIONS.find(({ name }) => flagOf(name) === flag)?.name
}

const FLAGS: readonly string[] = [...SWITCHES, ...OPTIONS.map(({ name }) => flagOf(name))]

/** A mistyped flag is shown to help find it; anything else may be a value that lost its flag, and resembles none of ours. */
function unknownFlag(flag: string): string {
  const isWord = /^--?[a-z][a-z-]{0,40}$/.test(flag)
  const meant = isWord ? nearest(flag, FLAGS) : undefined
  return `${isWord ? flag : 'an argument'}: is not a known flag${didYouMean(meant)}; expected one that --help lists`
}

function didYouMean(meant: string | undefined): string {
  return meant === undefined ? '' : ` (did you mean ${meant}?)`
}
