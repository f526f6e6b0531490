/** The scenes of the sink's faults put up, and which system calls a run makes on its files there. */
import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { makeFolder, putCredentials, run, type Run, type RunFolder } from '../e2e/harness.ts'
import { succeeded } from '../e2e/outcome.ts'
import type { Stage } from '../rig/emulators/stage.ts'
import { OTHERS, type Scene } from '../faults/sink.ts'
import { traced, type SystemCall } from './sink-tools.ts'

const CONFIG = '.aws/config'

export function draftOf(folder: RunFolder, name: 'credentials' | 'config' = 'credentials'): string {
  return join(folder.home, `.aws/.${name}.aws-iam-ra`)
}

/** Makes drafts as old as those of a killed run are when its pod is started again. */
export function setBack(folder: RunFolder): void {
  for (const draft of [draftOf(folder), draftOf(folder, 'config')]) {
    if (existsSync(draft)) utimesSync(draft, 0, 0)
  }
}

export function sceneFolder({ old, leftover }: Scene): RunFolder {
  const folder = makeFolder()
  if (old !== undefined) putCredentials(folder, old)
  if (leftover === true) {
    writeFileSync(draftOf(folder), '[default]\naws_acc')
    setBack(folder)
  }
  return folder
}

/** The calls that a run makes in a scene, with paths below the home folder. */
export async function callsIn(stage: Stage, scene: Scene): Promise<readonly SystemCall[]> {
  const folder = sceneFolder(scene)
  const tracing = traced(pathsOf(folder))
  const done = await run(stage, { folder, env: scene.env, under: tracing.under })
  succeeded(stage, done)
  const calls = tracing.calls().map(({ name, path }) => ({ name, path: path.slice(folder.home.length + 1) }))
  // Of one call on one path the first alone can be met: strace counts by thread, and which does what is by chance.
  return calls.filter(
    (call, at) => calls.findIndex(({ name, path }) => name === call.name && path === call.path) === at,
  )
}

/** @param effect what strace makes of the call, such as `signal=KILL` */
export async function runWith(
  stage: Stage,
  scene: Scene,
  { name, path }: SystemCall,
  effect: string,
): Promise<Run> {
  const folder = sceneFolder(scene)
  const tracing = traced([join(folder.home, path)], `${name}:${effect}:when=1`)
  return await run(stage, { folder, env: scene.env, under: tracing.under })
}

function pathsOf(folder: RunFolder): string[] {
  return [
    join(folder.home, '.aws'),
    folder.credentials,
    draftOf(folder),
    join(folder.home, CONFIG),
    draftOf(folder, 'config'),
  ]
}

export function isOld(done: Run, scene: Scene): void {
  assert.is(done.credentials, scene.old, 'the old file is not as it was')
}

/** Whole, with what AWS gave last, and with the other profiles as they were. */
export function isNew(stage: Stage, done: Run, scene: Scene): void {
  const session = stage.sessions.issued.at(-1)
  const lines = (done.credentials ?? '').split('\n')
  const wanted = [
    '[default]',
    `aws_access_key_id = ${session?.accessKeyId ?? ''}`,
    `aws_secret_access_key = ${session?.secretAccessKey ?? ''}`,
    `aws_session_token = ${session?.sessionToken ?? ''}`,
    // WRITE_REGION puts it into the config file instead.
    ...(scene.old === undefined || scene.env['WRITE_REGION'] === 'true' ? [] : ['region = eu-west-1']),
    '',
  ]
  const missing = wanted.filter((line) => !lines.includes(line))
  assert.is(missing.length, 0, 'the new file is not whole')
  if (scene.old !== undefined) assert.ok(done.credentials?.startsWith(OTHERS), 'another profile has changed')
}
