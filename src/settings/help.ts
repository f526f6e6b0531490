/** The output of --help, generated from the tables that the program itself uses. */
import { EXIT_CODES, type PodStage } from '../errors.ts'
import { SWITCHES, type Switch } from './arguments.ts'
import { listed, namesOf, type CommandFace, type ListedCommand, type Program } from './command.ts'
import {
  CHOICES,
  choosing,
  flagOf,
  isFor,
  KINDS,
  OPTIONS,
  type Definition,
  type Group,
  type OptionName,
  type SourceKind,
} from './options.ts'
import { inWords } from './values.ts'

const WIDTH = 100

export const SWITCH_MEANINGS: Readonly<Record<Switch, string>> = {
  '--help': 'print this and exit; after a command: its own settings',
  '--version': 'print the version and exit',
  '--quiet': 'print warnings and errors only',
  '--verbose': 'print each step, and what caused an error',
  '--json': 'with check: print its findings as one JSON document',
  '--remove': 'with agent-address: remove the addresses',
}

/** The headings of the settings, in the order of output. */
export const GROUPS: Readonly<Record<Group, string>> = {
  vault: 'Vault',
  certificate: 'Certificate',
  aws: 'AWS',
  output: 'Files',
  serve: 'Endpoint and health',
  agent: 'Node agent',
  run: 'Run and log',
}

const EXIT_MEANINGS: Readonly<Record<PodStage, string>> = {
  settings: 'settings: one is missing or wrong',
  identity: "identity: reading the service account's token, or logging in to Vault",
  certificate: 'certificate: signing by Vault, reading mounted files, or validation',
  exchange: "exchange: CreateSession of IAM Roles Anywhere, or Vault's AWS secrets engine",
  sink: 'sink: writing the credentials file, opening a port, or changing the addresses of lo',
  internal: 'a bug of aws-iam-ra',
}

const HOW_TO_SET =
  'Each setting has a flag and an environment variable; the flag wins. NAME_FILE in the environment names a file that holds the value of NAME; setting both is an error. Values are trimmed, and an empty variable counts as unset.'

const IGNORED =
  'VAULT_TOKEN and VAULT_SKIP_VERIFY are ignored, with a warning. Runtime variables such as NODE_EXTRA_CA_CERTS, NODE_OPTIONS and SSL_CERT_FILE have no effect: set VAULT_CACERT and AWS_CA_BUNDLE to trust more CAs.'

/**
 * In lines of at most 100 columns, with a line break at the end.
 * @param command whose settings to list; all of them if it is absent or a command that no user runs
 */
export function helpText(program: Program, command?: CommandFace): string {
  const [one] = command === undefined ? [] : listed([command])
  const lines = one === undefined ? wholeHelp(program) : commandHelp(one)
  return `${lines.join('\n')}\n`
}

function wholeHelp(program: Program): string[] {
  const { summary, details, example } = program.oneShot.help
  const commands = listed(program.commands)
  return [
    `aws-iam-ra: ${summary}`,
    '',
    'Usage: aws-iam-ra [COMMAND] [--flag VALUE]...',
    '',
    ...wrap(details, 0),
    '',
    'Commands:',
    ...commands.flatMap(({ name, help }) => [`  ${name}`, ...wrap(help.summary, 6)]),
    '',
    ...wrap(`${HOW_TO_SET} ${IGNORED}`, 0),
    '',
    ...settings((option) => describe(option, onlyFor(option, program))),
    'Flags without a value:',
    ...rows(Object.entries(SWITCH_MEANINGS)),
    '',
    'Exit codes (a deadline that ran out has the code of its stage):',
    ...rows(exitCodes()),
    '',
    'Example:',
    ...example.map((line) => `  ${line}`),
  ]
}

function commandHelp(command: ListedCommand): string[] {
  const { summary, details, example } = command.help
  const switches = SWITCHES.filter((name) => takesSwitch(command, name))
  return [
    ...wrap(`aws-iam-ra ${command.name}: ${summary}`, 0),
    '',
    `Usage: aws-iam-ra ${command.name} [--flag VALUE]...`,
    '',
    ...wrap(details, 0),
    '',
    ...wrap(`${HOW_TO_SET} aws-iam-ra --help lists the other commands, and the exit codes.`, 0),
    '',
    ...settings((option) => (isFor(option, command) ? describe(option) : [])),
    'Flags without a value:',
    ...rows(switches.map((name) => [name, SWITCH_MEANINGS[name]])),
    '',
    command.getsNone === true ? 'Example:' : 'Example, with the required settings in the environment:',
    ...example.map((line) => `  ${line}`),
  ]
}

function takesSwitch({ json, removes }: CommandFace, name: Switch): boolean {
  if (name === '--json') return json === true
  return name !== '--remove' || removes === true
}

/** By group, each followed by a blank line. */
function settings(described: (option: NamedDefinition) => string[]): string[] {
  return Object.entries(GROUPS).flatMap(([group, heading]) => {
    const lines = OPTIONS.filter((option) => option.group === group).flatMap(described)
    return lines.length === 0 ? [] : [`${heading}:`, ...lines, '']
  })
}

type NamedDefinition = Definition & { readonly name: OptionName }

function describe(option: NamedDefinition, only?: string): string[] {
  const names = [option.name, ...(option.lowerCase === true ? [option.name.toLowerCase()] : [])]
  const heading = `  ${names.join(' or ')}, ${flagOf(option.name)}`
  const conditions = `(${[defaultOf(option), ...(only === undefined ? [] : [only])].join('; ')})`
  const fits = heading.length + 2 + conditions.length <= WIDTH
  const head = fits ? [`${heading}  ${conditions}`] : [heading, ...wrap(conditions, 6)]
  return [...head, ...wrap(meaningOf(option), 6)]
}

/** Its meaning, the values that its check accepts, and its note. */
export function meaningOf({ meaning, check, note }: Definition): string {
  const expected = check.expected === '' ? '' : `: ${check.expected}`
  return `${meaning}${expected}${note === undefined ? '' : `; ${note}`}`
}

/** Whether it is required, and otherwise its default. */
export function defaultOf({ required, fallback, otherwise }: Definition): string {
  return required === undefined ? `default: ${fallback ?? otherwise ?? 'none'}` : requirement(required)
}

function requirement(required: readonly SourceKind[]): string {
  if (required.every((kind) => CHOICES[kind] !== undefined)) return `required with ${choosing(required)}`
  const others = KINDS.filter((kind) => !required.includes(kind))
  return others.length === 0 ? 'required' : `required unless ${choosing(others)} is set`
}

/** The commands that read it, unless the program without a command does too. */
export function onlyFor(option: Definition, { oneShot, commands }: Program): string | undefined {
  if (isFor(option, oneShot)) return undefined
  const takers = listed(commands).filter((command) => command.dryRun !== true && isFor(option, command))
  return `${inWords(namesOf(takers), 'and')} only`
}

export function exitCodes(): [string, string][] {
  const failures = Object.entries(EXIT_MEANINGS).map(([stage, meaning]): [string, string] => [
    String(EXIT_CODES[stage as PodStage]),
    meaning,
  ])
  return [
    ['0', 'done; serve, renew and agent: stopped by SIGTERM or SIGINT'],
    ...failures,
    ['128+n', 'stopped by signal n'],
  ]
}

function rows(entries: readonly (readonly [string, string])[]): string[] {
  const column = Math.max(...entries.map(([name]) => name.length))
  return entries.map(([name, meaning]) => `  ${name.padEnd(column)}  ${meaning}`)
}

function wrap(text: string, indent: number): string[] {
  const margin = ' '.repeat(indent)
  const lines: string[] = []
  let line = margin
  for (const word of text.split(' ')) {
    if (line.length + word.length >= WIDTH && line !== margin) {
      lines.push(line.trimEnd())
      line = margin
    }
    line += `${word} `
  }
  return [...lines, line.trimEnd()]
}
