/** `serve` and `renew` of the shipped file with keys of Vault's AWS secrets engine, for as long as a test wants them. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ask, BINARY, makeSite, type Site } from './interop/serving.ts'
import { sayNoSecret, secretsOf, until, type GivenKeys, type ShippedScene } from './vault-aws-shipped.ts'

export interface LongLived extends Site {
  readonly credentialsFile: string
  /** Its stdout and stderr so far. */
  said(): string
  isReady(): Promise<boolean>
  /** As `until` does. @throws Error with its last words, and where it ends first */
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>
  hangUp(): void
  /** By SIGTERM, and then searches what it said for secrets. @returns the exit code; null where it had to be killed */
  stop(): Promise<number | null>
}

/** Revoking takes 2 s at most: what takes longer than this hangs. */
const STOP_BOUND_MS = 15_000

const running = new Set<ChildProcess>()
// A test that ends in the middle leaves none behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** @param env over the scene's settings */
export async function startLongLived(
  scene: ShippedScene,
  command: 'serve' | 'renew',
  env: Readonly<Record<string, string>> = {},
): Promise<LongLived> {
  const site = await makeSite()
  const home = join(site.folder, 'home')
  const token = scene.token()
  writeFileSync(join(site.folder, 'token'), token)
  const child = spawn(BINARY, [command], {
    env: {
      ...scene.env,
      HOME: home,
      SERVICE_ACCOUNT_TOKEN_FILE: join(site.folder, 'token'),
      TERMINATION_LOG: join(site.folder, 'none'),
      HEALTH_ADDR: new URL(site.health).host,
      ...(command === 'serve' ? { ENDPOINT_PORT: new URL(site.endpoint).port } : {}),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  }
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      running.delete(child)
      resolve(code)
    })
  })
  // Where it cannot be started, that shows at its stop at the latest.
  closed.catch(() => undefined)
  return {
    ...site,
    credentialsFile: join(home, '.aws/credentials'),
    said: () => said,
    isReady: () =>
      ask(`${site.health}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    until: async (what, holds) => {
      try {
        await until(what, () => {
          if (child.exitCode !== null) throw new Error(`it ended before ${what}`)
          return holds()
        })
      } catch (error) {
        throw new Error(`${command} said: ${said.slice(-2000)}`, { cause: error })
      }
    },
    hangUp: () => void child.kill('SIGHUP'),
    async stop() {
      const endpointToken = command === 'serve' ? readFileSync(site.tokenFile, 'utf8') : ''
      child.kill('SIGTERM')
      const bound = setTimeout(() => child.kill('SIGKILL'), STOP_BOUND_MS)
      const code = await closed
      clearTimeout(bound)
      sayNoSecret(said, [...secretsOf(scene), token, endpointToken])
      return code
    },
  }
}

/** What `serve` says once of keys without a session token. */
const OF_USER_KEYS = /^.*warning: these keys belong to an IAM user.*$/m

/** Ends it by SIGTERM: with 0, nothing else to warn of, and neither its users nor its Vault tokens left. */
export async function endsClean(
  longLived: LongLived,
  scene: ShippedScene,
  tokensBefore: readonly string[],
): Promise<void> {
  assert.is(await longLived.stop(), 0, longLived.said())
  assert.not.match(longLived.said().replace(OF_USER_KEYS, ''), /warning/)
  await scene.account.untilNoUsers()
  assert.equal(await scene.tokens(), tokensBefore)
}

export interface LeaseState {
  readonly expire_time: string
  /** Null where it never was. */
  readonly last_renewal: string | null
}

/** Undefined where Vault knows it no more. */
export async function lookUp(
  { account }: ShippedScene,
  { leaseId }: GivenKeys,
): Promise<LeaseState | undefined> {
  return await account.vault.write('sys/leases/lookup', { lease_id: leaseId }).then(
    ({ data }) => data as LeaseState,
    (error: unknown) => {
      if (error instanceof Error && /answered 400 .*invalid lease/.test(error.message)) return undefined
      throw error
    },
  )
}

/** Whether AWS lets someone with these keys do what the role in Vault is for. */
export async function listsBuckets({ account }: ShippedScene, keys: GivenKeys): Promise<boolean> {
  const { accessKeyId, secretAccessKey } = keys
  const { code } = await account.aws(['s3', 'ls'], { accessKeyId, secretAccessKey, expiresAtMs: 0 })
  return code === 0
}
