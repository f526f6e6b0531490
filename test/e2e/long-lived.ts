/** serve and renew as the shipped file, for as long as a test wants them, and the processes that they start. */
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { accessKeyOf, askContainer, freePorts, isOpen } from '../commands/reader.ts'
import type { Stage } from '../rig/emulators/stage.ts'
import { childrenOf } from '../rig/processes/memory.ts'
import { makeFolder, start, type Run, type Running, type RunOptions, type Servers } from './harness.ts'

/** They would outlive a test that ends without stopping them. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Reached only where what is waited for never comes. */
const TRIES = 300

export interface LongLived extends Running {
  readonly pid: number
  readonly port: number
  readonly healthPort: number
  /** What serve's token file holds. */
  token(): string
  renew(): void
  /** Ends it by a signal: with 0, and without a process left. */
  stop(signal?: 'SIGTERM' | 'SIGINT'): Promise<Run>
}

export async function startLongLived(
  stage: Servers,
  command: 'serve' | 'renew',
  options: RunOptions = {},
): Promise<LongLived> {
  const [port = 0, healthPort = 0] = await freePorts(2)
  const folder = options.folder ?? makeFolder()
  const tokenFile = join(folder.home, 'shared/authorization-token')
  const started = start(stage, {
    ...options,
    folder,
    args: [command, ...(options.args ?? [])],
    env: {
      ...(command === 'serve' && {
        ENDPOINT_PORT: String(port),
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
      }),
      HEALTH_ADDR: `127.0.0.1:${healthPort}`,
      DEADLINE: '15',
      ...options.env,
    },
  })
  running.add(started.child)
  started.child.on('close', () => running.delete(started.child))
  const { pid = 0 } = started.child
  const token = (): string => readFileSync(tokenFile, 'latin1')
  return {
    ...started,
    pid,
    port,
    healthPort,
    token,
    renew: () => void started.child.kill('SIGHUP'),
    stop: async (signal = 'SIGTERM') => {
      const secret = command === 'serve' ? token() : undefined
      const children = childrenOf(pid)
      started.child.kill(signal)
      const done = await started.finished
      assert.is(done.code, 0, done.stderr)
      if (secret !== undefined) assert.not.ok(done.stderr.includes(secret), 'the token stands in stderr')
      for (const child of children) assert.not.ok(isAlive(child), 'a child was left')
      return done
    },
  }
}

/** The keys that the emulated AWS gave last. */
export function latestKey({ sessions }: Pick<Stage, 'sessions'>): string | undefined {
  return sessions.issued.at(-1)?.accessKeyId
}

export async function servesLatest(stage: Stage, { port, token }: LongLived): Promise<boolean> {
  return accessKeyOf(await askContainer(port, token())) === latestKey(stage)
}

/** Ends serve: with nothing left, neither a listener nor a Vault token. */
export async function endServing(
  stage: Stage,
  serving: LongLived,
  signal?: 'SIGTERM' | 'SIGINT',
): Promise<Run> {
  const done = await serving.stop(signal)
  assert.not.ok(await isOpen(serving.port))
  assert.not.ok(await isOpen(serving.healthPort))
  assert.is(stage.vaultEmulator.liveTokens(), 0)
  assert.is(done.stdout, '')
  return done
}

/** The one run in flight. */
export async function childOf(pid: number): Promise<number> {
  await eventually(() => childrenOf(pid).length === 1)
  return childrenOf(pid)[0] ?? 0
}

/** A file of /proc/<pid> that has one text after another. */
export function listOf(pid: number, file: 'environ' | 'cmdline'): string[] {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').slice(0, -1)
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** For what nothing announces. @throws Error where it never comes */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (await holds()) return
    await delay(50)
  }
  throw new Error('what was waited for did not come')
}
