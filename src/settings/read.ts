/** The run as the user asked for it: the command line and the environment, read once and checked as a whole. */
import { IamRaError } from '../errors.ts'
import { lookAtPemFile } from '../input-file.ts'
import type { Runtime } from '../runtime.ts'
import type { Reporting, Settings } from '../types.ts'
import { readArguments, type Arguments } from './arguments.ts'
import { OPTIONS, type OptionName } from './options.ts'
import { Problems } from './problems.ts'
import { Reader } from './reader.ts'
import { certificateSection, exchangeSection, sinkSection, vaultSection } from './sections.ts'
import { readSources, textFault } from './sources.ts'
import { anyText, logFormat, wholeSeconds } from './values.ts'

export type Invocation =
  | { readonly command: 'help' }
  | { readonly command: 'version' }
  | {
      readonly command: 'once'
      readonly settings: Settings
      /** As readReporting has it, and from LOG_FORMAT_FILE and TERMINATION_LOG_FILE besides. */
      readonly reporting: Reporting
      readonly warnings: readonly string[]
    }

/**
 * How to speak, from flags and the environment alone, so that it is known before any file is read. Never throws: what
 * is wrong here falls back to its default, and readInvocation reports it.
 */
export function readReporting({ argv, env }: Pick<Runtime, 'argv' | 'env'>): Reporting {
  const { switches, values } = readArguments(argv)
  const textOf = (name: OptionName): string => (values.get(name) ?? env[name] ?? '').trim()
  const format = logFormat(textOf('LOG_FORMAT'))
  const terminationLog = textOf('TERMINATION_LOG')
  return {
    format: 'value' in format ? format.value : 'text',
    verbosity: verbosityOf(switches),
    terminationLog:
      terminationLog === '' || textFault(terminationLog) !== undefined
        ? fallbackOf('TERMINATION_LOG')
        : terminationLog,
  }
}

/**
 * Reads and checks everything. `--help` and `--version` win over any problem.
 * @throws IamRaError SETTINGS_INVALID with one line in `problems` for each problem, in the table's order.
 */
export async function readInvocation(
  runtime: Pick<Runtime, 'argv' | 'env' | 'home' | 'fs'>,
): Promise<Invocation> {
  const { switches, values, problems: ofArguments } = readArguments(runtime.argv)
  if (switches.has('--help')) return { command: 'help' }
  if (switches.has('--version')) return { command: 'version' }

  const found = new Problems(ofArguments)
  const reader = new Reader(await readSources(runtime, values, found), found)
  warnOfIgnored(reader, runtime.env)
  const reporting = reportingSection(reader, switches)
  const settings = settingsFrom(reader, runtime.home)
  await checkCertificateFiles(reader, runtime.fs)
  const problems = found.lines()
  if (settings === undefined || reporting === undefined || problems.length > 0) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    throw new IamRaError('SETTINGS_INVALID', 'settings', `the settings have ${count}`, {
      problems,
      hint: "correct them in the container's env or on the command line; aws-iam-ra --help lists every setting",
    })
  }
  return { command: 'once', settings, reporting, warnings: reader.warnings }
}

/** Every section is read even where an earlier one failed, so that each has its problems reported. */
function settingsFrom(reader: Reader, home: string | undefined): Settings | undefined {
  const deadline = reader.take('DEADLINE', wholeSeconds(1, 86_400))
  const startSpread = reader.take('START_SPREAD', wholeSeconds(0, 86_400))
  const vault = vaultSection(reader)
  const certificate = certificateSection(reader, deadline)
  const exchange = exchangeSection(reader)
  const sink = sinkSection(reader, home, exchange?.region)
  if (vault === undefined || certificate === undefined || exchange === undefined) return undefined
  if (sink === undefined || deadline === undefined || startSpread === undefined) return undefined
  const [deadlineMs, startSpreadMs] = [deadline * 1000, startSpread * 1000]
  return deepFreeze({ vault, certificate, exchange, sink, deadlineMs, startSpreadMs })
}

/** The steps read them when they need them, the last one after a login and a signature: so look now. */
async function checkCertificateFiles(reader: Reader, fs: Runtime['fs']): Promise<void> {
  for (const name of ['VAULT_CACERT', 'AWS_CA_BUNDLE'] as const) {
    const source = reader.source(name)
    if (source.state !== 'given') continue
    const file = await lookAtPemFile(fs, source.text)
    if ('fault' in file)
      reader.problem(name, { wrong: file.fault, expected: 'a file of certificates as PEM' })
  }
}

function reportingSection(reader: Reader, switches: Arguments['switches']): Reporting | undefined {
  const format = reader.take('LOG_FORMAT', logFormat)
  const terminationLog = reader.take('TERMINATION_LOG', anyText)
  if (format === undefined || terminationLog === undefined) return undefined
  return deepFreeze({ format, verbosity: verbosityOf(switches), terminationLog })
}

function verbosityOf(switches: Arguments['switches']): Reporting['verbosity'] {
  if (switches.has('--quiet') === switches.has('--verbose')) return 'normal'
  return switches.has('--quiet') ? 'quiet' : 'verbose'
}

/** Vault's own clients would obey them; here a token that lies about and unchecked TLS have no place. */
function warnOfIgnored(reader: Reader, env: Runtime['env']): void {
  const set = ['VAULT_TOKEN', 'VAULT_SKIP_VERIFY'].filter((name) => (env[name] ?? '').trim() !== '')
  if (set.length === 0) return
  reader.warnings.push(`${set.join(' and ')} ${set.length === 1 ? 'is' : 'are'} set and ignored`)
}

function fallbackOf(name: OptionName): string {
  const option = OPTIONS.find((candidate) => candidate.name === name)
  return option !== undefined && 'fallback' in option ? option.fallback : ''
}

/** A URL keeps its state where no freezing reaches; nothing in src sets a part of one. */
function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null && !(member instanceof URL)) deepFreeze(member)
  }
  return Object.freeze(value)
}
