/** Runs this program in a child process: whatever a run loads and leaves behind goes away with it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { codeOf, IamRaError } from '../errors.ts'
import { NO_COMPILER, ownArguments, ownFile } from './reexec.ts'
import { omitUndefined } from '../text/omit-undefined.ts'

export interface ChildRun {
  /** The arguments after the program's name. */
  readonly argv: readonly string[]
  /** For its stdin, which is empty otherwise. */
  readonly input?: string
  /** After this it is killed. */
  readonly timeoutMs: number
  /** When aborted, the child gets SIGTERM, and a moment to revoke what it holds. */
  readonly signal: AbortSignal
}

export interface ChildResult {
  /** Null if a signal ended it. */
  readonly exitCode: number | null
  readonly signal: string | null
  /** Why we killed it, if we did. */
  readonly killed?: 'timeout' | 'output'
  readonly stdout: string
}

/** Revoking takes 2 s at most, after SIGTERM too. */
const GRACE_MS = 4000

/** Credentials are a few KiB. */
const MAX_OUTPUT_BYTES = 1024 * 1024

/** With the same environment; the child's stderr goes to ours. @throws IamRaError RUN_LOST if it cannot start */
export function runChild(self: NodeJS.Process, run: ChildRun): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const child = start(self, run)
    const chunks: Buffer[] = []
    let size = 0
    let killed: ChildResult['killed']
    const kill = (why: NonNullable<ChildResult['killed']>): void => {
      killed ??= why
      child.kill('SIGKILL')
    }
    let grace: NodeJS.Timeout | undefined
    const onAbort = (): void => {
      child.kill('SIGTERM')
      grace = setTimeout(() => kill('timeout'), GRACE_MS)
    }
    const timer = setTimeout(() => kill('timeout'), run.timeoutMs)
    const settle = (): void => {
      clearTimeout(timer)
      clearTimeout(grace)
      run.signal.removeEventListener('abort', onAbort)
    }
    child.on('error', (error) => {
      settle()
      reject(cannotStart(error))
    })
    // stdout is missing if no file descriptor was left; the 'error' event follows.
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.byteLength
      if (size > MAX_OUTPUT_BYTES) kill('output')
      else chunks.push(chunk)
    })
    child.on('close', (exitCode, signal) => {
      settle()
      const stdout = Buffer.concat(chunks).toString('utf8')
      resolve({ exitCode, signal, stdout, ...omitUndefined({ killed }) })
    })
    // A child that ended without reading it says why itself.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(run.input)
    if (run.signal.aborted) onAbort()
    else run.signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** @throws IamRaError RUN_LOST for errors that the system reports at once; the rest come as an event */
function start(self: NodeJS.Process, { argv, input }: Pick<ChildRun, 'argv' | 'input'>): ChildProcess {
  const { [NO_COMPILER]: _own, ...environment } = self.env
  try {
    return spawn(ownFile(self), [...ownArguments(self), ...argv], {
      argv0: self.execPath,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'inherit'],
      env: environment,
    })
  } catch (error) {
    throw cannotStart(error)
  }
}

function cannotStart(cause: unknown): IamRaError {
  return new IamRaError(
    'RUN_LOST',
    'internal',
    `cannot start a process for the run (${codeOf(cause) ?? 'no reason given'})`,
    {
      cause,
      retryable: true,
      hint: "check that the executable has not moved, and that the container's pids and memory limits allow one more process",
    },
  )
}
