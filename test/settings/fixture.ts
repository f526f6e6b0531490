import * as fs from 'node:fs/promises'
import { join } from 'node:path'
import type { IamRaError } from '../../src/errors.ts'
import type { Runtime } from '../../src/runtime.ts'
import { readInvocation, type Invocation } from '../../src/settings/read.ts'
import { rejectsWithCode } from '../assert.ts'

/** A file that VAULT_CACERT and AWS_CA_BUNDLE may name. */
export const PEM_FILE = join(import.meta.dirname, '../certs/root.pem')
export const ROLE = 'arn:aws:iam::111122223333:role/team/app'
export const ANCHOR =
  'arn:aws:rolesanywhere:eu-west-1:111122223333:trust-anchor/11111111-2222-3333-4444-555555555555'
export const PROFILE =
  'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/66666666-7777-8888-9999-000000000000'

/** What a pod has to set, and nothing else. */
export const REQUIRED = {
  VAULT_ADDR: 'https://vault.example:8200',
  VAULT_ROLE: 'app',
  VAULT_CERT_NAME: 'workload',
  VAULT_CERT_CN: 'app.team.cluster',
  ROLE_ARN: ROLE,
  ANCHOR_ARN: ANCHOR,
  PROFILE_ARN: PROFILE,
}

export type Env = Runtime['env']
export type Once = Extract<Invocation, { command: 'once' }>

export function readFrom(env: Env, argv: readonly string[] = [], home?: string): Promise<Invocation> {
  return readInvocation({ env, argv, home, fs })
}

/** The refusal of these settings. */
export function refusalOf(env: Env, argv: readonly string[] = [], home?: string): Promise<IamRaError> {
  return rejectsWithCode(readInvocation({ env, argv, home, fs }), 'SETTINGS_INVALID')
}

/** The one-shot with the required settings and these; null takes one away. */
export async function once(
  env: Readonly<Record<string, string | null>> = {},
  argv: readonly string[] = [],
  home: string | null = '/home/app',
): Promise<Once> {
  const invocation = await readFrom(merged(env), argv, home ?? undefined)
  if (invocation.command !== 'once') throw new Error(`expected the one-shot, got ${invocation.command}`)
  return invocation
}

/** The problems of the required settings with these, in their order. */
export async function problemsOf(
  env: Readonly<Record<string, string | null>> = {},
  argv: readonly string[] = [],
  home: string | null = '/home/app',
): Promise<readonly string[]> {
  return (await refusalOf(merged(env), argv, home ?? undefined)).problems
}

function merged(env: Readonly<Record<string, string | null>>): Env {
  const all: Record<string, string | null> = { ...REQUIRED, ...env }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, value ?? undefined]))
}
