/** A long-lived program as a child: what it says, what memory it takes, renewing, stopping. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { cleanEnv } from './clean-env.ts'
import { readMemory, type Memory } from './memory.ts'

export interface Program {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** What it writes to stderr when a renewal has succeeded. */
  readonly renewed: string
}

export interface Service {
  readonly pid: number
  /**
   * Resolves with the next line of stderr that has the text in it.
   * @throws Error with what it said instead where it ends first, or says nothing of the kind for long
   */
  says(text: string): Promise<string>
  memory(): Memory
  /** Renews by SIGHUP, once it may. @returns milliseconds until credentials were there */
  renew(): Promise<number>
  /** @throws Error where it ends by itself before that, or in another way than with 0 */
  stop(): Promise<void>
}

/** The refresher leaves as much between the end of a run and the next one that is asked for. */
const GAP_MS = 1000
/** Lets its clock and ours differ. */
const MARGIN_MS = 50
const PATIENCE_MS = 60_000

export function startService({ argv, env, renewed }: Program): Service {
  const [program = '', ...args] = argv
  const child = spawn(program, args, { env: cleanEnv(env), stdio: ['ignore', 'ignore', 'pipe'] })
  const killed = (): void => void child.kill('SIGKILL')
  process.once('exit', killed)
  const closed = once(child, 'close')
  closed.then(() => process.removeListener('exit', killed)).catch(() => undefined)
  const lines: string[] = []
  let heard = 0
  const input = createInterface(child.stderr)
  input.on('line', (line) => lines.push(line))

  const says = async (text: string): Promise<string> => {
    const patience = AbortSignal.timeout(PATIENCE_MS)
    for (;;) {
      while (heard < lines.length) {
        const line = lines[heard] ?? ''
        heard += 1
        if (line.includes(text)) return line
      }
      try {
        const ended = closed.then(() => Promise.reject(new Error('it ended')))
        await Promise.race([once(input, 'line', { signal: patience }), ended])
      } catch (error) {
        const said = lines.slice(-3).join('\n')
        throw new Error(`waited for "${text}", but it said:\n${said}`, { cause: error })
      }
    }
  }

  return {
    get pid() {
      return child.pid ?? 0
    },
    says,
    memory: () => readMemory(child.pid ?? 0),
    async renew() {
      await delay(GAP_MS + MARGIN_MS)
      const begun = performance.now()
      child.kill('SIGHUP')
      await says(renewed)
      return performance.now() - begun
    },
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM')
      const patience = setTimeout(killed, PATIENCE_MS)
      await closed
      clearTimeout(patience)
      if (child.exitCode !== 0)
        throw new Error(`it ended with ${child.exitCode ?? 'a signal'}:\n${lines.slice(-3).join('\n')}`)
    },
  }
}
