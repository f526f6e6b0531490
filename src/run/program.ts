/** Runs another program to its end, and takes what it writes. Never through a shell. */
import { spawn } from 'node:child_process'

export interface ProgramRun {
  /** All that it gets, PATH among it. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** For its stdin, which is empty otherwise. */
  readonly input?: string
  /** After this it is killed. */
  readonly timeoutMs: number
  /** When aborted, it is killed. */
  readonly signal: AbortSignal
}

export interface ProgramResult {
  /** Null if a signal ended it. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** Why we killed it; undefined if it ended by itself. */
  readonly killed: 'timeout' | 'output' | undefined
}

/** @throws Error of the system, with its code, if it cannot start; the signal's reason if that is aborted */
export type RunProgram = (command: string, args: readonly string[], run: ProgramRun) => Promise<ProgramResult>

/** Lists of a large cluster are some megabytes. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/**
 * It stays in the terminal's process group: a plug-in that it starts may ask for a password on the terminal, and Ctrl-C
 * reaches that plug-in too.
 */
export const runProgram: RunProgram = (command, args, { env, input = '', timeoutMs, signal }) =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const child = spawn(command, args, { env, stdio: 'pipe' })
    const [stdout, stderr] = [new Capture(), new Capture()]
    let killed: ProgramResult['killed']
    const kill = (): void => {
      child.kill('SIGKILL')
      // Its own children may hold the pipes open for as long as they like.
      child.stdout.destroy()
      child.stderr.destroy()
    }
    const killFor = (why: NonNullable<ProgramResult['killed']>): void => {
      killed ??= why
      kill()
    }
    const timer = setTimeout(() => killFor('timeout'), timeoutMs)
    signal.addEventListener('abort', kill, { once: true })
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', kill)
    }
    child.on('error', (error) => {
      settle()
      reject(error)
    })
    child.stdout.on('data', (chunk: Buffer) => stdout.take(chunk) || killFor('output'))
    child.stderr.on('data', (chunk: Buffer) => stderr.take(chunk) || killFor('output'))
    // A program that does not read its input is no fault of ours.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.on('close', (exitCode) => {
      settle()
      if (signal.aborted) reject(signal.reason as Error)
      else resolve({ exitCode, stdout: stdout.text(), stderr: stderr.text(), killed })
    })
  })

class Capture {
  readonly #chunks: Buffer[] = []
  #size = 0

  /** @returns whether there is room for more */
  take(chunk: Buffer): boolean {
    this.#size += chunk.byteLength
    if (this.#size > MAX_OUTPUT_BYTES) return false
    this.#chunks.push(chunk)
    return true
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }
}
