import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { memoryFiles } from '../../src/run/memory-files.ts'
import type { IamRaError } from '../../src/errors.ts'
import { systemClock, type Runtime } from '../../src/run/runtime.ts'
import type { agent } from '../../src/commands/agent.ts'
import type { check } from '../../src/commands/check.ts'
import type { Command } from '../../src/commands/command.ts'
import { PROGRAM } from '../../src/commands/commands.ts'
import type { credentialProcess } from '../../src/commands/credential-process.ts'
import type { obtain } from '../../src/commands/obtain.ts'
import type { once as oneShot } from '../../src/commands/once.ts'
import type { renew } from '../../src/commands/renew.ts'
import type { serve } from '../../src/commands/serve.ts'
import type { wait } from '../../src/commands/wait.ts'
import type { Reporting } from '../../src/run/log.ts'
import * as commandLine from '../../src/settings/arguments.ts'
import * as reading from '../../src/settings/read.ts'
import type { CredentialsSource } from '../../src/sources/sources.ts'
import type { CheckSettings, GivenSetting, Settings } from '../../src/settings/settings.ts'
import { rejectsWithCode } from '../support/assert.ts'

/** A file that VAULT_CACERT and AWS_CA_BUNDLE may name. */
export const PEM_FILE = join(import.meta.dirname, '../certs/root.pem')
export const ROLE = 'arn:aws:iam::111122223333:role/team/app'
export const ANCHOR =
  'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555'
export const PROFILE =
  'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/66666666-7777-8888-9999-000000000000'

const ARNS = { ROLE_ARN: ROLE, ANCHOR_ARN: ANCHOR, PROFILE_ARN: PROFILE }

/** What a pod has to set, and nothing else. */
export const REQUIRED = {
  VAULT_ADDR: 'https://vault.example:8200',
  VAULT_ROLE: 'app',
  VAULT_CERT_NAME: 'workload',
  VAULT_CERT_CN: 'app.team.cluster',
  ...ARNS,
}

/** The same where others issue the certificate. */
export const REQUIRED_MOUNTED = {
  CERTIFICATE_FILE: '/certificate/tls.crt',
  PRIVATE_KEY_FILE: '/certificate/tls.key',
  ...ARNS,
}

/** The same where Vault's AWS secrets engine gives the credentials. */
export const REQUIRED_VAULT_AWS = {
  VAULT_ADDR: 'https://vault.example:8200',
  VAULT_ROLE: 'app',
  VAULT_AWS_PATH: 'aws/creds/readonly',
}

export type Env = Runtime['env']
/** Settings to add to others; null takes one away. */
export type Changes = Readonly<Record<string, string | null>>

interface Values {
  readonly once: typeof oneShot
  readonly serve: typeof serve
  readonly renew: typeof renew
  readonly 'credential-process': typeof credentialProcess
  readonly check: typeof check
  readonly obtain: typeof obtain
  readonly agent: typeof agent
  readonly wait: typeof wait
}
type Name = keyof Values
type SettingsOf<One extends Name> = Exclude<ReturnType<Values[One]['settings']>, undefined>

interface Work<One extends Name> {
  readonly command: One
  readonly settings: One extends 'check' ? Omit<CheckSettings, 'given'> : SettingsOf<One>
  readonly reporting: Reporting
  readonly warnings: readonly string[]
  readonly json: boolean
}

/** What a command is given; `given` is apart from the other settings of check. */
type Of<One extends Name> = Work<One> &
  (One extends 'check' ? { readonly given: readonly GivenSetting[] } : unknown)
export type Task = { [One in Name]: Of<One> }[Name]
export type Invocation = Task | { readonly command: 'help' } | { readonly command: 'version' }

/** The names of those that users run for a pod's own credentials. */
export const COMMANDS = ['serve', 'renew', 'credential-process', 'check'] as const

type SourceOf<Kind> = Extract<CredentialsSource, { kind: Kind }>

/** The one-shot with a certificate that Vault signs, its parts side by side. */
export type Once = Omit<Of<'once'>, 'settings'> & {
  readonly settings: Omit<Settings, 'source'> & Omit<SourceOf<'vault-pki'>, 'kind'>
}

/** The command by its name. */
export function readArguments(
  argv: readonly string[],
): Omit<commandLine.Arguments, 'command'> & { readonly command?: string } {
  const { command, ...others } = commandLine.readArguments(argv, PROGRAM.commands)
  return { ...others, ...(command && { command: command.name }) }
}

export function commandOf(argv: readonly string[]): string | undefined {
  return commandLine.commandOf(argv, PROGRAM.commands)?.name
}

export function readReporting({ argv, env }: Pick<Runtime, 'argv' | 'env'>): Reporting {
  return reading.readReporting(commandLine.readArguments(argv, PROGRAM.commands), env)
}

/** As the entry point reads it. */
export async function readInvocation(
  runtime: Pick<Runtime, 'argv' | 'env' | 'home' | 'fs' | 'memoryFiles' | 'clock'>,
): Promise<Invocation> {
  const asked = commandLine.readArguments(runtime.argv, PROGRAM.commands)
  const command: Command = asked.command ?? PROGRAM.oneShot
  const read = await reading.readInvocation(asked, (reader) => command.settings(reader), runtime)
  if ('shows' in read) return { command: read.shows }
  const json = asked.switches.has('--json')
  if (!('given' in read.settings)) return { ...read, command: command.name, json } as Invocation
  const { given, ...settings } = read.settings
  if (Object.isFrozen(read.settings)) Object.freeze(settings)
  return { ...read, command: command.name, json, settings, given } as Invocation
}

export function readFrom(env: Env, argv: readonly string[] = [], home?: string): Promise<Invocation> {
  return readInvocation({ env, argv, home, fs, memoryFiles, clock: systemClock })
}

/** The refusal of these settings. */
export function refusalOf(env: Env, argv: readonly string[] = [], home?: string): Promise<IamRaError> {
  return rejectsWithCode(
    readInvocation({ env, argv, home, fs, memoryFiles, clock: systemClock }),
    'SETTINGS_INVALID',
  )
}

/** What the command word makes of these settings. */
export async function taskOf<One extends Name>(
  command: One,
  env: Env,
  argv: readonly string[] = [],
  home: string | null = '/home/app',
): Promise<Of<One>> {
  const words = command === 'once' ? argv : [command, ...argv]
  const invocation = await readFrom(env, words, home ?? undefined)
  if (invocation.command !== command) throw new Error(`expected ${command}, got ${invocation.command}`)
  return invocation as Of<One>
}

/** The one-shot with the required settings and these. */
export async function once(
  env: Changes = {},
  argv: readonly string[] = [],
  home: string | null = '/home/app',
): Promise<Once> {
  const { settings, ...invocation } = await taskOf('once', merged(env), argv, home)
  const { source, ...others } = settings
  const { vault, certificate, exchange } = sourceOf('vault-pki', source)
  return { ...invocation, settings: { ...others, vault, certificate, exchange } }
}

/** The source of the credentials, which is of this kind. */
export function sourceOf<Kind extends CredentialsSource['kind']>(
  kind: Kind,
  source: CredentialsSource,
): SourceOf<Kind> {
  if (source.kind !== kind) throw new Error(`expected the source ${kind}, got ${source.kind}`)
  return source as SourceOf<Kind>
}

/** The problems of the required settings with these, in their order. */
export async function problemsOf(
  env: Changes = {},
  argv: readonly string[] = [],
  home: string | null = '/home/app',
): Promise<readonly string[]> {
  return (await refusalOf(merged(env), argv, home ?? undefined)).problems
}

/** @param required those of another source than Vault's PKI. */
export function merged(env: Changes, required: Env = REQUIRED): Env {
  const all: Record<string, string | null | undefined> = { ...required, ...env }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, value ?? undefined]))
}
