/** The shipped file's `serve`, as a sidecar beside apps: ready, asked, told to renew, and stopped. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createHttpClient, type HttpAnswer } from '../../../src/net/http.ts'
import type { Stage } from '../../rig/emulators/stage.ts'
import {
  freePort,
  scratchFolder,
  startProcess,
  untilReady,
  type ServerProcess,
} from '../../rig/processes/process.ts'

export const BINARY = join(import.meta.dirname, '../../../dist/aws-iam-ra')

/** How an app finds the endpoint. */
export const WAYS = ['container endpoint', 'IMDSv2'] as const
export type Way = (typeof WAYS)[number]

/** Where a sidecar will be, so that apps can be up before it. */
export interface Site {
  readonly folder: string
  readonly endpoint: string
  readonly health: string
  readonly tokenFile: string
  /** The app's side. */
  appEnv(way: Way): Readonly<Record<string, string>>
}

export interface Serving extends Site {
  /** What a metric stands at: its name without the prefix, with its labels. 0 where it is not there. */
  metric(name: string): Promise<number>
  /** Asks /readyz, in a bounded loop, until it is or is not. */
  untilReady(ready?: boolean): Promise<void>
  untilMetric(name: string, atLeast: number): Promise<void>
  hangUp(): void
  /** What the app has to send to the container endpoint. */
  token(): string
  /** Everything that it said so far. */
  said(): string
  /** @throws Error where a secret was said */
  stop(): Promise<void>
}

const scratch = scratchFolder('serving')

/** Of what `until` waits for: 40 s. */
const LONGEST_TRIES = 400

export async function makeSite(): Promise<Site> {
  const folder = mkdtempSync(join(scratch, 'serve-'))
  mkdirSync(join(folder, 'home'))
  const [endpoint, health] = [
    `http://127.0.0.1:${await freePort()}`,
    `http://127.0.0.1:${await freePort()}`,
  ] as const
  const tokenFile = join(folder, 'home/.aws/container-authorization-token')
  const appEnv = (way: Way): Readonly<Record<string, string>> =>
    way === 'IMDSv2'
      ? { AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint, AWS_EC2_METADATA_V1_DISABLED: 'true' }
      : {
          AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint}/v1/credentials`,
          AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
        }
  return { folder, endpoint, health, tokenFile, appEnv }
}

/** What it meets: the emulated stage, or real servers that show the same. */
export type Upstream = Pick<Stage, 'env' | 'sessions' | 'token'>

/** Returns once it listens, which may be before it has credentials. @param env over the upstream's settings */
export async function startServing(
  upstream: Upstream,
  env: Readonly<Record<string, string>> = {},
  site?: Site,
): Promise<Serving> {
  const place = site ?? (await makeSite())
  const { folder, endpoint, health, tokenFile } = place
  const serviceAccountToken = upstream.token()
  writeFileSync(join(folder, 'token'), serviceAccountToken)
  const child = startProcess(BINARY, ['serve'], {
    ...upstream.env,
    HOME: join(folder, 'home'),
    SERVICE_ACCOUNT_TOKEN_FILE: join(folder, 'token'),
    TERMINATION_LOG: join(folder, 'none'),
    ENDPOINT_PORT: new URL(endpoint).port,
    HEALTH_ADDR: new URL(health).host,
    ...env,
  })
  const metric = async (name: string): Promise<number> => {
    const { body } = await ask(`${health}/metrics`)
    const line = body.split('\n').find((one) => one.startsWith(`aws_iam_ra_${name} `))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  const isReady = async (): Promise<boolean> => (await ask(`${health}/readyz`)).status === 200
  await untilReady('serve', child, async () => (await ask(`${health}/livez`)).status === 200)
  return {
    ...place,
    metric,
    untilReady: (ready = true) =>
      until(child, ready ? 'there are credentials' : 'they ended', async () => (await isReady()) === ready),
    untilMetric: (name, atLeast) => until(child, name, async () => (await metric(name)) >= atLeast),
    hangUp: () => {
      if (child.pid !== undefined) process.kill(child.pid, 'SIGHUP')
    },
    token: () => readFileSync(tokenFile, 'utf8'),
    said: () => child.output(),
    async stop() {
      const secrets = [
        serviceAccountToken,
        readFileSync(tokenFile, 'utf8'),
        ...upstream.sessions.issued.flatMap((one) => [
          one.accessKeyId,
          one.secretAccessKey,
          one.sessionToken,
        ]),
      ]
      await child.stop()
      const said = child.output()
      if (secrets.some((secret) => said.includes(secret)) || /\bA[KS]IA\w{12}/.test(said))
        throw new Error('serve said a secret')
    },
  }
}

async function until(child: ServerProcess, what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < LONGEST_TRIES; tries += 1) {
    if (await holds()) return
    await delay(100)
  }
  throw new Error(`waited in vain until ${what}; serve said: ${child.output().slice(-2000)}`)
}

/** One request on a connection of its own, as curl sends it. */
export async function ask(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<HttpAnswer> {
  const client = createHttpClient({})
  try {
    const signal = new AbortController().signal
    return await client.request({ method, url: new URL(url), headers, timeoutMs: 10_000, signal })
  } finally {
    client.close()
  }
}
