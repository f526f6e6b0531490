/** Everything a run takes from outside: time, network, files, randomness, environment. Passed in, never reached for. */
import * as fsPromises from 'node:fs/promises'
import { homedir } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { createHttpClient, type HttpClient, type HttpClientOptions } from './http.ts'

export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Milliseconds since some moment; never jumps, so that deadlines survive a clock that is being set. */
  elapsed(): number
  /** @throws the signal's reason where it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

export type FileSystem = Pick<
  typeof fsPromises,
  'open' | 'readFile' | 'rename' | 'unlink' | 'lstat' | 'stat' | 'mkdir'
>

export interface Runtime {
  /** The arguments after the program's name. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** The home folder: HOME, else the passwd entry; undefined where there is neither. */
  readonly home: string | undefined
  readonly clock: Clock
  /** A number in [0, 1). */
  random(): number
  readonly fs: FileSystem
  http(options: HttpClientOptions): HttpClient
  stdout(text: string): void
  stderr(text: string): void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    }
  },
}

/** The process itself as a Runtime. */
export function systemRuntime(process: NodeJS.Process): Runtime {
  return {
    argv: process.argv.slice(2),
    env: process.env,
    home: homeFolder(),
    clock: systemClock,
    random: Math.random,
    fs: fsPromises,
    http: createHttpClient,
    stdout: writerTo(() => process.stdout),
    stderr: writerTo(() => process.stderr),
  }
}

/** A reader that has gone (EPIPE) must not end the run: it may hold a Vault token that is still to be revoked. */
function writerTo(stream: () => NodeJS.WriteStream): (text: string) => void {
  let guarded = false
  return (text) => {
    const target = stream()
    if (!guarded) target.on('error', () => undefined)
    guarded = true
    target.write(text)
  }
}

function homeFolder(): string | undefined {
  try {
    return homedir() || undefined
  } catch {
    // uv_os_homedir fails for a uid without a passwd entry and without HOME.
    return undefined
  }
}
