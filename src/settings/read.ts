/** The run that the user asked for: the command line and the environment, read once and checked as a whole. */
import { lookAtCaFile } from '../x509/ca-file.ts'
import { IamRaError } from '../errors.ts'
import type { Runtime } from '../run/runtime.ts'
import type {
  CheckSettings,
  GivenSetting,
  RenewSettings,
  ServeSettings,
  Settings,
  SourceSettings,
} from './settings.ts'
import type { Reporting } from '../run/log.ts'
import { readArguments, type Arguments } from './arguments.ts'
import { sourceSection } from './credentials-source.ts'
import { servingSection } from './long-lived.ts'
import { SETTINGS, type OptionName } from './options.ts'
import { Problems } from './problems.ts'
import { Reader } from './reader.ts'
import { present, sinkSection } from './sections.ts'
import { readSources, textFault } from './sources.ts'

/** What to do, and all the settings for it. */
export type Task =
  | { readonly command: 'once'; readonly settings: Settings }
  | { readonly command: 'serve'; readonly settings: ServeSettings }
  | { readonly command: 'renew'; readonly settings: RenewSettings }
  | { readonly command: 'credential-process' | 'obtain'; readonly settings: SourceSettings }
  | {
      readonly command: 'check'
      readonly settings: CheckSettings
      readonly json: boolean
      readonly given: readonly GivenSetting[]
    }

export type Invocation =
  | { readonly command: 'help' }
  | { readonly command: 'version' }
  | (Task & {
      /** As in readReporting, but LOG_FORMAT_FILE and TERMINATION_LOG_FILE are read too. */
      readonly reporting: Reporting
      readonly warnings: readonly string[]
    })

/**
 * How to report, from flags and the environment alone, so that it is known before any file is read. Never throws: a
 * wrong value falls back to its default, and readInvocation reports it.
 */
export function readReporting({ argv, env }: Pick<Runtime, 'argv' | 'env'>): Reporting {
  const { switches, values } = readArguments(argv)
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
export async function readInvocation(
  runtime: Pick<Runtime, 'argv' | 'env' | 'home' | 'fs' | 'memoryFiles' | 'clock'>,
): Promise<Invocation> {
  const { command, meant, switches, values, problems: ofArguments } = readArguments(runtime.argv)
  if (switches.has('--help')) return { command: 'help' }
  if (switches.has('--version')) return { command: 'version' }

  if (meant !== undefined) throw refusal(ofArguments)

  const found = new Problems(ofArguments)
  const reader = new Reader(await readSources(runtime, values, found), found, runtime.home)
  warnOfIgnored(reader, runtime.env)
  const reporting = reportingSection(reader, switches)
  const task = taskOf(command, reader, switches)
  await checkCaFiles(reader, runtime)
  const problems = found.lines()
  if (task === undefined || reporting === undefined || problems.length > 0) {
    throw refusal(problems)
  }
  return { ...deepFreeze(task), reporting, warnings: reader.warnings }
}

function refusal(problems: readonly string[]): IamRaError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new IamRaError('SETTINGS_INVALID', 'settings', `the settings have ${count}`, {
    problems,
    hint: "correct them in the container's env or on the command line; aws-iam-ra --help lists every setting",
  })
}

/** Every section is read even if an earlier one failed, so that the problems of each are reported. */
function taskOf(
  command: Arguments['command'],
  reader: Reader,
  switches: Arguments['switches'],
): Task | undefined {
  const from = sourceSettings(reader)
  if (command === 'credential-process' || command === 'obtain') return from && { command, settings: from }
  const startSpread = reader.take('START_SPREAD')
  const startSpreadMs = startSpread === undefined ? undefined : startSpread * 1000
  if (command === 'serve') {
    const serving = servingSection(reader)
    if (from === undefined || startSpreadMs === undefined || serving === undefined) return undefined
    return { command, settings: { ...from, ...serving, startSpreadMs } }
  }
  const isServing =
    reader.isSet('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE') && !reader.isSet('AWS_SHARED_CREDENTIALS_FILE')
  if (command === 'check' && isServing) {
    const serving = servingSection(reader)
    if (from === undefined || serving === undefined) return undefined
    return checkOf({ ...from, sink: { kind: 'endpoint', ...serving.endpoint } }, reader, switches)
  }
  const anchorRegion =
    from !== undefined && 'exchange' in from.source ? from.source.exchange.region : undefined
  const sink = sinkSection(reader, anchorRegion)
  const health = command === 'renew' ? reader.take('HEALTH_ADDR') : undefined
  if (from === undefined || startSpreadMs === undefined || sink === undefined) return undefined
  const settings = { ...from, sink, startSpreadMs }
  switch (command) {
    case undefined:
      return { command: 'once', settings }
    case 'renew':
      return { command, settings: { ...settings, ...present({ health }) } }
    case 'check':
      return checkOf({ ...from, sink }, reader, switches)
  }
}

function checkOf(settings: CheckSettings, reader: Reader, switches: Arguments['switches']): Task {
  return { command: 'check', settings, json: switches.has('--json'), given: reader.given() }
}

function sourceSettings(reader: Reader): SourceSettings | undefined {
  const deadline = reader.take('DEADLINE')
  const source = sourceSection(reader, deadline)
  return source === undefined || deadline === undefined ? undefined : { source, deadlineMs: deadline * 1000 }
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
