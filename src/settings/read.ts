/** The run that the user asked for: the command line and the environment, read once and checked as a whole. */
import { lookAtCaFile } from '../x509/ca-file.ts'
import { IamRaError } from '../errors.ts'
import type { Runtime } from '../run/runtime.ts'
import type { Reporting } from '../run/log.ts'
import type { Arguments } from './arguments.ts'
import { isFor, OPTIONS, SETTINGS, type OptionName } from './options.ts'
import { Problems } from './problems.ts'
import { Reader } from './reader.ts'
import { readSources, textFault } from './sources.ts'

export type Invocation<S> =
  | { readonly shows: 'help' | 'version' }
  | {
      readonly settings: S
      /** As in readReporting, but LOG_FORMAT_FILE and TERMINATION_LOG_FILE are read too. */
      readonly reporting: Reporting
      readonly warnings: readonly string[]
    }

/**
 * How to report, from flags and the environment alone, so that it is known before any file is read. Never throws: a
 * wrong value falls back to its default, and readInvocation reports it.
 */
export function readReporting({ switches, values }: Arguments, env: Runtime['env']): Reporting {
  const textOf = (name: OptionName): string => (values.get(name) ?? env[name] ?? '').trim()
  const format = SETTINGS.LOG_FORMAT.check(textOf('LOG_FORMAT'))
  const terminationLog = textOf('TERMINATION_LOG')
  return {
    format: 'value' in format ? format.value : SETTINGS.LOG_FORMAT.fallback,
    verbosity: verbosityOf(switches),
    terminationLog:
      terminationLog === '' || textFault(terminationLog) !== undefined
        ? SETTINGS.TERMINATION_LOG.fallback
        : terminationLog,
  }
}

/**
 * Reads and checks everything. `--help` and `--version` win over any problem.
 * @throws IamRaError SETTINGS_INVALID with one line in `problems` for each problem, in the table's order.
 */
export async function readInvocation<S extends object>(
  { command, meant, switches, values, problems: ofArguments }: Arguments,
  settingsOf: (reader: Reader) => S | undefined,
  runtime: Pick<Runtime, 'env' | 'home' | 'fs' | 'memoryFiles' | 'clock'>,
): Promise<Invocation<S>> {
  if (switches.has('--help')) return { shows: 'help' }
  if (switches.has('--version')) return { shows: 'version' }

  if (meant !== undefined) throw refusal(ofArguments)

  const found = new Problems(ofArguments)
  const options = OPTIONS.filter((option) => command?.getsNone !== true || isFor(option, command))
  const reader = new Reader(await readSources(runtime, values, found, options), found, runtime.home)
  if (command?.getsNone !== true) warnOfIgnored(reader, runtime.env)
  const reporting = reportingSection(reader, switches)
  const settings = settingsOf(reader)
  await checkCaFiles(reader, runtime)
  const problems = found.lines()
  if (settings === undefined || reporting === undefined || problems.length > 0) {
    throw refusal(problems)
  }
  return { settings: deepFreeze(settings), reporting, warnings: reader.warnings }
}

function refusal(problems: readonly string[]): IamRaError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new IamRaError('SETTINGS_INVALID', 'settings', `the settings have ${count}`, {
    problems,
    hint: "correct them in the container's env or on the command line; aws-iam-ra --help lists every setting",
  })
}

/** Steps would find these errors late, the last one after login and signing: check them now. */
async function checkCaFiles(reader: Reader, { fs, clock }: Pick<Runtime, 'fs' | 'clock'>): Promise<void> {
  const files = ['VAULT_CACERT', 'AWS_CA_BUNDLE'] as const
  // A mounted certificate needs no Vault.
  for (const name of reader.isSet('CERTIFICATE_FILE') ? files.slice(1) : files) {
    const source = reader.source(name)
    if (source.state !== 'given') continue
    const file = await lookAtCaFile(fs, source.text, clock.now())
    if ('fault' in file) {
      reader.problem(name, { wrong: file.fault, expected: SETTINGS[name].check.expected })
    } else reader.warnings.push(...file.warnings.map((warning) => `${name} ${source.text} ${warning}`))
  }
}

function reportingSection(reader: Reader, switches: Arguments['switches']): Reporting | undefined {
  const format = reader.take('LOG_FORMAT')
  const terminationLog = reader.take('TERMINATION_LOG')
  if (format === undefined || terminationLog === undefined) return undefined
  return deepFreeze({ format, verbosity: verbosityOf(switches), terminationLog })
}

function verbosityOf(switches: Arguments['switches']): Reporting['verbosity'] {
  if (switches.has('--quiet') === switches.has('--verbose')) return 'normal'
  return switches.has('--quiet') ? 'quiet' : 'verbose'
}

/** Vault's own clients would obey them; this program must use neither a token that is lying around nor unchecked TLS. */
function warnOfIgnored(reader: Reader, env: Runtime['env']): void {
  const set = ['VAULT_TOKEN', 'VAULT_SKIP_VERIFY'].filter((name) => (env[name] ?? '').trim() !== '')
  if (set.length === 0) return
  reader.warnings.push(`${set.join(' and ')} ${set.length === 1 ? 'is' : 'are'} set and ignored`)
}

/** A URL's state is out of reach of freezing; nothing in src sets a part of one. */
function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === 'object' && member !== null && !(member instanceof URL)) deepFreeze(member)
  }
  return Object.freeze(value)
}
