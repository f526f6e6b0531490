/**
 * A flood of one kind, from a process of its own: `node flood.ts <kind> <host> <port> <path> <connections> <seconds>`. Prints
 * how many connections it made and how many were answered on, as JSON, and ends by itself.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cleanEnv } from '../processes/clean-env.ts'
import { flow, type Kind, type Target } from './kinds.ts'

export interface FloodCount {
  readonly connections: number
  readonly answered: number
}

export interface FloodOptions extends Target {
  readonly kind: Kind
  readonly connections: number
  readonly seconds: number
  /** What goes before the program, such as `ip netns exec`. */
  readonly within?: readonly string[]
}

/** @throws Error where the process ends without a count */
export async function startFlood(options: FloodOptions): Promise<FloodCount> {
  const { kind, host, port, path, connections, seconds, within = [] } = options
  const [program = '', ...args] = [
    ...within,
    process.execPath,
    import.meta.filename,
    ...[kind, host, port, path, connections, seconds].map(String),
  ]
  const child = spawn(program, args, { env: cleanEnv({}), stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = (): void => void child.kill('SIGKILL')
  process.once('exit', stop)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  await once(child, 'close')
  process.removeListener('exit', stop)
  return JSON.parse(output) as FloodCount
}

/** As many connections at once for as long. */
async function flood(kind: Kind, target: Target, most: number, seconds: number): Promise<FloodCount> {
  let [connections, answered] = [0, 0]
  const end = performance.now() + seconds * 1000
  const sender = async (): Promise<void> => {
    while (performance.now() < end) {
      connections += 1
      if (await flow(kind, target)) answered += 1
      // A refused connection fails at once: the loop must turn for the time to be seen.
      await new Promise(setImmediate)
    }
  }
  await Promise.all(Array.from({ length: most }, sender))
  return { connections, answered }
}

if (import.meta.main) {
  const [kind, host = '', port, path = '', most, seconds] = process.argv.slice(2)
  const count = await flood(kind as Kind, { host, port: Number(port), path }, Number(most), Number(seconds))
  process.stdout.write(JSON.stringify(count))
  // Connections that a server holds are not waited for.
  process.exit()
}
