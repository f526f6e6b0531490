/**
 * serve within the test's process, over the real clock, real sockets and the emulated servers; the runs that it would
 * start as children are calls.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { main } from '../../src/aws-iam-ra.ts'
import { IamRaError } from '../../src/errors.ts'
import { systemRuntime, type Runtime } from '../../src/run/runtime.ts'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { ask, askContainer, freePorts, isOpen, type Answered } from './reader.ts'

/** Of every wait; reached only where serve does not do what it must. */
const GUARD_MS = 20_000

const STOPPED = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })

/** What a process finds before it starts; a second one may be put beside the first. */
export interface Place {
  readonly stage: Stage
  readonly folder: string
  readonly port: number
  readonly healthPort: number
  readonly tokenFile: string
  readonly terminationLog: string
  readonly env: Record<string, string>
  start(given?: Given): Serving
}

export interface Given {
  readonly args?: readonly string[]
  /** Over the place's own. */
  readonly env?: Readonly<Record<string, string>>
  readonly random?: () => number
}

export interface Serving {
  readonly stderr: () => string
  /** Resolves with the line of stderr that matches, the nth one. */
  said(line: RegExp, nth?: number): Promise<string>
  hangUp(): void
  /** The exit code, after SIGTERM or another reason. */
  stop(reason?: IamRaError): Promise<number>
  /** The exit code, of one that ends by itself. */
  readonly exit: Promise<number>
  /** What the token file holds now. */
  token(): string
  /** From the container endpoint. */
  credentials(): Promise<Answered>
  health(path: string): Promise<Answered>
}

/** Whatever is started in it is stopped afterwards, and nothing that it said may be secret. */
export async function inPlace(run: (place: Place) => Promise<void>): Promise<void> {
  const stage = await startStage()
  const folder = mkdtempSync(join(tmpdir(), 'iam-ra-serve-'))
  const path = (name: string): string => join(folder, name)
  writeFileSync(path('token'), stage.token())
  writeFileSync(path('termination-log'), '')
  const [port = 0, healthPort = 0] = await freePorts(2)
  const tokenFile = path('shared/authorization-token')
  const started: Serving[] = []
  const place: Place = {
    stage,
    folder,
    port,
    healthPort,
    tokenFile,
    terminationLog: path('termination-log'),
    env: {
      ...stage.env,
      HOME: folder,
      SERVICE_ACCOUNT_TOKEN_FILE: path('token'),
      TERMINATION_LOG: path('termination-log'),
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
      ENDPOINT_PORT: String(port),
      HEALTH_ADDR: `127.0.0.1:${healthPort}`,
      DEADLINE: '10',
    },
    start: (given = {}) => {
      const serving = serve(place, given)
      started.push(serving)
      return serving
    },
  }
  try {
    await run(place)
  } finally {
    await Promise.all(started.map((serving) => serving.stop()))
    await stage.close()
    const shown =
      started.map((serving) => serving.stderr()).join('') + readFileSync(place.terminationLog, 'utf8')
    const secrets = secretsOf(place)
    rmSync(folder, { recursive: true })
    assert.not.ok(
      secrets.some((secret) => shown.includes(secret)),
      'a secret was said',
    )
    assert.is(stage.vaultEmulator.liveTokens(), 0)
  }
}

/** All that nobody but an app with the token may see. */
export function secretsOf({ stage, tokenFile, folder }: Place): string[] {
  return [
    readIfThere(tokenFile),
    readIfThere(join(folder, 'token')),
    ...stage.vault.requests.map(({ request }) => request.header('x-vault-token') ?? ''),
    ...stage.sessions.issued.flatMap((one) => [one.accessKeyId, one.secretAccessKey, one.sessionToken]),
  ].filter((secret) => secret.length >= 8)
}

function serve(place: Place, { args = [], env, random = Math.random }: Given): Serving {
  const interrupt = new AbortController()
  let stderr = ''
  const waiting = new Set<() => void>()
  let onHangUp = (): void => undefined
  const runtime: Runtime = {
    ...systemRuntime(process),
    argv: ['serve', ...args],
    env: { ...place.env, ...env },
    home: place.folder,
    random,
    stdout: () => assert.unreachable('serve has nothing to say on stdout'),
    stderr: (text) => {
      stderr += text
      for (const look of waiting) look()
    },
    runChild: async ({ argv, signal }) => {
      let stdout = ''
      const child = { ...runtime, argv, stdout: (text: string) => void (stdout += text) }
      return { exitCode: await main(child, signal), signal: null, stdout }
    },
  }
  const exit = main(runtime, interrupt.signal, { listen: (listener) => (onHangUp = listener) })
  const token = (): string => readFileSync(place.tokenFile, 'utf8')
  return {
    exit,
    token,
    stderr: () => stderr,
    said: (line, nth = 1) =>
      new Promise((resolve, reject) => {
        const settle = (): void => {
          clearTimeout(guard)
          waiting.delete(look)
        }
        const look = (): void => {
          const found = stderr.split('\n').filter((one) => line.test(one))[nth - 1]
          if (found === undefined) return
          settle()
          resolve(found)
        }
        const guard = setTimeout(() => {
          settle()
          reject(new Error(`not said: ${line}\n${stderr}`))
        }, GUARD_MS)
        waiting.add(look)
        look()
      }),
    hangUp: () => onHangUp(),
    stop: async (reason = STOPPED) => {
      interrupt.abort(reason)
      return await exit
    },
    credentials: () => askContainer(place.port, token()),
    health: (path) => ask(place.healthPort, path),
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const NO = { status: 403, headers: {}, body: '{"errors":["permission denied"]}' }

export const created = ({ stage }: Place): number => stage.rolesAnywhereEmulator.created.length
export const issuedKey = ({ stage }: Place): string | undefined => stage.sessions.issued.at(-1)?.accessKeyId

export function refuseLogins({ stage }: Place): void {
  stage.vault.intercept = (request) => (request.path.endsWith('/login') ? NO : undefined)
}

/** Started, and with its first credentials. */
export async function served(place: Place, env: Readonly<Record<string, string>> = {}): Promise<Serving> {
  const serving = place.start({ env })
  await serving.said(/serving credentials/)
  return serving
}

export async function nobodyListens({ port, healthPort }: Place): Promise<void> {
  assert.not.ok(await isOpen(port), 'the endpoint listens')
  assert.not.ok(await isOpen(port, '::1'), 'the endpoint listens on ::1')
  assert.not.ok(await isOpen(healthPort), 'health listens')
}
