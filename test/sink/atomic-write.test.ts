import { lstat, mkdir, readFile, rename, symlink, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createBounds } from '../../src/run/deadline.ts'
import { IamRaError } from '../../src/errors.ts'
import type { FileSystem } from '../../src/run/runtime.ts'
import { replaceFile } from '../../src/sink/atomic-write.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { fakeClock } from '../support/fake-runtime.ts'
import { inScratch, systemError, watchedFileSystem, type Scratch } from './scratch.ts'

const DRAFT = '.credentials.aws-iam-ra'

async function replace(
  scratch: Scratch,
  changes: Parameters<Scratch['context']>[0] = {},
  edit: (current: Buffer | undefined) => Buffer = () => Buffer.from('new'),
  mode = 0o600,
): Promise<void> {
  await replaceFile(scratch.file, mode, edit, () => Promise.resolve(), scratch.context(changes))
}

/** A file system on which one call fails, the n-th of its name. */
function failing(call: string, code = 'EIO', nth = 1): FileSystem {
  let count = 0
  return watchedFileSystem((name) => {
    if (name === call && ++count === nth) throw systemError(code)
  })
}

async function modeOf(path: string): Promise<number> {
  return (await lstat(path)).mode & 0o7777
}

const write = suite('atomic write')

write('makes a file and replaces it, and leaves nothing beside it', () =>
  inScratch(async (scratch) => {
    const seen: (string | undefined)[] = []
    const append = (current: Buffer | undefined): Buffer => {
      seen.push(current?.toString())
      return Buffer.from(`${current?.toString() ?? ''}x`)
    }
    await replace(scratch, {}, append)
    await replace(scratch, {}, append)
    assert.equal(seen, [undefined, 'x'])
    assert.is(await readFile(scratch.file, 'utf8'), 'xx')
    assert.equal(await scratch.list(), ['credentials'])
  }),
)

write('gives the bytes in place to the check and fails with it', () =>
  inScratch(async (scratch) => {
    const verify = (written: Buffer): Promise<void> => Promise.reject(new Error(`read ${written.toString()}`))
    let message = ''
    try {
      await replaceFile(scratch.file, 0o600, () => Buffer.from('new'), verify, scratch.context())
    } catch (error) {
      message = error instanceof Error ? error.message : ''
    }
    assert.is(message, 'read new')
  }),
)

for (const mode of [0o600, 0o640, 0o444, 0o400]) {
  write(`holds mode ${mode.toString(8)} from the first byte, whatever the umask and the old file`, () =>
    inScratch(async (scratch) => {
      await writeFile(scratch.file, 'old', { mode: 0o666 })
      const modes: number[] = []
      const draft = join(scratch.folder, DRAFT)
      const fs = watchedFileSystem(async (name) => {
        if (name === 'handle.chmod')
          assert.is((await modeOf(draft)) & ~mode, 0, 'never wider than the final mode')
        if (name === 'handle.writeFile') modes.push(await modeOf(draft))
      })
      const before = process.umask(0o027)
      try {
        await replace(scratch, { fs }, undefined, mode)
      } finally {
        process.umask(before)
      }
      assert.equal(modes, [mode])
      assert.is(await modeOf(scratch.file), mode)
    }),
  )
}

write('syncs the bytes before the rename and the folder after it', () =>
  inScratch(async (scratch) => {
    const calls: string[] = []
    await replace(scratch, { fs: watchedFileSystem((name) => void calls.push(name)) })
    const order = calls.filter((name) => ['handle.writeFile', 'handle.sync', 'rename'].includes(name))
    assert.equal(order, ['handle.writeFile', 'handle.sync', 'rename', 'handle.sync'])
  }),
)

const faults = suite('atomic write, faults')

// Every call up to the rename, in the order in which a replacement makes them.
for (const [call, nth] of [
  ['stat', 1],
  ['open', 1],
  ['handle.stat', 1],
  ['handle.chmod', 1],
  ['lstat', 1],
  ['open', 2],
  ['handle.stat', 2],
  ['handle.read', 1],
  ['handle.writeFile', 1],
  ['handle.sync', 1],
  ['lstat', 2],
  ['rename', 1],
] as const) {
  faults(`leaves the old file and nothing beside it when ${call} fails (${nth})`, () =>
    inScratch(async (scratch) => {
      await writeFile(scratch.file, 'old')
      const error = await rejectsWithCode(replace(scratch, { fs: failing(call, 'EIO', nth) }), 'FILE')
      assert.is(error.stage, 'sink')
      assert.not(error.retryable)
      assert.ok(error.cause)
      assert.is(await readFile(scratch.file, 'utf8'), 'old')
      assert.equal(await scratch.list(), ['credentials'])
    }),
  )
}

for (const [call, nth] of [
  ['handle.sync', 2],
  ['lstat', 3],
  ['handle.read', 3],
] as const) {
  faults(`leaves the new file whole when ${call} fails after the rename (${nth})`, () =>
    inScratch(async (scratch) => {
      await writeFile(scratch.file, 'old')
      await rejectsWithCode(replace(scratch, { fs: failing(call, 'EIO', nth) }), 'FILE')
      assert.is(await readFile(scratch.file, 'utf8'), 'new')
      assert.equal(await scratch.list(), ['credentials'])
    }),
  )
}

faults('refuses a file that has grown since it was looked at', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, 'old')
    let opened = 0
    const fs = watchedFileSystem(async (name) => {
      // The first is the draft's.
      if (name === 'open' && ++opened === 2) await writeFile(scratch.file, Buffer.alloc(1024 * 1024 + 1))
    })
    const error = await rejectsWithCode(replace(scratch, { fs }), 'FILE')
    assert.match(error.message, 'larger than 1 MiB')
    assert.equal(await scratch.list(), ['credentials'])
  }),
)

faults('refuses to make a file that the next run would refuse', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, 'old')
    const replaceBy = (bytes: number): Promise<void> =>
      replaceFile(
        scratch.file,
        0o600,
        () => Buffer.alloc(bytes),
        async () => undefined,
        scratch.context(),
      )
    const error = await rejectsWithCode(replaceBy(1024 * 1024 + 1), 'FILE')
    assert.match(error.message, 'would exceed 1 MiB')
    assert.is(await readFile(scratch.file, 'utf8'), 'old')
    assert.equal(await scratch.list(), ['credentials'])
    await replaceBy(1024 * 1024)
    await replaceBy(1)
  }),
)

for (const [call, code, said, hint] of [
  ['handle.writeFile', 'ENOSPC', 'no space is left', 'sizeLimit'],
  ['handle.sync', 'EDQUOT', 'quota', 'sizeLimit'],
  ['open', 'EROFS', 'read-only', 'emptyDir'],
  ['open', 'EACCES', `permission denied for uid ${process.getuid?.() ?? 'unknown'}`, 'fsGroup'],
  ['open', 'ENOENT', 'no such file or directory', 'mount'],
  ['rename', 'EBUSY', 'a mount of its own', 'subPath'],
  ['rename', 'EXDEV', 'a mount of its own', 'subPath'],
  ['rename', 'EISDIR', 'a directory is in its place', 'mount'],
  ['handle.writeFile', 'EFBIG', 'limit on the size of a file', 'ulimit -f'],
  ['open', 'EMFILE', 'too many files are open', 'ulimit -n'],
  ['open', 'EWHAT', 'EWHAT', 'look this code up'],
] as const) {
  faults(`explains ${code} of ${call}`, () =>
    inScratch(async (scratch) => {
      const error = await rejectsWithCode(replace(scratch, { fs: failing(call, code) }), 'FILE')
      assert.match(error.message, said)
      assert.match(error.message, scratch.file)
      assert.not.match(error.message, /^[A-Z]|\.$/)
      assert.match(error.hint ?? '', hint)
    }),
  )
}

faults('lets a bug through as it is', () =>
  inScratch(async (scratch) => {
    const bug = new TypeError('a bug')
    let caught: unknown
    try {
      await replace(scratch, {}, () => {
        throw bug
      })
    } catch (error) {
      caught = error
    }
    assert.is(caught, bug)
    assert.equal(await scratch.list(), [])
  }),
)

for (const call of ['open', 'handle.chmod', 'lstat', 'handle.writeFile', 'handle.sync']) {
  faults(`stops for a signal that comes at ${call}, with its reason and without a trace`, () =>
    inScratch(async (scratch) => {
      await writeFile(scratch.file, 'old')
      const stop = new AbortController()
      const reason = new Error('stopped')
      const fs = watchedFileSystem((name) => {
        if (name === call) stop.abort(reason)
      })
      let caught: unknown
      try {
        await replace(scratch, { fs, signal: stop.signal })
      } catch (error) {
        caught = error
      }
      assert.is(caught, reason)
      assert.is(await readFile(scratch.file, 'utf8'), 'old')
      assert.equal(await scratch.list(), ['credentials'])
    }),
  )
}

const place = suite('atomic write, what stands in its place')

place('refuses a symbolic link and leaves what it points to', () =>
  inScratch(async (scratch) => {
    const target = join(scratch.folder, 'target')
    await writeFile(target, 'theirs')
    await symlink(target, scratch.file)
    const error = await rejectsWithCode(replace(scratch), 'FILE')
    assert.match(error.message, 'a symbolic link is in its place')
    assert.match(error.hint ?? '', 'mount a directory')
    assert.is(await readFile(target, 'utf8'), 'theirs')
    assert.equal(await scratch.list(), ['credentials', 'target'])
  }),
)

place('refuses a folder', () =>
  inScratch(async (scratch) => {
    await mkdir(scratch.file)
    const error = await rejectsWithCode(replace(scratch), 'FILE')
    assert.match(error.message, 'a directory is in its place')
    assert.equal(await scratch.list(), ['credentials'])
  }),
)

place('refuses a file over 1 MiB', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, Buffer.alloc(1024 * 1024 + 1, 'x'))
    const error = await rejectsWithCode(replace(scratch), 'FILE')
    assert.match(error.message, 'larger than 1 MiB')
    assert.is((await lstat(scratch.file)).size, 1024 * 1024 + 1)
  }),
)

place('replaces a symbolic link that is planted during the run and does not follow it', () =>
  inScratch(async (scratch) => {
    const target = join(scratch.folder, 'target')
    await writeFile(target, 'theirs')
    const fs = watchedFileSystem(async (name) => {
      if (name === 'handle.writeFile') await symlink(target, scratch.file)
    })
    await replace(scratch, { fs })
    assert.ok((await lstat(scratch.file)).isFile())
    assert.is(await readFile(target, 'utf8'), 'theirs')
  }),
)

place('refuses to read through a symbolic link that is planted just before', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, 'old')
    await writeFile(join(scratch.folder, 'target'), 'theirs')
    const fs = watchedFileSystem(async (name, [path]) => {
      if (name !== 'open' || path !== scratch.file) return
      await unlink(scratch.file)
      await symlink(join(scratch.folder, 'target'), scratch.file)
    })
    const error = await rejectsWithCode(replace(scratch, { fs }), 'FILE')
    assert.match(error.message, 'a symbolic link is in its place')
    assert.equal(await scratch.list(), ['credentials', 'target'])
  }),
)

const lock = suite('atomic write, the draft as a lock')

lock('lets many writers at the same moment each add to what the others wrote', () =>
  inScratch(async (scratch) => {
    const add = (name: string) => (current: Buffer | undefined) =>
      Buffer.from(`${current?.toString() ?? ''}${name} `)
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    await Promise.all(names.map((name) => replace(scratch, {}, add(name))))
    assert.equal((await readFile(scratch.file, 'utf8')).trim().split(' ').sort(), names)
    assert.equal(await scratch.list(), ['credentials'])
  }),
)

for (const [when, awayMs] of [
  ['past', -60_000],
  ['future', 60_000],
] as const) {
  lock(`removes what a killed run left, dated in the ${when}`, () =>
    inScratch(async (scratch) => {
      const draft = join(scratch.folder, DRAFT)
      const clock = fakeClock(1000, Date.now())
      await writeFile(draft, 'half')
      await utimes(draft, new Date(), new Date(clock.now() + awayMs))
      await replace(scratch, { clock })
      assert.equal(clock.sleeps, [])
      assert.is(await readFile(scratch.file, 'utf8'), 'new')
      assert.equal(await scratch.list(), ['credentials'])
    }),
  )
}

lock('waits five seconds before it takes a draft for a leftover', () =>
  inScratch(async (scratch) => {
    await writeFile(join(scratch.folder, DRAFT), 'half')
    const clock = fakeClock(1000, Date.now())
    await replace(scratch, { clock })
    const waited = clock.sleeps.reduce((sum, ms) => sum + ms, 0)
    assert.ok(waited > 4000 && waited < 6000, `${waited} ms`)
    assert.is(await readFile(scratch.file, 'utf8'), 'new')
  }),
)

lock('goes on at once when the other writer is done', () =>
  inScratch(async (scratch) => {
    const draft = join(scratch.folder, DRAFT)
    await writeFile(draft, 'theirs')
    const clock = fakeClock(1000, Date.now())
    const sleep = async (ms: number): Promise<void> => {
      await clock.sleep(ms)
      if (clock.sleeps.length === 2) await rename(draft, scratch.file)
    }
    await replace(scratch, { clock: { ...clock, sleep } }, (current) =>
      Buffer.from(`${String(current)}, ours`),
    )
    assert.is(clock.sleeps.length, 2)
    assert.is(await readFile(scratch.file, 'utf8'), 'theirs, ours')
  }),
)

lock('stops waiting for a signal and leaves the draft to its writer', () =>
  inScratch(async (scratch) => {
    await writeFile(join(scratch.folder, DRAFT), 'theirs')
    const stop = new AbortController()
    const reason = new Error('stopped')
    const clock = fakeClock(0, Date.now())
    const waiting = replace(scratch, {
      signal: stop.signal,
      clock: {
        ...clock,
        sleep: (ms, signal) => {
          const slept = clock.sleep(ms, signal)
          stop.abort(reason)
          return slept
        },
      },
    })
    let caught: unknown
    await waiting.catch((error: unknown) => {
      caught = error
    })
    assert.is(caught, reason)
    assert.equal(await scratch.list(), [DRAFT])
  }),
)

lock('says once whom it waits for', () =>
  inScratch(async (scratch) => {
    const draft = join(scratch.folder, DRAFT)
    await writeFile(draft, 'theirs')
    const clock = fakeClock(1000, Date.now())
    await replace(scratch, { clock })
    assert.ok(clock.sleeps.length > 1)
    const said = scratch.log.messages('step').filter((message) => message.startsWith('waiting'))
    assert.equal(said, [`waiting for the writer that holds ${draft}`])
  }),
)

lock('names the draft that it waited for until DEADLINE, and what to do', () =>
  inScratch(async (scratch) => {
    const draft = join(scratch.folder, DRAFT)
    await writeFile(draft, 'theirs')
    const clock = fakeClock(1000, Date.now())
    const bounds = createBounds(3000, clock, new AbortController().signal)
    const error = await rejectsWithCode(replace(scratch, { clock, signal: bounds.signal }), 'DEADLINE')
    assert.is(error.stage, 'sink')
    assert.is(error.exitCode, 6)
    assert.is(
      error.message,
      `cannot write ${scratch.file}: DEADLINE of 3 s ran out while another writer held ${draft}`,
    )
    assert.match(error.hint ?? '', /other container .*remove it/)
    assert.equal(await scratch.list(), [DRAFT])
    bounds.release()
  }),
)

lock('speaks of no other writer where DEADLINE ends what waits for none', () =>
  inScratch(async (scratch) => {
    const stop = new AbortController()
    const deadline = new IamRaError('DEADLINE', 'internal', 'DEADLINE of 3 s ran out')
    const fs = watchedFileSystem((name) => {
      if (name === 'stat') stop.abort(deadline)
    })
    const error = await rejectsWithCode(replace(scratch, { fs, signal: stop.signal }), 'DEADLINE')
    assert.is(error, deadline)
  }),
)

lock('removes a planted symbolic link and never writes through it', () =>
  inScratch(async (scratch) => {
    const target = join(scratch.folder, 'target')
    await writeFile(target, 'theirs')
    await symlink(target, join(scratch.folder, DRAFT))
    await replace(scratch, { clock: fakeClock(1000, Date.now()) })
    assert.is(await readFile(target, 'utf8'), 'theirs')
    assert.is(await readFile(scratch.file, 'utf8'), 'new')
    assert.equal(await scratch.list(), ['credentials', 'target'])
  }),
)

lock('refuses a folder where the draft belongs', () =>
  inScratch(async (scratch) => {
    await mkdir(join(scratch.folder, DRAFT))
    const error = await rejectsWithCode(replace(scratch), 'FILE')
    assert.match(error.message, 'a directory is in the way of the temporary file')
    assert.equal(await scratch.list(), [DRAFT])
  }),
)

for (const plant of ['file', 'link'] as const) {
  lock(`does not rename a ${plant} that someone put in the draft's place, nor remove it`, () =>
    inScratch(async (scratch) => {
      await writeFile(scratch.file, 'old')
      const draft = join(scratch.folder, DRAFT)
      const fs = watchedFileSystem(async (name) => {
        if (name !== 'handle.sync') return
        await unlink(draft)
        await (plant === 'file' ? writeFile(draft, 'planted') : symlink('credentials', draft))
      })
      const error = await rejectsWithCode(replace(scratch, { fs }), 'FILE')
      assert.match(error.message, 'another process removed')
      assert.is(await readFile(scratch.file, 'utf8'), 'old')
      assert.equal(await scratch.list(), [DRAFT, 'credentials'])
    }),
  )
}

lock('is content when a later writer has replaced the file before it is read back', () =>
  inScratch(async (scratch) => {
    let renamed = false
    const fs = watchedFileSystem(async (name) => {
      if (name === 'rename') renamed = true
      if (name !== 'lstat' || !renamed) return
      await writeFile(join(scratch.folder, 'later'), 'later')
      await rename(join(scratch.folder, 'later'), scratch.file)
    })
    await replace(scratch, { fs })
    assert.is(await readFile(scratch.file, 'utf8'), 'later')
  }),
)

write.run()
faults.run()
place.run()
lock.run()
