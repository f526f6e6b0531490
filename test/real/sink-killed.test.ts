/** The binary killed (-9) at each system call on its files: the old file or the new one is whole, and the next run is a first. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { run, type Run } from '../e2e/harness.ts'
import { succeeded } from '../e2e/outcome.ts'
import { startStage } from '../rig/emulators/stage.ts'
import { SCENES } from '../faults/sink.ts'
import { callsIn, draftOf, isNew, isOld, runWith, setBack } from './sink-scenes.ts'
import { requireTools } from './sink-tools.ts'

requireTools('strace')

/** No file but the credentials file and its draft holds what AWS gave, and there is no other file. */
function isHidden(done: Run): void {
  const allowed = ['credentials', '.credentials.aws-iam-ra', 'config', '.config.aws-iam-ra']
  for (const file of done.files) {
    assert.ok(allowed.includes(file.replace('.aws/', '')), `${file} does not belong there`)
    if (file.includes('credentials')) continue
    const text = readFileSync(join(done.folder.home, file), 'latin1')
    assert.not.ok(
      stage.sessions.issued.some(
        (one) => text.includes(one.secretAccessKey) || text.includes(one.sessionToken),
      ),
      `a secret stands in ${file}`,
    )
  }
}

const killed = suite('real: killed')

// A killed run cannot revoke its token; one that cannot be revoked is not counted.
const stage = await startStage({ authRole: { type: 'batch' } })
killed.after(() => stage.close())

for (const scene of SCENES) {
  const calls = await callsIn(stage, scene)
  const renamed = calls.findIndex(
    ({ name, path }) => name === 'rename' && path === '.aws/.credentials.aws-iam-ra',
  )

  killed(`${scene.what}: the calls that change something are among those that were seen`, () => {
    const names = new Set(calls.map(({ name }) => name))
    const wanted = ['openat', 'fchmod', 'write', 'fsync', 'rename', 'close']
    if (scene.old === undefined) wanted.push('mkdir')
    if (scene.leftover === true) wanted.push('unlink')
    assert.equal(
      wanted.filter((name) => !names.has(name)),
      [],
    )
    assert.ok(renamed > 0)
  })

  for (const [at, call] of calls.entries()) {
    killed(`${scene.what}: at ${call.name} of ${call.path}`, async () => {
      const done = await runWith(stage, scene, call, 'signal=KILL')
      assert.is(done.code, null, 'it was not killed')
      if (at <= renamed) isOld(done, scene)
      else isNew(stage, done, scene)
      isHidden(done)
      setBack(done.folder)
      const next = await run(stage, { folder: done.folder, env: scene.env })
      succeeded(stage, next)
      isNew(stage, next, scene)
      assert.equal(next.files, scene.leaves)
    })
  }
}

killed('and what it leaves is waited for where it is fresh, then removed', async () => {
  const [scene] = SCENES
  assert.ok(scene)
  const done = await runWith(
    stage,
    scene,
    { name: 'rename', path: '.aws/.credentials.aws-iam-ra' },
    'signal=KILL',
  )
  assert.ok(existsSync(draftOf(done.folder)))
  const next = await run(stage, { folder: done.folder })
  succeeded(stage, next)
  assert.equal(next.files, scene.leaves)
})

killed.run()
