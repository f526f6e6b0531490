import { spawnSync } from 'node:child_process'
import { chmodSync, closeSync, constants, openSync, readdirSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { askContainer, hasIpv6 } from '../commands/reader.ts'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { connect } from '../endpoint/raw-connection.ts'
import { makeFolder, type RunFolder } from './harness.ts'
import {
  endServing,
  eventually,
  latestKey,
  servesLatest,
  startLongLived,
  type LongLived,
} from './long-lived.ts'

const stage: Stage = await startStage()

function reset(): void {
  stage.vault.intercept = undefined
  stage.rolesAnywhere.intercept = undefined
}

const surroundings = suite('e2e: what serve finds around it')
surroundings.after.each(reset)
surroundings.after(() => stage.close())

surroundings('a stdin that is closed', async () => {
  const serving = await startLongLived(stage, 'serve', { under: ['sh', '-c', 'exec "$@" <&-', 'sh'] })
  await serving.shows('serving credentials')
  assert.ok(await servesLatest(stage, serving))
  serving.renew()
  await serving.shows('serving credentials', 2)
  await endServing(stage, serving)
})

surroundings('a stderr whose reader has gone', async () => {
  const serving = await startLongLived(stage, 'serve', { args: ['--verbose'] })
  await serving.shows('serving credentials')
  const key = latestKey(stage)
  serving.child.stderr?.destroy()
  stage.vault.intercept = (request) => (request.path.endsWith('/login') ? 'cut' : undefined)
  serving.renew()
  await eventually(() => stage.vault.requests.some(({ status }) => status === undefined))
  reset()
  serving.renew()
  await eventually(async () => latestKey(stage) !== key && (await servesLatest(stage, serving)))
  await endServing(stage, serving)
})

surroundings('a stderr whose reader sleeps and takes nothing more', async () => {
  const folder = makeFolder()
  const pipe = join(folder.path, 'pipe')
  assert.is(spawnSync('mkfifo', [pipe], { env: cleanEnv({}) }).status, 0)
  const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK)
  const writer = openSync(pipe, constants.O_WRONLY)
  try {
    for (const size of [4096, 1]) fill(reader, size)
    const serving = await startLongLived(stage, 'serve', {
      folder,
      args: ['--verbose'],
      stdio: ['ignore', 'pipe', writer],
    })
    await eventually(() => answers(serving))
    const key = latestKey(stage)
    serving.renew()
    await eventually(async () => latestKey(stage) !== key && (await servesLatest(stage, serving)))
    await endServing(stage, serving)
  } finally {
    closeSync(reader)
    closeSync(writer)
  }
})

function fill(pipe: number, size: number): void {
  try {
    for (;;) writeSync(pipe, 'x'.repeat(size))
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'EAGAIN')
  }
}

/** The run's folder is all that may be written. */
const READ_ONLY =
  'mount --make-rprivate / && mount --bind "$PWD" "$PWD" && mount -o remount,bind,ro / && cd "$PWD" && exec "$@"'

const isRoot = process.getuid?.() === 0
const mayMount = isRoot && spawnSync('unshare', ['--mount', 'true'], { env: cleanEnv({}) }).status === 0

if (isRoot) {
  surroundings('a uid without passwd entry, without HOME', async () => {
    const folder = makeFolder()
    openTo(folder)
    const serving = await startLongLived(stage, 'serve', { folder, uid: 54_321, env: { HOME: undefined } })
    await serving.shows('serving credentials')
    assert.ok(await servesLatest(stage, serving))
    await endServing(stage, serving)
  })
}

if (mayMount) {
  surroundings('a file system that is read-only but for the folder of the token', async () => {
    const serving = await startLongLived(stage, 'serve', {
      under: ['unshare', '--mount', 'sh', '-c', READ_ONLY, 'sh'],
    })
    await serving.shows('serving credentials')
    assert.ok(await servesLatest(stage, serving))
    await endServing(stage, serving)
  })
}

function openTo(folder: RunFolder): void {
  chmodSync(dirname(folder.path), 0o755)
  for (const path of [folder.path, folder.home]) chmodSync(path, 0o777)
}

surroundings('connections that never ask: they keep no reader out, are bounded, and end', async () => {
  const serving = await startLongLived(stage, 'serve')
  await serving.shows('serving credentials')
  const ends: Promise<unknown>[] = []
  for (const sent of ['', 'GET / HTTP/1.1\r\n', 'GET / HTTP/1.1\r\n']) {
    const idle = await Promise.all(Array.from({ length: 300 }, () => connect(serving.port)))
    for (const connection of idle) connection.send(sent)
    ends.push(...idle.map((connection) => connection.closed()))
    assert.ok(await servesLatest(stage, serving))
  }
  const descriptors = (): number => readdirSync(`/proc/${serving.pid}/fd`).length
  assert.ok(descriptors() > 300, `${descriptors()} file descriptors`)
  // 512 connections, once they had time to ask, and some more for what else a process holds.
  await eventually(() => descriptors() < 550)
  if (hasIpv6) assert.is((await askContainer(serving.port, serving.token(), '::1')).status, 200)
  await Promise.all(ends)
  assert.ok(await servesLatest(stage, serving))
  await endServing(stage, serving)
})

async function answers(serving: LongLived): Promise<boolean> {
  try {
    return (await askContainer(serving.port, serving.token())).status === 200
  } catch {
    return false
  }
}

surroundings.run()
