import { mkdir, stat, symlink, writeFile } from 'node:fs/promises'
import * as fsPromises from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ensureDirectory, directoryMode, syncDirectory } from '../../src/sink/directory.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { inScratch, systemError, watchedFileSystem } from './scratch.ts'

const folder = suite('folder')

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o7777
}

folder('may be entered by whoever may read the file', () => {
  assert.is(directoryMode(0o600), 0o700)
  assert.is(directoryMode(0o640), 0o710)
  assert.is(directoryMode(0o644), 0o711)
  assert.is(directoryMode(0o604), 0o701)
})

folder('is made with those above it in its mode, whatever the umask', () =>
  inScratch(async (scratch) => {
    const before = process.umask(0o077)
    try {
      await ensureDirectory(join(scratch.folder, 'a', 'b'), 0o711, fsPromises)
    } finally {
      process.umask(before)
    }
    assert.is(await modeOf(join(scratch.folder, 'a')), 0o711)
    assert.is(await modeOf(join(scratch.folder, 'a', 'b')), 0o711)
  }),
)

folder('keeps its own mode where it exists, also behind a symbolic link', () =>
  inScratch(async (scratch) => {
    const real = join(scratch.folder, 'real')
    await mkdir(real, { mode: 0o750 })
    await symlink(real, join(scratch.folder, 'link'))
    await ensureDirectory(real, 0o700, fsPromises)
    await ensureDirectory(join(scratch.folder, 'link'), 0o700, fsPromises)
    assert.is(await modeOf(real), 0o750)
  }),
)

folder("inherits a volume's setgid bit, which is how fsGroup reaches the file", () =>
  inScratch(async (scratch) => {
    await fsPromises.chmod(scratch.folder, 0o2770)
    await ensureDirectory(join(scratch.folder, 'a'), 0o710, fsPromises)
    assert.is(await modeOf(join(scratch.folder, 'a')), 0o2710)
  }),
)

folder('may be made by another writer meanwhile', () =>
  inScratch(async (scratch) => {
    const fs = watchedFileSystem(async (name, [path]) => {
      if (name === 'mkdir') await mkdir(String(path), { mode: 0o755 })
    })
    await ensureDirectory(join(scratch.folder, 'a'), 0o700, fs)
    assert.is(await modeOf(join(scratch.folder, 'a')), 0o755)
  }),
)

folder('is refused where a file or a link to nothing stands', () =>
  inScratch(async (scratch) => {
    const path = join(scratch.folder, 'a')
    await writeFile(path, '')
    const error = await rejectsWithCode(ensureDirectory(path, 0o700, fsPromises), 'FILE')
    assert.match(error.message, 'it is not a directory')
    const below = await rejectsWithCode(ensureDirectory(join(path, 'b'), 0o700, fsPromises), 'FILE')
    assert.match(below.message, 'a part of its path is not a directory')
    await symlink(join(scratch.folder, 'nowhere'), join(scratch.folder, 'link'))
    await rejectsWithCode(ensureDirectory(join(scratch.folder, 'link'), 0o700, fsPromises), 'FILE')
  }),
)

folder('that may not be read or synced is let go, and a failing disk is not', () =>
  inScratch(async (scratch) => {
    const failing = (call: string, code: string): Promise<void> =>
      syncDirectory(
        scratch.folder,
        watchedFileSystem((name) => {
          if (name === call) throw systemError(code)
        }),
      )
    await failing('open', 'EACCES')
    await failing('handle.sync', 'EINVAL')
    const error = await rejectsWithCode(failing('handle.sync', 'EIO'), 'FILE')
    assert.match(error.message, 'input/output error')
  }),
)

folder.run()
