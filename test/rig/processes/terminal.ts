/** A program on a terminal of its own, as somebody sits before it. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { cleanEnv } from './clean-env.ts'

export interface Sitting {
  /** What the terminal showed: stderr, and what was typed where it is echoed. */
  readonly shown: string
  readonly stdout: string
  /** Negative for a signal. */
  readonly code: number
}

export interface Typing {
  /** Default 80; 0 is a terminal that nobody has sized. */
  readonly columns?: number
  /** Typed once this is shown; a line for each of several questions, as of `keys`. */
  readonly at: string
  /** As Python writes them: `\\x03` is Ctrl-C. `hangup` takes the terminal away. */
  readonly keys: string
  readonly env?: Readonly<Record<string, string>>
}

export function onTerminal(
  command: readonly string[],
  { columns = 80, at, keys, env = {} }: Typing,
): Promise<Sitting> {
  return new Promise((resolve, reject) => {
    const script = join(import.meta.dirname, 'sit.py')
    const child = spawn('/usr/bin/python3', ['-s', script, String(columns), at, keys, ...command], {
      env: cleanEnv({ LANG: 'C.UTF-8', TERM: 'xterm-256color', ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [output, errors] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.on('error', reject)
    child.on('close', () => {
      if (output === '') reject(new Error(`sit.py: ${errors}`))
      else resolve(JSON.parse(output) as Sitting)
    })
  })
}
