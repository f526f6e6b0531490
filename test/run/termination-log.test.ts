import * as fs from 'node:fs'
import * as fsPromises from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeTerminationLog } from '../../src/run/termination-log.ts'
import { fc } from '../support/generated.ts'

const message = suite<{ folder: string }>('termination log')

message.before.each((context) => {
  context.folder = fs.mkdtempSync(join(tmpdir(), 'termination-log-test-'))
})
message.after.each(({ folder }) => fs.rmSync(folder, { recursive: true }))

message('replaces what an existing file holds', async ({ folder }) => {
  const path = join(folder, 'log')
  fs.writeFileSync(path, 'a longer text of a run before')
  await writeTerminationLog(fsPromises, path, 'exchange: no\nhint: yes')
  assert.is(fs.readFileSync(path, 'utf8'), 'exchange: no\nhint: yes')
})

message('makes no file', async ({ folder }) => {
  await writeTerminationLog(fsPromises, join(folder, 'log'), 'text')
  await writeTerminationLog(fsPromises, join(folder, 'none/log'), 'text')
  await writeTerminationLog(fsPromises, '', 'text')
  assert.equal(fs.readdirSync(folder), [])
})

message('writes into nothing but a regular file, and says nothing of it', async ({ folder }) => {
  fs.mkdirSync(join(folder, 'sub'))
  await writeTerminationLog(fsPromises, join(folder, 'sub'), 'text')
  await writeTerminationLog(fsPromises, '/dev/null', 'text')
  assert.equal(fs.readdirSync(join(folder, 'sub')), [])
})

message('does not open what is no regular file', async () => {
  const opened: unknown[] = []
  const watched = {
    ...fsPromises,
    open: (path: string) => {
      opened.push(path)
      return Promise.reject(new Error('opened'))
    },
  } as typeof fsPromises
  await writeTerminationLog(watched, '/dev/null', 'text')
  assert.equal(opened, [])
})

message('survives a file that it must not write', async ({ folder }) => {
  const path = join(folder, 'log')
  fs.writeFileSync(path, 'before')
  const refusing = {
    ...fsPromises,
    open: () => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' })),
  } as unknown as typeof fsPromises
  await writeTerminationLog(refusing, path, 'text')
  assert.is(fs.readFileSync(path, 'utf8'), 'before')
})

message('is at most 4096 bytes, cut between two characters', async ({ folder }) => {
  const path = join(folder, 'log')
  const unit = fc.constantFrom('a', 'ü', '€', '😀')
  await fc.assert(
    fc.asyncProperty(fc.string({ unit, minLength: 900, maxLength: 5000 }), async (text) => {
      fs.writeFileSync(path, '')
      await writeTerminationLog(fsPromises, path, text)
      const bytes = fs.readFileSync(path)
      assert.ok(bytes.byteLength <= 4096)
      assert.ok(text.startsWith(bytes.toString('utf8')))
      assert.ok(bytes.byteLength > 4096 - 4 || bytes.toString('utf8') === text)
    }),
    { numRuns: 50 },
  )
})

message.run()
