/** The sink's calls refused by the system, and file systems that refuse by themselves: full, read-only, another's. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeFolder, run, type RunFolder } from '../e2e/harness.ts'
import { count, failed } from '../e2e/outcome.ts'
import { startStage } from '../rig/emulators/stage.ts'
import { ANSWERS, OLD, SCENES, SYSTEM_ERRORS, VOLUME_FAULTS, type Scene } from '../faults/sink.ts'
import { sinkVerdict } from '../faults/sink-verdict.ts'
import { callsIn, isNew, isOld, runWith } from './sink-scenes.ts'
import { copyOf, mounted, requireTools, type SystemCall } from './sink-tools.ts'

requireTools('strace', 'unshare')

const stage = await startStage()

const refused = suite('real: the system refuses')
const volumes = suite('real: a volume that is')

/** What a scene has that those before it have not. */
function isOwnOf({ env, leftover }: Scene, { name, path }: SystemCall): boolean {
  if (leftover === true) return name === 'unlink'
  return env['WRITE_REGION'] === undefined || path.includes('config')
}

for (const scene of SCENES) {
  const calls = await callsIn(stage, scene)
  const renamed = calls.findIndex(({ name, path }) => name === 'rename' && path.includes('.credentials'))
  for (const [at, call] of calls.entries()) {
    if (!isOwnOf(scene, call)) continue
    for (const error of ANSWERS[call.name] ?? []) {
      // A folder that may not be read is not synced, and the rename stands all the same.
      if (at > renamed && call.path === '.aws' && error === 'EACCES') continue
      refused(`${scene.what}: ${call.name} of ${call.path} with ${error}`, async () => {
        const done = await runWith(stage, scene, call, `error=${error}`)
        failed(done, 6, SYSTEM_ERRORS[error])
        if (at <= renamed) isOld(done, scene)
        else isNew(stage, done, scene)
        const stuck = call.name === 'unlink' ? ['.aws/.credentials.aws-iam-ra'] : []
        const whole = scene.leaves.filter((file) => done.files.includes(file))
        assert.equal(done.files, [...stuck, ...whole], 'something is left beside the file')
        assert.is(count(done.vault, /revoke-self/), 1)
      })
    }
  }
}

refused.run()

/** The credentials file and what is beside it, as they were in the run's own mount namespace. */
function seen(folder: RunFolder): { readonly text: string | undefined; readonly files: readonly string[] } {
  const copy = copyOf(folder)
  const files = readdirSync(copy).sort()
  const text = files.includes('credentials') ? readFileSync(join(copy, 'credentials'), 'latin1') : undefined
  return { text, files }
}

const PUT_OLD = `printf '%s' '${OLD}' > "$folder/credentials"`
/** A file of three pages, so that two are free for the draft. */
const FILL = 'head -c 8192 /dev/zero > "$folder/other"'

/** How each comes about, and the files that are in it. */
const SETUPS: Readonly<
  Record<keyof typeof VOLUME_FAULTS, readonly [setup: string, files: readonly string[]]>
> = {
  'full to the last page': [`mount -t tmpfs -o size=4k none "$folder"\n${PUT_OLD}`, ['credentials']],
  'full after a part of the draft': [
    `mount -t tmpfs -o size=16k none "$folder"\n${FILL}\nhead -c 3900 /dev/zero | tr '\\0' '#' > "$folder/credentials"`,
    ['credentials', 'other'],
  ],
  'out of inodes': [`mount -t tmpfs -o nr_inodes=2 none "$folder"\n${PUT_OLD}`, ['credentials']],
  'bound read-only': [
    `${PUT_OLD}\nmount --bind -o ro "$folder" "$folder"\nmount -o remount,bind,ro "$folder"`,
    ['credentials'],
  ],
  'remounted read-only': [
    `mount -t tmpfs none "$folder"\n${PUT_OLD}\nmount -o remount,ro "$folder"`,
    ['credentials'],
  ],
  'read-only and empty': ['mount -t tmpfs -o ro none "$folder"', []],
  'the file itself, by subPath': [
    `${PUT_OLD}\nmount --bind "$folder/credentials" "$folder/credentials"`,
    ['credentials'],
  ],
}

for (const [what, fault] of Object.entries(VOLUME_FAULTS)) {
  const [setup, files] = SETUPS[what as keyof typeof SETUPS]
  volumes(`${what}: exit 6, the old file whole, and nothing beside it`, async () => {
    const folder = makeFolder()
    const done = await run(stage, { folder, under: mounted(folder, setup) })
    const { text, files: left } = seen(folder)
    sinkVerdict(stage, fault, done, setup.includes(PUT_OLD) ? OLD : '#'.repeat(3900), text)
    assert.equal(left, files)
    assert.is(count(done.vault, /revoke-self/), 1)
  })
}

volumes('read-only where the folder belongs: exit 6, and no folder', async () => {
  const folder = makeFolder()
  const setup = 'rmdir "$folder"\nmount --bind "$HOME" "$HOME"\nmount -o remount,bind,ro "$HOME"'
  const done = await run(stage, { folder, under: mounted(folder, setup) })
  failed(done, 6, /cannot create the directory .*: its file system is read-only/)
  assert.not.ok(existsSync(join(folder.home, '.aws')))
})

volumes('just large enough takes the file', async () => {
  const folder = makeFolder()
  const setup = `mount -t tmpfs -o size=8k none "$folder"\n${PUT_OLD}`
  const done = await run(stage, { folder, under: mounted(folder, setup) })
  assert.is(done.code, 0, done.stderr)
  assert.equal(seen(folder).files, ['credentials'])
})

volumes.after(() => stage.close())
volumes.run()
