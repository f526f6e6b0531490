/** The small process that starts the programs to be measured; launcher.py explains why it is separate. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cleanEnv } from '../../test/rig/processes/clean-env.ts'
import type { Eviction } from './results.ts'

export interface Command {
  /** The first is a path. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** The file for its stderr; stdout is discarded. */
  readonly stderr: string
}

export interface Measured {
  /** Negative if a signal ended it. */
  readonly code: number
  readonly wallMs: number
  /** User and system time of the program and of all the processes it started and waited for. */
  readonly cpuMs: number
  /** The largest resident set of any one of these processes. */
  readonly peakKiB: number
  /** The bytes read from a disk instead of the page cache. */
  readonly readKiB: number
}

export interface Launcher {
  run(command: Command): Promise<Measured>
  /** @param paths what to evict from the page cache if it may not be dropped completely */
  evict(paths: readonly string[]): Promise<Eviction>
  close(): Promise<void>
}

export function startLauncher(): Launcher {
  const script = join(import.meta.dirname, 'launcher.py')
  // Neither the environment nor site-packages: it stays small.
  const child = spawn('python3', ['-I', '-S', script], {
    env: cleanEnv({}),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const failed = new Promise<never>((_resolve, reject) => {
    child.on('error', (error) =>
      reject(new Error(`cannot start python3 (${error.message}): the bench needs Python 3.9 or newer`)),
    )
    child.on('close', () => reject(new Error('the bench launcher exited; see the reason above')))
  })
  failed.catch(() => undefined)
  child.stdin.on('error', () => undefined)
  const lines = createInterface({ input: child.stdout })
  const ask = async (question: object): Promise<unknown> => {
    const answered = once(lines, 'line') as Promise<[string]>
    child.stdin.write(`${JSON.stringify(question)}\n`)
    const [line] = await Promise.race([answered, failed])
    return JSON.parse(line)
  }
  return {
    run: async (command) => (await ask(command)) as Measured,
    evict: async (paths) => ((await ask({ evict: paths })) as { way: Eviction }).way,
    async close() {
      const closed = once(child, 'close')
      child.stdin.end()
      await closed
    },
  }
}
