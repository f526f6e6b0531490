/** What --help prints, all of it from the tables that the program itself goes by. */
import { EXIT_CODES, type PodStage } from '../errors.ts'
import { COMMANDS, SWITCHES, type Command, type Switch } from './arguments.ts'
import {
  CHOICES,
  flagOf,
  OPTIONS,
  type Definition,
  type Group,
  type OptionName,
  type SourceKind,
  type UserCommand,
} from './options.ts'
import { inWords } from './values.ts'

const WIDTH = 100

interface CommandText {
  readonly summary: string
  readonly details: string
  /** Lines of a shell; what a command needs and they do not set is in the environment. */
  readonly example: readonly string[]
}

/** Without a command's word it is the whole program. */
const ONCE: CommandText = {
  summary: 'AWS credentials for a pod, from Vault and IAM Roles Anywhere',
  details:
    "Without a command: logs in to Vault with the pod's service account, has a certificate signed, exchanges it for session credentials, writes them to the credentials file and exits. In a pod that sets the required variables it needs no argument. Set CERTIFICATE_FILE to use a certificate issued elsewhere, or VAULT_AWS_PATH to use Vault's AWS secrets engine.",
  example: [
    'export VAULT_ADDR=https://vault.example:8200 VAULT_ROLE=app',
    'export VAULT_CERT_NAME=workload VAULT_CERT_CN=app.team.cluster',
    'export ROLE_ARN=arn:aws:iam::111122223333:role/app',
    'export ANCHOR_ARN_FILE=/etc/iam-ra/anchor-arn PROFILE_ARN_FILE=/etc/iam-ra/profile-arn',
    'aws-iam-ra check',
    'aws-iam-ra --aws-profile app',
  ],
}

const COMMAND_TEXTS: Readonly<Record<Exclude<UserCommand, 'once'>, CommandText>> = {
  serve: {
    summary: 'serve credentials to SDKs on loopback and keep them fresh; writes only its token file',
    details:
      'Runs until SIGTERM or SIGINT; a failed renewal does not stop it. In the app, set AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:9911/v1/credentials and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE. If its SDK knows only the instance metadata service, set AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9911 instead.',
    example: ['aws-iam-ra serve --health-addr 0.0.0.0:9912'],
  },
  renew: {
    summary: 'keep the credentials file fresh, for apps that re-read it',
    details: 'Runs until SIGTERM or SIGINT; a failed renewal does not stop it.',
    example: ['aws-iam-ra renew --aws-shared-credentials-file /aws/credentials --health-addr 0.0.0.0:9912'],
  },
  'credential-process': {
    summary: 'print credentials as JSON for credential_process in an AWS config file',
    details: 'Writes nothing. In ~/.aws/config, below the header of a profile: credential_process = COMMAND.',
    example: ['aws-iam-ra credential-process --session-duration 3600'],
  },
  check: {
    summary: 'dry run: perform every step, report what each sent and got, write nothing',
    details:
      'Checks the token file instead of the credentials file if AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is set and AWS_SHARED_CREDENTIALS_FILE is not, as in a pod that runs serve.',
    example: ['aws-iam-ra check --json'],
  },
}

export const SWITCH_MEANINGS: Readonly<Record<Switch, string>> = {
  '--help': 'print this and exit; after a command: its own settings',
  '--version': 'print the version and exit',
  '--quiet': 'print warnings and errors only',
  '--verbose': 'print each step, and what caused an error',
  '--json': 'with check: print its findings as one JSON document',
}

/** The settings' headings, in the order that they come in. */
export const GROUPS: Readonly<Record<Group, string>> = {
  vault: 'Vault',
  certificate: 'Certificate',
  aws: 'AWS',
  output: 'Files',
  serve: 'Endpoint and health',
  run: 'Run and log',
}

const EXIT_MEANINGS: Readonly<Record<PodStage, string>> = {
  settings: 'settings: one is missing or wrong',
  identity: "identity: reading the service account's token, or logging in to Vault",
  certificate: 'certificate: signing by Vault, reading mounted files, or validation',
  exchange: "exchange: CreateSession of IAM Roles Anywhere, or Vault's AWS secrets engine",
  sink: 'sink: writing the credentials file, or opening the listening port',
  internal: 'a bug of aws-iam-ra',
}

const HOW_TO_SET =
  'Each setting has a flag and an environment variable; the flag wins. NAME_FILE in the environment names a file that holds the value of NAME; setting both is an error. Values are trimmed, and an empty variable counts as unset.'

const IGNORED =
  'VAULT_TOKEN and VAULT_SKIP_VERIFY are ignored, with a warning. Runtime variables such as NODE_EXTRA_CA_CERTS, NODE_OPTIONS and SSL_CERT_FILE have no effect: set VAULT_CACERT and AWS_CA_BUNDLE to trust more CAs.'

/**
 * In lines of 100 columns at most, with a line break at its end.
 * @param command whose settings to list; without one, or for one that no user runs, all
 */
export function helpText(command?: Command): string {
  const lines = command === undefined || command === 'obtain' ? wholeHelp() : commandHelp(command)
  return `${lines.join('\n')}\n`
}

function wholeHelp(): string[] {
  return [
    `aws-iam-ra: ${ONCE.summary}`,
    '',
    `Usage: aws-iam-ra [${COMMANDS.join(' | ')}] [--flag VALUE]...`,
    '',
    ...wrap(ONCE.details, 0),
    '',
    'Commands:',
    ...COMMANDS.flatMap((name) => [`  ${name}`, ...wrap(COMMAND_TEXTS[name].summary, 6)]),
    '',
    ...wrap(`${HOW_TO_SET} ${IGNORED}`, 0),
    '',
    ...settings(),
    'Flags without a value:',
    ...rows(Object.entries(SWITCH_MEANINGS)),
    '',
    'Exit codes (a deadline that ran out has the code of its stage):',
    ...rows(exitCodes()),
    '',
    'Example:',
    ...ONCE.example.map((line) => `  ${line}`),
  ]
}

function commandHelp(command: Exclude<UserCommand, 'once'>): string[] {
  const { summary, details, example } = COMMAND_TEXTS[command]
  const switches = SWITCHES.filter((name) => name !== '--json' || command === 'check')
  return [
    ...wrap(`aws-iam-ra ${command}: ${summary}`, 0),
    '',
    `Usage: aws-iam-ra ${command} [--flag VALUE]...`,
    '',
    ...wrap(details, 0),
    '',
    ...wrap(`${HOW_TO_SET} aws-iam-ra --help lists the other commands, and the exit codes.`, 0),
    '',
    ...settings(command),
    'Flags without a value:',
    ...rows(switches.map((name) => [name, SWITCH_MEANINGS[name]])),
    '',
    'Example, with the required settings in the environment:',
    ...example.map((line) => `  ${line}`),
  ]
}

/** By group, each with a blank line after it. */
function settings(command?: UserCommand): string[] {
  return Object.entries(GROUPS).flatMap(([group, heading]) => {
    const options = OPTIONS.filter((option) => option.group === group && isFor(option, command))
    if (options.length === 0) return []
    return [`${heading}:`, ...options.flatMap((option) => describe(option, command)), '']
  })
}

/** Whether the command takes it; each is for the program as a whole. */
export function isFor({ commands }: Definition, command: UserCommand | undefined): boolean {
  return command === undefined || commands === undefined || commands.includes(command)
}

function describe(
  option: Definition & { readonly name: OptionName },
  command: UserCommand | undefined,
): string[] {
  const names = [option.name, ...(option.lowerCase === true ? [option.name.toLowerCase()] : [])]
  const heading = `  ${names.join(' or ')}, ${flagOf(option.name)}`
  const only = command === undefined ? onlyFor(option) : undefined
  const conditions = `(${[defaultOf(option), ...(only === undefined ? [] : [only])].join('; ')})`
  const fits = heading.length + 2 + conditions.length <= WIDTH
  const head = fits ? [`${heading}  ${conditions}`] : [heading, ...wrap(conditions, 6)]
  return [...head, ...wrap(meaningOf(option), 6)]
}

/** What it is, what its check expects, and what else there is to say. */
export function meaningOf({ meaning, check, note }: Definition): string {
  const expected = check.expected === '' ? '' : `: ${check.expected}`
  return `${meaning}${expected}${note === undefined ? '' : `; ${note}`}`
}

/** Whether there must be one, else what is taken without. */
export function defaultOf({ required, fallback, otherwise }: Definition): string {
  return required === undefined ? `default: ${fallback ?? otherwise ?? 'none'}` : requirement(required)
}

function requirement(required: readonly SourceKind[]): string {
  const settingsOf = (kinds: readonly SourceKind[]): string =>
    inWords(
      CHOICES.filter(({ kind }) => kinds.includes(kind)).map(({ by }) => by),
      'or',
    )
  if (!required.includes('vault-pki')) return `required with ${settingsOf(required)}`
  const others = CHOICES.map(({ kind }) => kind).filter((kind) => !required.includes(kind))
  return others.length === 0 ? 'required' : `required unless ${settingsOf(others)} is set`
}

/** The commands that have it, if the program without one has not. */
export function onlyFor({ commands }: Definition): string | undefined {
  if (commands === undefined || commands.includes('once')) return undefined
  return `${inWords(
    commands.filter((name) => name !== 'check'),
    'and',
  )} only`
}

export function exitCodes(): [string, string][] {
  const failures = Object.entries(EXIT_MEANINGS).map(([stage, meaning]): [string, string] => [
    String(EXIT_CODES[stage as PodStage]),
    meaning,
  ])
  return [
    ['0', 'done; serve and renew: stopped by SIGTERM or SIGINT'],
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
