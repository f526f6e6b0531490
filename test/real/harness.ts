/** Runs of the shipped file against the reference set-up, each followed by a look for what it left in Vault. */
import { createPrivateKey, sign } from 'node:crypto'
import * as assert from 'uvu/assert'
import { run, type Run, type RunOptions } from '../e2e/harness.ts'
import { count, failed } from '../e2e/outcome.ts'
import type { Kubernetes } from '../rig/servers/kubernetes.ts'
import type { Reference } from '../rig/servers/reference.ts'
import type { VaultServer } from '../rig/servers/vault.ts'

export interface CleanRunOptions extends RunOptions {
  /** The run's token is a batch token: it lives on until its TTL, but Vault stores nothing of it. */
  readonly expectsBatch?: boolean
}

/** Runs, then sees that every token of the run is gone from Vault, and no token or lease is there that was not before. */
export async function runClean(reference: Reference, options: CleanRunOptions = {}): Promise<Run> {
  const before = await kept(reference.server)
  const done = await run(reference, options)
  assert.equal(await kept(reference.server), before, 'the run left a token or a lease in Vault')
  for (const token of tokensOf(done)) {
    const expected = options.expectsBatch === true
    assert.is(await isAlive(reference.server, token), expected, 'whether the token of the run is alive')
  }
  return done
}

/** A refused login: exit 3 after one request to Vault, nothing written, nothing left. */
export async function refusedLogin(
  reference: Reference,
  options: RunOptions,
  says: RegExp,
  hint: RegExp,
): Promise<void> {
  const done = await runClean(reference, options)
  failed(done, 3, says, hint)
  assert.is(done.vault.length, 1)
  assert.is(done.aws.length, 0)
  assert.equal(done.files, [])
}

/** A name that Vault does not sign for this pod: exit 4 after one request to sign, the token revoked, nothing left. */
export async function refusedName(
  reference: Reference,
  options: RunOptions,
  says: RegExp,
  hint: RegExp,
): Promise<void> {
  const done = await runClean(reference, options)
  failed(done, 4, says, hint)
  assert.is(count(done.vault, /\/sign\//), 1)
  assert.is(count(done.vault, /\/revoke-self$/), 1)
  assert.is(done.aws.length, 0)
  assert.equal(done.files, [])
}

/** The Vault tokens that a run used. */
export function tokensOf({ vault }: Run): readonly string[] {
  return [...new Set(vault.flatMap(({ request }) => request.header('x-vault-token') ?? []))]
}

export async function isAlive(vault: VaultServer, token: string): Promise<boolean> {
  return await vault.write('auth/token/lookup', { token }).then(
    () => true,
    (error: unknown) => {
      // Its other answers to root would be the test's own mistake.
      if (error instanceof Error && /answered (403|404) .*bad token/.test(error.message)) return false
      throw error
    },
  )
}

/** Accessors of all tokens, and all leases. */
async function kept(vault: VaultServer): Promise<readonly string[]> {
  const accessors = await vault.list('auth/token/accessors')
  return [...accessors.toSorted(), ...(await leasesBelow(vault, ''))]
}

async function leasesBelow(vault: VaultServer, prefix: string): Promise<string[]> {
  const leases: string[] = []
  for (const key of await vault.list(`sys/leases/lookup/${prefix}`)) {
    const path = `${prefix}${key}`
    leases.push(...(key.endsWith('/') ? await leasesBelow(vault, path) : [path]))
  }
  return leases
}

/**
 * A token of the cluster with other claims, signed with the cluster's own key: the API server issues none that is about
 * to expire.
 */
export function signedAnew(
  { tokenKey }: Pick<Kubernetes, 'tokenKey'>,
  token: string,
  changes: Readonly<Record<string, unknown>>,
): string {
  const [header = '', payload = ''] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
  const body = Buffer.from(JSON.stringify({ ...claims, ...changes })).toString('base64url')
  const signature = sign('sha256', Buffer.from(`${header}.${body}`), createPrivateKey(tokenKey.privateKey))
  return `${header}.${body}.${signature.toString('base64url')}`
}
