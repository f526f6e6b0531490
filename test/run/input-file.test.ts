import * as fs from 'node:fs/promises'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readBoundedFile, readInputFile, type InputFiles } from '../../src/run/input-file.ts'
import { memoryFiles } from '../../src/run/memory-files.ts'
import { watchedFileSystem } from '../sink/scratch.ts'

const input = suite('a file that is mounted for us')

let folder: string
input.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'iam-ra-input-'))
})
input.after(() => rmSync(folder, { recursive: true }))

async function codeOf(path: string, files: InputFiles = fs): Promise<unknown> {
  try {
    await readInputFile(files, path)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code
  }
}

input('is read as text', async () => {
  const path = join(folder, 'text')
  writeFileSync(path, 'grüezi\n')
  assert.is(await readInputFile(fs, path), 'grüezi\n')
})

input('is not read where it is a device, a folder, too large or missing', async () => {
  const large = join(folder, 'large')
  writeFileSync(large, Buffer.alloc(1024 * 1024 + 1))
  assert.is(await codeOf('/dev/zero'), 'not a file')
  assert.is(await codeOf(folder), 'not a file')
  assert.is(await codeOf(large), 'larger than 1 MiB')
  assert.is(await codeOf(join(folder, 'nothing')), 'ENOENT')
})

input('is read to its last byte, also if it claims to be empty', async () => {
  const path = join(folder, 'whole')
  const text = 'x'.repeat(1024 * 1024)
  writeFileSync(path, text)
  assert.is(await readInputFile(fs, path), text)
  assert.is((await fs.stat('/proc/self/environ')).size, 0)
  assert.ok((await readInputFile(fs, '/proc/self/environ')).includes(`PATH=${process.env['PATH'] ?? ''}`))
})

input('is bounded while it is read, by what was opened and not by what was looked at', async () => {
  const path = join(folder, 'grows')
  for (const [call, bytes] of [
    ['open', 1024 * 1024 + 1],
    ['handle.read', 1024 * 1024],
  ] as const) {
    writeFileSync(path, 'x')
    let grown = false
    const files = watchedFileSystem((name) => {
      if (name !== call || grown) return
      grown = true
      appendFileSync(path, Buffer.alloc(bytes))
    })
    assert.is(await codeOf(path, files), 'larger than 1 MiB', call)
  }
  assert.is(await readBoundedFile(fs, path, 1024 * 1024), undefined)
})

input('is refused without waiting if a pipe has taken its place after it was looked at', async () => {
  const path = join(folder, 'replaced')
  writeFileSync(path, 'x')
  const files = watchedFileSystem((name) => {
    if (name !== 'open') return
    rmSync(path)
    execFileSync('mkfifo', [path])
  })
  assert.is(await codeOf(path, files), 'not a file')
})

input('is read and refused alike in this thread', async () => {
  const path = join(folder, 'memory')
  const text = 'grüezi\n'.repeat(1000)
  writeFileSync(path, text)
  const before = readdirSync('/proc/self/fd').length
  assert.is(await readInputFile(memoryFiles, path), text)
  assert.is(
    await readInputFile(memoryFiles, '/proc/self/environ'),
    await readInputFile(fs, '/proc/self/environ'),
  )
  assert.is(await readBoundedFile(memoryFiles, path, 7999), undefined)
  for (const other of ['/dev/zero', folder, join(folder, 'large'), join(folder, 'nothing')])
    assert.is(await codeOf(other, memoryFiles), await codeOf(other))
  assert.is(readdirSync('/proc/self/fd').length, before, 'each is closed again')
})

input('in this thread, too, is refused without waiting if it is a pipe, or becomes one', async () => {
  const path = join(folder, 'memory-replaced')
  execFileSync('mkfifo', [path])
  assert.is(await codeOf(path, memoryFiles), 'not a file')
  const lookedAt = { ...memoryFiles, stat: () => memoryFiles.stat(import.meta.filename) }
  assert.is(await codeOf(path, lookedAt), 'not a file')
})

input.run()
