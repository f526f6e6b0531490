/** What --help prints, all of it from the tables that the program itself goes by. */
import { EXIT_CODES, type Stage } from '../errors.ts'
import { COMMANDS, type Switch } from './arguments.ts'
import { flagOf, OPTIONS, type Option, type OptionName } from './options.ts'

const WIDTH = 100

const COMMAND_MEANINGS: Readonly<Record<(typeof COMMANDS)[number], string>> = {
  serve:
    'keep credentials in memory and fresh, for SDKs that ask for them on loopback; the token file apart, nothing is written',
  renew: 'keep the credentials file fresh, for apps that read it again',
  'credential-process':
    'print credentials once as JSON, as credential_process in an AWS config file wants them, and write nothing',
  check: 'go the whole way step by step, say what was found at each, and write nothing',
}

const SWITCH_MEANINGS: Readonly<Record<Switch, string>> = {
  '--help': 'print this and exit',
  '--version': 'print the version and exit',
  '--quiet': 'warnings and errors only',
  '--verbose': 'each step, and what caused an error',
  '--json': 'with check: its findings as one JSON document',
}

const EXIT_MEANINGS: Readonly<Record<Stage, string>> = {
  settings: 'settings: one is missing or wrong',
  identity: "identity: reading the service account's token, or logging in to Vault",
  certificate: 'certificate: its signing by Vault, its files, or a check of it',
  exchange: "exchange: CreateSession of IAM Roles Anywhere, or Vault's AWS secrets engine",
  sink: 'sink: writing the credentials, or listening for those who ask for them',
  internal: 'a bug of aws-iam-ra',
}

/** The whole text, in lines of 100 columns at most, with a line break at its end. */
export function helpText(): string {
  const table: readonly (Option & { readonly name: OptionName })[] = OPTIONS
  return [
    'aws-iam-ra: AWS credentials for a pod, from Vault and IAM Roles Anywhere',
    '',
    `Usage: aws-iam-ra [${COMMANDS.join(' | ')}] [--flag VALUE]...`,
    '',
    ...wrap(
      "It logs in to Vault with the pod's service account, has a certificate signed, exchanges it for session credentials and writes these to the credentials file, once. In a pod that sets the required variables it needs no argument. CERTIFICATE_FILE takes a certificate that others issue, VAULT_AWS_PATH credentials of Vault's AWS secrets engine.",
      0,
    ),
    '',
    'Commands:',
    ...COMMANDS.flatMap((name) => [`  ${name}`, ...wrap(COMMAND_MEANINGS[name], 6)]),
    '',
    ...wrap(
      'Each setting has a flag and an environment variable; the flag wins. NAME_FILE in the environment names a file that holds the value of NAME instead, and setting both is an error. Values are trimmed, and an empty variable counts as not set. VAULT_TOKEN and VAULT_SKIP_VERIFY are ignored, with a warning. Variables of the runtime, such as NODE_EXTRA_CA_CERTS, NODE_OPTIONS and SSL_CERT_FILE, have no effect: set VAULT_CACERT and AWS_CA_BUNDLE to trust more CAs.',
      0,
    ),
    '',
    'Settings:',
    ...table.flatMap((option) => ['', ...describe(option)]),
    '',
    'Flags without a value:',
    ...rows(Object.entries(SWITCH_MEANINGS)),
    '',
    'Exit codes (a deadline that ran out has the code of its stage):',
    ...rows(exitCodes()),
    '',
  ].join('\n')
}

function describe(option: Option & { readonly name: OptionName }): string[] {
  const names = [option.name, ...(option.lowerCase === true ? [option.name.toLowerCase()] : [])]
  const heading = `  ${names.join(' or ')}, ${flagOf(option.name)}`
  const [fallback, meaning] = [`(${defaultOf(option)})`, wrap(option.meaning, 6)]
  const fits = heading.length + 2 + fallback.length <= WIDTH
  return fits ? [`${heading}  ${fallback}`, ...meaning] : [heading, ...wrap(fallback, 6), ...meaning]
}

function defaultOf(option: Option): string {
  if (option.required !== undefined) return option.required
  return `default: ${option.fallback ?? option.otherwise ?? 'none'}`
}

function exitCodes(): [string, string][] {
  const failures = Object.entries(EXIT_MEANINGS).map(([stage, meaning]): [string, string] => [
    String(EXIT_CODES[stage as Stage]),
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
