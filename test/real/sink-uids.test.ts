/** A run as another uid than the one that owns the files: what it may not touch it leaves, and says whose turn it is. */
import { chmodSync, chownSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeFolder, putCredentials, run, type RunFolder } from '../e2e/harness.ts'
import { count } from '../e2e/outcome.ts'
import { startStage } from '../rig/emulators/stage.ts'
import { OLD, UID_FAULTS } from '../faults/sink.ts'
import { sinkVerdict } from '../faults/sink-verdict.ts'
import { draftOf } from './sink-scenes.ts'
import { requireTools } from './sink-tools.ts'

requireTools()

const OWNER = 54_320
const OTHER = 54_321

const uids = suite('real: another uid')

const stage = await startStage()
uids.after(() => stage.close())

/** A credentials file of OWNER's in a folder of that mode, and a way there for OTHER. */
function ownedFolder(mode: number, group?: number): RunFolder {
  const folder = makeFolder()
  putCredentials(folder, OLD)
  chmodSync(dirname(folder.path), 0o755)
  chmodSync(folder.path, 0o755)
  chmodSync(folder.home, 0o755)
  chmodSync(folder.terminationLog, 0o666)
  const inside = dirname(folder.credentials)
  chownSync(inside, OWNER, group ?? OWNER)
  chmodSync(inside, mode)
  chownSync(folder.credentials, OWNER, group ?? OWNER)
  return folder
}

for (const [what, mode, fileMode, action] of [
  ['a directory that it may not enter', 0o700, 0o600, /cannot use the directory|cannot write/],
  ['a directory that it may not write', 0o755, 0o644, /cannot write/],
  ['a file that it may not read', 0o777, 0o600, /cannot read/],
  ['a file that it may not replace, in a sticky directory', 0o1777, 0o644, /cannot replace/],
] as const) {
  uids(`${what}: exit 6 with the uid, the old file whole and nothing beside it`, async () => {
    const folder = ownedFolder(mode)
    chmodSync(folder.credentials, fileMode)
    const done = await run(stage, { folder, uid: OTHER })
    sinkVerdict(stage, UID_FAULTS[what], done, OLD)
    assert.match(done.stderr, action)
    assert.match(done.stderr, /for uid 54321/)
    assert.is(statSync(folder.credentials).uid, OWNER)
    assert.equal(done.files, ['.aws/credentials'])
    assert.is(count(done.vault, /revoke-self/), 1)
  })
}

uids("a leftover of the owner's in a sticky directory: exit 6, and it stays", async () => {
  const folder = ownedFolder(0o1777)
  writeFileSync(draftOf(folder), 'half')
  chownSync(draftOf(folder), OWNER, OWNER)
  utimesSync(draftOf(folder), 0, 0)
  const done = await run(stage, { folder, uid: OTHER })
  sinkVerdict(stage, UID_FAULTS["a leftover of the owner's in a sticky directory"], done, OLD)
  assert.match(done.stderr, /not permitted for uid 54321/)
  assert.is(readFileSync(draftOf(folder), 'utf8'), 'half')
})

uids("a directory of the pod's fsGroup: the file is replaced, and belongs to the run's uid", async () => {
  const folder = ownedFolder(0o2770, OTHER)
  chmodSync(folder.credentials, 0o640)
  const done = await run(stage, { folder, uid: OTHER, env: { FILE_MODE: '0640' } })
  sinkVerdict(stage, UID_FAULTS["a directory of the pod's fsGroup"], done, OLD)
  const { uid, gid, mode } = statSync(folder.credentials)
  assert.equal([uid, gid, mode & 0o7777], [OTHER, OTHER, 0o640])
  assert.equal(done.files, ['.aws/credentials'])
})

uids.run()
