/** Everything a run takes from outside: time, network, files, randomness, environment. It is passed in, never imported. */
import { write } from 'node:fs'
import * as fsPromises from 'node:fs/promises'
import type { ChildResult, ChildRun } from './child.ts'
import { codeOf } from '../errors.ts'
import type { InputFiles } from './input-file.ts'
import { memoryFiles } from './memory-files.ts'
import { createHttpClient, type HttpClient, type HttpClientOptions } from '../net/http.ts'

export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Milliseconds since some moment; never jumps, so that deadlines survive changes of the wall clock. */
  elapsed(): number
  /** @throws the signal's reason if it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export type FileSystem = Pick<
  typeof fsPromises,
  'open' | 'readFile' | 'readdir' | 'rename' | 'unlink' | 'lstat' | 'stat' | 'mkdir' | 'access'
>

export interface Runtime {
  /** The arguments after the program's name. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** The home directory: HOME, or else the passwd entry; undefined if there is neither. */
  readonly home: string | undefined
  readonly clock: Clock
  /** A number in [0, 1). */
  random(): number
  readonly fs: FileSystem
  /** For the token and for settings, which the kubelet mounts from memory. */
  readonly memoryFiles: InputFiles
  http(options: HttpClientOptions): HttpClient
  /** All of stdin, as far as 64 KiB. */
  stdin(): Promise<string>
  stdout(text: string): void
  stderr(text: string): void
  /** Runs this program as a child process. @throws Error if it cannot be started */
  runChild(run: ChildRun): Promise<ChildResult>
}

/** SIGHUP, which ends a run unless a command has a use for it. */
export interface SighupHook {
  /** From now on SIGHUP calls this instead of ending the run. */
  listen(listener: () => void): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep,
}

/** Hand-written: the module of promise timers takes half a mebibyte, for the life of a sidecar. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

export interface SystemRuntime extends Runtime {
  /** Resolves once all output so far has been written, or never. */
  written(): Promise<void>
  /** Why some of stdout was lost, once known: the system's code, such as ENOSPC. */
  lostOutput(): string | undefined
}

/** The process itself as a Runtime. */
export function systemRuntime(process: NodeJS.Process): SystemRuntime {
  const [stdout, stderr] = [outputTo(1), outputTo(2)]
  return {
    argv: process.argv.slice(2),
    env: process.env,
    home: homeFolder(process.env['HOME']),
    clock: systemClock,
    random: Math.random,
    fs: fsPromises,
    memoryFiles,
    http: createHttpClient,
    stdin: () => readAll(process.stdin),
    stdout: stdout.write,
    stderr: stderr.write,
    runChild: async (run) => (await import('./child.ts')).runChild(process, run),
    async written() {
      await Promise.all([stdout.written(), stderr.written()])
    },
    lostOutput: stdout.lost,
  }
}

const MAX_INPUT_BYTES = 64 * 1024

async function readAll(stdin: NodeJS.ReadStream): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > MAX_INPUT_BYTES) break
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Writes texts to a file descriptor in order. Not through the process's streams, which take longer to set up than
 * everything else that `--version` does; and not synchronously, or a pipe whose reader sleeps would block this thread.
 */
function outputTo(fd: number): {
  write(text: string): void
  written(): Promise<void>
  lost(): string | undefined
} {
  let last = Promise.resolve()
  let lost: string | undefined
  return {
    write(text) {
      last = last
        .then(() => writeAll(fd, Buffer.from(text)))
        .catch((error: unknown) => {
          const code = codeOf(error) ?? 'unwritable'
          // A reader that has gone must not end the run: it may hold a Vault token that is still to be revoked.
          if (code !== 'EPIPE') lost = code
        })
    },
    written: () => last,
    lost: () => lost,
  }
}

async function writeAll(fd: number, bytes: Buffer): Promise<void> {
  for (let rest = bytes; rest.byteLength > 0;) {
    try {
      rest = rest.subarray(await writeSome(fd, rest))
    } catch (error) {
      // A full pipe that another process has made non-blocking.
      if (codeOf(error) !== 'EAGAIN') throw error
      await sleep(10)
    }
  }
}

function writeSome(fd: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, (error, written) => (error === null ? resolve(written) : reject(error)))
  })
}

function homeFolder(fromEnvironment: string | undefined): string | undefined {
  if (fromEnvironment !== undefined) return fromEnvironment || undefined
  try {
    // Loaded only when needed, for the passwd entry.
    return process.getBuiltinModule('node:os').homedir() || undefined
  } catch {
    // uv_os_homedir fails for a uid without a passwd entry and without HOME.
    return undefined
  }
}
