import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { login } from '../../src/identity/login.ts'
import type { LoginSettings } from '../../src/identity/settings.ts'
import type { VaultSession } from '../../src/vault/session.ts'
import {
  FAKE_NOW_MS,
  fakeBounds,
  fakeRuntime,
  recordingLogger,
  scriptedHttp,
  type FakeRuntime,
  type RecordingLogger,
  type ScriptedHttp,
} from '../support/fake-runtime.ts'

/** A token that nobody signed; its signature is a canary. */
export function jwt(claims: unknown = CLAIMS): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256' })}.${part(claims)}.canaryCANARYcanary0123456789`
}

export const CLAIMS = {
  aud: ['vault'],
  exp: FAKE_NOW_MS / 1000 + 600,
  iss: 'https://kubernetes.default.svc',
  'kubernetes.io': { namespace: 'team', serviceaccount: { name: 'app', uid: 'u' } },
  sub: 'system:serviceaccount:team:app',
}

/** Of the form of Vault's service tokens. */
export const VAULT_TOKEN = 'hvs.canaryCANARYcanary0123456789abcdef'
export const CANARY = /canary/i

export interface TokenFile {
  readonly path: string
  write(text: string): void
  remove(): void
}

export function tokenFile(text = `${jwt()}\n`): TokenFile {
  const folder = mkdtempSync(join(tmpdir(), 'iam-ra-'))
  const path = join(folder, 'token')
  const write = (content: string): void => writeFileSync(path, content)
  write(text)
  return { path, write, remove: () => rmSync(folder, { recursive: true }) }
}

export function settings(changes: Partial<LoginSettings> = {}): LoginSettings {
  return {
    addr: new URL('https://vault.example:8200'),
    role: 'app',
    authMethod: 'kubernetes',
    authMount: 'kubernetes',
    tokenFile: '/nowhere/token',
    ...changes,
  }
}

/** Vault's answer to a login. */
export function loggedIn(auth: Readonly<Record<string, unknown>> = {}): {
  readonly status: number
  readonly body: object
} {
  return {
    status: 200,
    body: {
      request_id: '11111111-2222-4333-8444-555555555555',
      auth: {
        client_token: VAULT_TOKEN,
        policies: ['default', 'iam-ra'],
        lease_duration: 300,
        token_type: 'service',
        mfa_requirement: null,
        ...auth,
      },
    },
  }
}

export interface Login {
  readonly session: Promise<VaultSession>
  readonly wire: ScriptedHttp
  readonly runtime: FakeRuntime
  readonly logger: RecordingLogger
}

/** A login with a fresh token in its file, unless the settings name one. */
export function logIn(
  script: Parameters<typeof scriptedHttp>[0],
  changes: Partial<LoginSettings> = {},
  signal?: AbortSignal,
): Login {
  const file = tokenFile()
  const wire = scriptedHttp(script)
  const runtime = fakeRuntime({ http: wire.http })
  const logger = recordingLogger()
  const bounds = fakeBounds(runtime.clock, 60_000, signal)
  const session = login(settings({ tokenFile: file.path, ...changes }), { runtime, bounds, logger })
  const remove = (): void => file.remove()
  session.then(remove, remove)
  return { session, wire, runtime, logger }
}
