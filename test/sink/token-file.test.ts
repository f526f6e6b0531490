import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { writeTokenFile } from '../../src/sink/token-file.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { inScratch, systemError, watchedFileSystem } from './scratch.ts'

const TOKEN = 'canary-authorization-token'
const NAME = 'container-authorization-token'

const modeOf = (path: string): number => statSync(path).mode & 0o7777

const tokenFile = suite("the container endpoint's token file")

for (const mode of [0o600, 0o640, 0o444]) {
  tokenFile(`holds the token and nothing else, with mode ${mode.toString(8)} whatever the umask`, () =>
    inScratch(async ({ folder, context, list, log }) => {
      const umask = process.umask(0o077)
      try {
        await writeTokenFile(join(folder, NAME), mode, TOKEN, context())
      } finally {
        process.umask(umask)
      }
      assert.is(readFileSync(join(folder, NAME), 'utf8'), TOKEN)
      assert.is(modeOf(join(folder, NAME)), mode)
      assert.equal(await list(), [NAME])
      assert.equal(log.lines, [])
    }),
  )
}

tokenFile('has its folder made, which those who may read it can enter', () =>
  inScratch(async ({ folder, context }) => {
    await writeTokenFile(join(folder, 'own', NAME), 0o600, TOKEN, context())
    await writeTokenFile(join(folder, 'shared', NAME), 0o640, TOKEN, context())
    assert.equal([modeOf(join(folder, 'own')), modeOf(join(folder, 'shared'))], [0o700, 0o710])
  }),
)

tokenFile('replaces the one of an earlier process whole, whatever its mode and length', () =>
  inScratch(async ({ folder, context }) => {
    const path = join(folder, NAME)
    writeFileSync(path, `${'another-token'.repeat(20)}\n`)
    chmodSync(path, 0o666)
    await writeTokenFile(path, 0o600, TOKEN, context())
    assert.is(readFileSync(path, 'utf8'), TOKEN)
    assert.is(modeOf(path), 0o600)
  }),
)

tokenFile('is not written through a link, nor in the place of a folder', () =>
  inScratch(async ({ folder, context }) => {
    const target = join(folder, 'target')
    writeFileSync(target, 'another')
    symlinkSync(target, join(folder, NAME))
    const linked = await rejectsWithCode(writeTokenFile(join(folder, NAME), 0o600, TOKEN, context()), 'FILE')
    assert.match(linked.message, /a symbolic link is in its place/)
    assert.is(readFileSync(target, 'utf8'), 'another')
    assert.ok(lstatSync(join(folder, NAME)).isSymbolicLink())
    mkdirSync(join(folder, 'folder'))
    await rejectsWithCode(writeTokenFile(join(folder, 'folder'), 0o600, TOKEN, context()), 'FILE')
  }),
)

tokenFile('that cannot be written is an error of the sink, with a hint and without the token', () =>
  inScratch(async ({ folder, context, list }) => {
    const fs = watchedFileSystem((name, [path]) => {
      if (name === 'open' && String(path).includes(NAME)) throw systemError('EACCES')
    })
    const error = await rejectsWithCode(
      writeTokenFile(join(folder, NAME), 0o600, TOKEN, context({ fs })),
      'FILE',
    )
    assert.is(error.stage, 'sink')
    assert.ok(error.message.includes(join(folder, NAME)), error.message)
    assert.type(error.hint, 'string')
    assert.not.match(`${error.message} ${error.hint ?? ''}`, TOKEN)
    assert.equal(await list(), [])
  }),
)

tokenFile('that someone else adds to is an error', () =>
  inScratch(async ({ folder, context }) => {
    const path = join(folder, NAME)
    const fs = watchedFileSystem((name) => {
      if (name === 'handle.read') appendFileSync(path, '\n')
    })
    const error = await rejectsWithCode(writeTokenFile(path, 0o600, TOKEN, context({ fs })), 'FILE')
    assert.match(error.message, /does not match what was written$/)
    assert.not.match(error.message, TOKEN)
  }),
)

tokenFile('is left as it was by a stop', () =>
  inScratch(async ({ folder, context, list }) => {
    const path = join(folder, NAME)
    writeFileSync(path, 'another')
    const stop = new AbortController()
    const fs = watchedFileSystem((name) => {
      if (name === 'handle.sync') stop.abort(new IamRaError('INTERRUPTED', 'internal', 'stopped'))
    })
    await rejectsWithCode(
      writeTokenFile(path, 0o600, TOKEN, context({ fs, signal: stop.signal })),
      'INTERRUPTED',
    )
    assert.is(readFileSync(path, 'utf8'), 'another')
    assert.equal(await list(), [NAME])
  }),
)

tokenFile.run()
