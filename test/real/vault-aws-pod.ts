/** What a pod does at its start and while it serves, step by step: login, keys, renewal. */
import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs/promises'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { memoryFiles } from '../../src/run/memory-files.ts'
import { createBounds, type RunBounds } from '../../src/run/deadline.ts'
import { leaseCredentials } from '../../src/vault-aws/lease-credentials.ts'
import type { VaultAwsSettings } from '../../src/vault-aws/settings.ts'
import { createHttpClient } from '../../src/net/http.ts'
import { login } from '../../src/identity/login.ts'
import type { LoginSettings } from '../../src/identity/settings.ts'
import { systemClock } from '../../src/run/runtime.ts'
import type { Obtained } from '../../src/credentials.ts'
import { createCluster, type Cluster } from '../rig/emulators/cluster.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { recordingLogger, type RecordingLogger } from '../support/fake-runtime.ts'
import { scratchFolder } from '../rig/processes/process.ts'
import { enableAuth } from '../rig/servers/reference-vault.ts'
import { MOUNT, type VaultAwsAccount } from './vault-aws-account.ts'

export interface PodRun {
  readonly obtained: Promise<Obtained>
  readonly logger: RecordingLogger
}

const folder = scratchFolder('vault-aws-pod')
const runtime = { fs, memoryFiles, http: createHttpClient, clock: systemClock, random: Math.random }

export function bounds(deadlineMs = 20_000): RunBounds {
  return createBounds(deadlineMs, systemClock, new AbortController().signal)
}

/** What Vault is to give for a login by jwt auth, as its role has it. */
export const POD_LOGIN = {
  role_type: 'jwt',
  bound_audiences: [EXAMPLE.audience],
  user_claim: 'sub',
  token_policies: ['aws-keys'],
  token_ttl: '10m',
  token_max_ttl: '1h',
} as const

/** No more than `read`, as policies in use have it. */
const POLICY = ['aws', MOUNT, 'absent', 'kv', 'empty', 'wrong', 'weak']
  .flatMap((mount) => [`${mount}/creds/*`, `${mount}/sts/*`])
  .map((path) => `path "${path}" { capabilities = ["read"] }`)
  .join('\n')

export type StartPod = (
  path: string,
  role?: string,
  changes?: Partial<VaultAwsSettings>,
  deadlineMs?: number,
) => PodRun

/** Who may log in by jwt auth. @param roles their names in Vault, with what differs from POD_LOGIN @returns who issues their tokens */
export async function addPodLogins(
  { vault }: Pick<VaultAwsAccount, 'vault'>,
  roles: Readonly<Record<string, object>>,
): Promise<Cluster> {
  const cluster = createCluster({ now: Date.now, ...EXAMPLE })
  await enableAuth(vault, 'jwt', 'jwt', { jwt_validation_pubkeys: [cluster.publicKey] })
  await vault.write('sys/policies/acl/aws-keys', { policy: POLICY })
  for (const [name, changes] of Object.entries(roles)) {
    await vault.write(`auth/jwt/role/${name}`, { ...POD_LOGIN, ...changes })
  }
  return cluster
}

/** Pods of these roles. */
export async function startPods(
  account: VaultAwsAccount,
  roles: Readonly<Record<string, object>>,
): Promise<StartPod> {
  const cluster = await addPodLogins(account, roles)
  return (path, role = 'pod', changes = {}, deadlineMs) =>
    startPod(
      account,
      cluster.token(),
      { authMethod: 'jwt', authMount: 'jwt', role },
      { path, ...changes },
      deadlineMs,
    )
}

/** @param token of the service account; @param vault its auth mount and role */
export function startPod(
  account: Pick<VaultAwsAccount, 'vault' | 'moto'>,
  token: string,
  vault: Pick<LoginSettings, 'authMethod' | 'authMount' | 'role'>,
  aws: Partial<VaultAwsSettings> & Pick<VaultAwsSettings, 'path'>,
  deadlineMs?: number,
): PodRun {
  const tokenFile = join(folder, randomUUID())
  writeFileSync(tokenFile, token, { mode: 0o600 })
  const logger = recordingLogger()
  const sts = { region: EXAMPLE.region, endpoint: new URL(account.moto.url) }
  const run = async (): Promise<Obtained> => {
    const context = { runtime, bounds: bounds(deadlineMs), logger }
    try {
      const session = await login({ addr: new URL(account.vault.url), tokenFile, ...vault }, context)
      return await leaseCredentials({ sts, ...aws }, session, context)
    } finally {
      context.bounds.release()
    }
  }
  return { obtained: run(), logger }
}
