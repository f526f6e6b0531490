import * as fs from 'node:fs/promises'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readInputFile } from '../src/input-file.ts'

const input = suite('a file that is mounted for us')

let folder: string
input.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'iam-ra-input-'))
})
input.after(() => rmSync(folder, { recursive: true }))

async function codeOf(path: string): Promise<unknown> {
  try {
    await readInputFile(fs, path)
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

input.run()
