/** Servers of others as children: started on loopback ports that are free, stopped by the process id that was started. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface ServerProcess {
  readonly pid: number | undefined
  /** What it wrote to stdout and stderr so far; it may hold secrets of the test's own servers. */
  output(): string
  stop(): Promise<void>
  /** At once, with no time to finish what it does. */
  kill(): Promise<void>
}

const LAST_WORDS = 2000

const running = new Set<ChildProcess>()
// A test that ends in the middle leaves no server behind.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.on(name, () => {
    // Whoever else waits for the signal stops what runs, in an order of its own.
    if (process.listenerCount(name) === 1) process.exit(1)
  })
}

export function startProcess(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ServerProcess {
  // Nothing of the test's own environment.
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let output = ''
  const take = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-200_000)
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  child.on('error', (error) => (output += `\n${error.message}`))
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => {
      running.delete(child)
      resolve()
    })
    child.once('error', () => {
      running.delete(child)
      resolve()
    })
  })
  return {
    pid: child.pid,
    output: () => output,
    async stop() {
      child.kill('SIGTERM')
      const patience = setTimeout(() => child.kill('SIGKILL'), 5000)
      await closed
      clearTimeout(patience)
    },
    async kill() {
      child.kill('SIGKILL')
      await closed
    },
  }
}

/** Asks until the answer is yes. @throws Error with the server's last words after about 30 s */
export async function untilReady(
  name: string,
  server: Pick<ServerProcess, 'output'>,
  isReady: () => Promise<boolean>,
): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (await isReady().catch(() => false)) return
    await delay(100)
  }
  throw new Error(`${name} is not ready; it said last:\n${server.output().slice(-LAST_WORDS)}`)
}

export async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port } = probe.address() as AddressInfo
  await new Promise<void>((resolve) => probe.close(() => resolve()))
  return port
}

/** In memory where the system has such a folder, as the pod's volume is (emptyDir, medium: Memory): no disk's fsync in it. */
export const MEMORY_PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A folder that goes with the process. */
export function scratchFolder(name: string, parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, `iam-ra-${name}-`))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }))
  return folder
}
