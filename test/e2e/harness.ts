/**
 * Runs the shipped file as a pod would: as a child with the environment that it is given and nothing else, in a folder of
 * its own. Every run is searched for secrets, whatever else a test looks at.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RecordedRequest } from '../rig/emulators/http.ts'
import { startStage, type Stage, type StageOptions } from '../rig/emulators/stage.ts'
import { canaries, filesBelow, readIfThere } from './canaries.ts'

const BINARY = join(import.meta.dirname, '../../dist/aws-iam-ra')

/** A run takes a fifth of a second; one that goes on for this long hangs. */
const BOUND_MS = 20_000

/** What a run meets: the emulated stage, or one with real servers that shows the same. */
export type Servers = Pick<Stage, 'env' | 'vault' | 'rolesAnywhere' | 'sessions' | 'token'>

export interface RunOptions {
  /** Over the stage's settings; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly args?: readonly string[]
  /** Content of the token file. Default a fresh token. */
  readonly token?: string
  readonly folder?: RunFolder
  /** Default the run's folder. */
  readonly cwd?: string
  readonly uid?: number
  readonly stdio?: StdioOptions
  /** What starts the binary, such as `['strace', '-f', '--']`. Default it is started itself. */
  readonly under?: readonly string[]
  /** What must not be shown either, such as a proxy's password. */
  readonly secrets?: readonly string[]
  /** Whether credentials on stdout are what is wanted. Default no secret may stand there. */
  readonly printsCredentials?: boolean
}

/** Paths of one run or of several that follow one another. */
export interface RunFolder {
  readonly path: string
  readonly home: string
  readonly token: string
  readonly credentials: string
  readonly terminationLog: string
}

export interface Run {
  /** Null where a signal ended the process. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly folder: RunFolder
  /** Undefined where there is no file. */
  readonly credentials: string | undefined
  readonly terminationLog: string
  /** Requests that came during the run. They hold secrets: count and compare them, print none. */
  readonly vault: readonly RecordedRequest[]
  readonly aws: readonly RecordedRequest[]
  /** Paths below the home folder, sorted. */
  readonly files: readonly string[]
}

export interface Running {
  readonly finished: Promise<Run>
  readonly child: ChildProcess
  /** Resolves when stderr has shown it, that often. Default once. */
  shows(text: string, times?: number): Promise<void>
  /** Waits for what must happen while it runs. @throws Error where the run ends first */
  until(event: Promise<unknown>): Promise<void>
}

const root = mkdtempSync(join(tmpdir(), 'iam-ra-e2e-'))
process.on('exit', () => rmSync(root, { recursive: true, force: true }))

export function makeFolder(): RunFolder {
  const path = mkdtempSync(join(root, 'run-'))
  const home = join(path, 'home')
  mkdirSync(home)
  const terminationLog = join(path, 'termination-log')
  writeFileSync(terminationLog, '')
  return {
    path,
    home,
    token: join(path, 'token'),
    credentials: join(home, '.aws/credentials'),
    terminationLog,
  }
}

/** A file in the run's folder. @returns its path */
export function put(folder: RunFolder, name: string, content: string | Uint8Array): string {
  const path = join(folder.path, name)
  writeFileSync(path, content)
  return path
}

/** The credentials file as an earlier writer left it. */
export function putCredentials(folder: RunFolder, content: string): void {
  mkdirSync(join(folder.home, '.aws'), { recursive: true })
  writeFileSync(folder.credentials, content, { mode: 0o600 })
}

/** A stage for one test alone. */
export async function withStage(options: StageOptions, test: (own: Stage) => Promise<void>): Promise<void> {
  const own = await startStage(options)
  try {
    await test(own)
  } finally {
    await own.close()
  }
}

export async function run(stage: Servers, options: RunOptions = {}): Promise<Run> {
  return await start(stage, options).finished
}

export function start(stage: Servers, options: RunOptions = {}): Running {
  if (!existsSync(BINARY)) throw new Error('dist/aws-iam-ra is missing: run npm run build')
  const folder = options.folder ?? makeFolder()
  const token = options.token ?? stage.token()
  // Another run in the same folder may be reading it: writing empties it for a moment.
  if (readIfThere(folder.token) !== token) writeFileSync(folder.token, token)
  const seen = { vault: stage.vault.requests.length, aws: stage.rolesAnywhere.requests.length }
  const binary = options.uid === undefined ? BINARY : binaryForAll()
  const [command, ...before] = [...(options.under ?? []), binary]
  const child = spawn(command, [...before, ...(options.args ?? [])], {
    env: podEnv(stage, folder, options.env),
    cwd: options.cwd ?? folder.path,
    stdio: options.stdio ?? ['ignore', 'pipe', 'pipe'],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
  })
  const output = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString()
    for (const look of waiting) look()
  })
  const finished = new Promise<Run>((resolve, reject) => {
    const bound = setTimeout(() => child.kill('SIGKILL'), BOUND_MS)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(bound)
      const done: Run = {
        ...output,
        code,
        folder,
        credentials: readIfThere(join(folder.home, '.aws/credentials')),
        terminationLog: readIfThere(folder.terminationLog, 'utf8') ?? '',
        vault: stage.vault.requests.slice(seen.vault),
        aws: stage.rolesAnywhere.requests.slice(seen.aws),
        files: filesBelow(folder.home),
      }
      try {
        const searched = options.printsCredentials === true ? { ...done, stdout: '' } : done
        canaries(stage, searched, [token, ...(options.secrets ?? [])], options.args ?? [])
        resolve(done)
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
    })
  })
  const until = async (event: Promise<unknown>): Promise<void> => {
    const ended = finished.then(({ stderr }) => {
      throw new Error(`the run ended before what the test waits for: ${stderr}`)
    })
    // Where the event comes first, nobody waits for this any more.
    ended.catch(() => undefined)
    await Promise.race([event, ended])
  }
  const shows = (text: string, times = 1): Promise<void> =>
    until(
      new Promise<void>((resolve) => {
        const look = (): void => {
          if (output.stderr.split(text).length > times) resolve()
        }
        waiting.add(look)
        look()
      }),
    )
  return { finished, child, shows, until }
}

/** The project may lie in a folder that another uid cannot enter, as root's home. */
function binaryForAll(): string {
  const copy = join(root, 'aws-iam-ra')
  if (!existsSync(copy)) {
    copyFileSync(BINARY, copy)
    chmodSync(copy, 0o755)
    chmodSync(root, 0o755)
  }
  return copy
}

function podEnv(
  stage: Servers,
  folder: RunFolder,
  changes: RunOptions['env'] = {},
): Readonly<Record<string, string>> {
  const env: Record<string, string | undefined> = {
    ...stage.env,
    HOME: folder.home,
    SERVICE_ACCOUNT_TOKEN_FILE: folder.token,
    TERMINATION_LOG: folder.terminationLog,
    ...changes,
  }
  const set = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(set)
}
