import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import { memoryFiles } from '../../src/run/memory-files.ts'
import type { IamRaError } from '../../src/errors.ts'
import { systemClock, type Runtime } from '../../src/run/runtime.ts'
import { readInvocation, type Invocation, type Task } from '../../src/settings/read.ts'
import type { CredentialsSource } from '../../src/sources/sources.ts'
import type { Settings } from '../../src/settings/settings.ts'
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

/** Of those that share a type, too. */
type Of<Command, Any = Invocation> = Any extends { command: infer One }
  ? Command extends One
    ? Any
    : never
  : never
type SourceOf<Kind> = Extract<CredentialsSource, { kind: Kind }>

/** The one-shot with a certificate that Vault signs, its parts side by side. */
export type Once = Omit<Of<'once'>, 'settings'> & {
  readonly settings: Omit<Settings, 'source'> & Omit<SourceOf<'vault-pki'>, 'kind'>
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
export async function taskOf<Command extends Task['command']>(
  command: Command,
  env: Env,
  argv: readonly string[] = [],
  home: string | null = '/home/app',
): Promise<Of<Command>> {
  const words = command === 'once' ? argv : [command, ...argv]
  const invocation = await readFrom(env, words, home ?? undefined)
  if (invocation.command !== command) throw new Error(`expected ${command}, got ${invocation.command}`)
  return invocation as Of<Command>
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
