/** Links planted while the binary is in the midst of its writing: it is stopped between two calls, and goes on later. */
import { readFileSync, renameSync, statSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeFolder, put, putCredentials, start, type Run, type RunFolder } from '../e2e/harness.ts'
import { startStage } from '../rig/emulators/stage.ts'
import { OLD, PLANTED_FAULTS, SCENES } from '../faults/sink.ts'
import { sinkVerdict } from '../faults/sink-verdict.ts'
import { draftOf, isNew } from './sink-scenes.ts'
import { requireTools, resume, stoppedAfter } from './sink-tools.ts'

requireTools('strace')

const planted = suite('real: planted')

const stage = await startStage()
planted.after(() => stage.close())

interface Planting {
  readonly done: Run
  readonly folder: RunFolder
  readonly victim: string
}

/** A run over an old file that is stopped once `call` on `path` was made, for `plant` to have its turn. */
async function plantAfter(
  call: string,
  path: (folder: RunFolder) => string,
  plant: (folder: RunFolder, victim: string) => void,
): Promise<Planting> {
  const folder = makeFolder()
  putCredentials(folder, OLD)
  const victim = put(folder, 'victim', 'precious')
  const running = start(stage, { folder, under: stoppedAfter({ name: call, path: path(folder) }) })
  let stderr = ''
  running.child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  await running.shows('stopped by SIGSTOP')
  try {
    plant(folder, victim)
  } finally {
    resume(stderr)
  }
  const done = await running.finished
  assert.is(readFileSync(victim, 'utf8'), 'precious', 'what the link points to has changed')
  assert.is(statSync(victim).mode & 0o777, 0o644)
  // strace tells on stderr too what it does.
  const own = done.stderr.replace(/^(?:\[pid|strace:|\+{3} ).*\n/gm, '')
  return { done: { ...done, stderr: own }, folder, victim }
}

/** The link takes the place of what is there. */
function replaceByLink(path: string, victim: string): void {
  renameSync(path, `${path}.aside`)
  symlinkSync(victim, path)
}

planted("a link at the file's place before it is looked at: exit 6", async () => {
  const { done, folder } = await plantAfter('fchmod', draftOf, (at, victim) =>
    replaceByLink(at.credentials, victim),
  )
  sinkVerdict(stage, PLANTED_FAULTS["a link at the file's place before it is looked at"], done, OLD)
  assert.equal(done.files, ['.aws/credentials', '.aws/credentials.aside'])
  assert.is(readFileSync(`${folder.credentials}.aside`, 'utf8'), OLD)
})

planted("a link at the file's place after the old file was read: the link is replaced", async () => {
  const { done, folder } = await plantAfter('fsync', draftOf, (at, victim) =>
    replaceByLink(at.credentials, victim),
  )
  sinkVerdict(stage, PLANTED_FAULTS["a link at the file's place after the old file was read"], done, OLD)
  const [scene] = SCENES
  assert.ok(scene !== undefined)
  isNew(stage, done, scene)
  assert.is(readFileSync(`${folder.credentials}.aside`, 'utf8'), OLD)
})

planted("a link at the draft's place before the rename: exit 6, the old file whole", async () => {
  const { done } = await plantAfter('fsync', draftOf, (at, victim) => replaceByLink(draftOf(at), victim))
  sinkVerdict(stage, PLANTED_FAULTS["a link at the draft's place before the rename"], done, OLD)
})

planted('the whole directory exchanged for a link: nothing goes where that leads', async () => {
  const elsewhere = makeFolder()
  putCredentials(elsewhere, 'precious')
  const { done } = await plantAfter('fsync', draftOf, (at) =>
    replaceByLink(dirname(at.credentials), dirname(elsewhere.credentials)),
  )
  sinkVerdict(stage, PLANTED_FAULTS['the whole directory exchanged for a link'], done, OLD)
  assert.is(readFileSync(elsewhere.credentials, 'utf8'), 'precious')
  assert.is(readFileSync(join(done.folder.home, '.aws.aside/credentials'), 'utf8'), OLD)
})

planted.run()
