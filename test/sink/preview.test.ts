import { chmod, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import * as fsPromises from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { previewFile, type FilePreview } from '../../src/sink/preview.ts'
import { writeCredentials } from '../../src/sink/credentials-file.ts'
import type { SinkSettings } from '../../src/sink/settings.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { CREDENTIALS, inScratch, systemError, watchedFileSystem, type Scratch } from './scratch.ts'

function settingsOf({ file }: Scratch, changes: Partial<SinkSettings> = {}): SinkSettings {
  return { credentialsFile: file, profile: 'default', fileMode: 0o640, ...changes }
}

async function preview(
  scratch: Scratch,
  changes?: Partial<SinkSettings>,
  kind: 'credentials' | 'config' = 'credentials',
): Promise<FilePreview> {
  return await previewFile(kind, settingsOf(scratch, changes), scratch.context())
}

const found = suite('the preview of a file')

found('tells that it would be made, and changes nothing', () =>
  inScratch(async (scratch) => {
    await chmod(scratch.folder, 0o755)
    const credentialsFile = join(scratch.folder, 'a', 'b', 'credentials')
    const { present, mode, hasProfile, directory, newDirectoryMode, failure } = await preview(scratch, {
      credentialsFile,
    })
    assert.is(failure, undefined)
    assert.is(present, undefined)
    assert.is(mode, 0o640)
    assert.is(hasProfile, false)
    assert.is(directory?.path, scratch.folder)
    assert.is(directory?.mode, 0o755)
    assert.is(newDirectoryMode, 0o710)
    assert.equal(await readdir(scratch.folder), [])
  }),
)

found('tells of the file that is there, and leaves it as it is', () =>
  inScratch(async (scratch) => {
    const text = '[other]\nregion = x\n[default]\naws_access_key_id = old\n'
    await writeFile(scratch.file, text)
    await chmod(scratch.file, 0o604)
    const { present, hasProfile, newDirectoryMode, failure } = await preview(scratch)
    assert.is(failure, undefined)
    assert.is(present?.mode, 0o604)
    assert.is(present?.uid, process.getuid?.())
    assert.is(hasProfile, true)
    assert.is(newDirectoryMode, undefined)
    assert.is((await preview(scratch, { profile: 'third' })).hasProfile, false)
    assert.is(await readFile(scratch.file, 'utf8'), text)
    assert.equal(await readdir(scratch.folder), ['credentials'])
  }),
)

found("tells the config file's own mode, which stays", () =>
  inScratch(async (scratch) => {
    const path = join(scratch.folder, 'config')
    await writeFile(path, '[default]\n', { mode: 0o600 })
    await chmod(path, 0o644)
    const { mode, hasProfile } = await preview(
      scratch,
      { regionFile: { path, region: 'eu-central-1' } },
      'config',
    )
    assert.is(mode, 0o644)
    assert.is(hasProfile, true)
  }),
)

found('warns of what writing would warn of, and of a draft in the way', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, '[default]\na = 1\n[default]\nb = 2\n[x]\nno setting\n')
    await writeFile(join(scratch.folder, '.credentials.aws-iam-ra'), '')
    assert.is((await preview(scratch)).failure, undefined)
    const warnings = scratch.log.messages('warn').join('\n')
    for (const words of ['appears more than once', 'AWS CLI and boto3 cannot read', 'another writer'])
      assert.match(warnings, words)
  }),
)

found.run()

const refused = suite('a file that cannot be written')

/** What is refused: how it is made so. */
const REFUSALS: Readonly<Record<string, (scratch: Scratch) => Promise<unknown>>> = {
  'a folder in its place': ({ file }) => mkdir(file),
  'a link in its place': ({ file }) => symlink('/etc/hostname', file),
  'a NUL byte': ({ file }) => writeFile(file, 'a\0b'),
  'more than 1 MiB': ({ file }) => writeFile(file, Buffer.alloc(1024 * 1024 + 1, '\n')),
  'just under 1 MiB, before the profile is added': ({ file }) =>
    writeFile(file, `[a]\nx = ${'y'.repeat(1024 * 1024 - 20)}\n`),
  'a key that hides ours': ({ file }) => writeFile(file, '[default]\nrole_arn = x\n'),
  'a folder in the place of the draft': ({ folder }) => mkdir(join(folder, '.credentials.aws-iam-ra')),
}

for (const [what, prepare] of Object.entries(REFUSALS)) {
  refused(`for ${what} is refused with the words of a write`, () =>
    inScratch(async (scratch) => {
      await prepare(scratch)
      const { failure } = await preview(scratch)
      const write = writeCredentials(CREDENTIALS, settingsOf(scratch), scratch.context())
      const { message, hint } = await rejectsWithCode(write, 'FILE')
      assert.is(failure?.message, message)
      assert.is(failure?.hint, hint)
    }),
  )
}

refused('below a file is refused with the words of a write', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, '')
    const credentialsFile = join(scratch.file, 'credentials')
    const { failure } = await preview(scratch, { credentialsFile })
    const settings = settingsOf(scratch, { credentialsFile })
    const { message } = await rejectsWithCode(
      writeCredentials(CREDENTIALS, settings, scratch.context()),
      'FILE',
    )
    assert.is(failure?.message, message)
  }),
)

for (const [code, words] of [
  ['EACCES', /cannot write .*: permission denied for uid/],
  ['EROFS', /its file system is read-only/],
] as const) {
  refused(`in a folder that may not be written (${code}) is told, with what else was found`, () =>
    inScratch(async (scratch) => {
      const fs = watchedFileSystem((name) => {
        if (name === 'access') throw systemError(code)
      })
      const { failure, directory } = await previewFile(
        'credentials',
        settingsOf(scratch),
        scratch.context({ fs }),
      )
      assert.match(failure?.message ?? '', words)
      assert.is(directory?.path, scratch.folder)
    }),
  )
}

refused('as a mount of its own is told', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, '')
    // proc(5) has blanks as octal.
    const table = `36 35 98:0 / ${scratch.file.replaceAll('-', '\\055')} rw - ext4 /dev/root rw\n`
    const fs = { ...fsPromises, readFile: (async () => table) as unknown as typeof readFile }
    const { failure } = await previewFile('credentials', settingsOf(scratch), scratch.context({ fs }))
    assert.match(failure?.message ?? '', /it is a mount of its own and cannot be replaced/)
  }),
)

refused.run()
