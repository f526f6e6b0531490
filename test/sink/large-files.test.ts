/** A file of nearly 1 MiB, whatever is in it, is edited or refused within the memory that a sidecar is given. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { inScratch, WRITTEN } from './scratch.ts'

const WRITER = join(import.meta.dirname, 'write-profile.ts')
const BYTES = 1024 * 1024 - 2000
/** Node itself takes a third of it. */
const HEAP_MIB = 48

function filledWith(text: string, beginning = ''): string {
  return beginning + text.repeat(Math.floor((BYTES - beginning.length) / text.length))
}

async function write(file: string): Promise<string> {
  const argv = [`--max-old-space-size=${HEAP_MIB}`, WRITER, file]
  return (await promisify(execFile)(process.execPath, argv)).stdout
}

const large = suite('a large credentials file')

const MANY = 20_000

for (const [what, text] of [
  ['line breaks', '\n'.repeat(MANY)],
  ['carriage returns', '\r'.repeat(MANY)],
  ['headers', '[]\n'.repeat(MANY)],
  ['one line', `${filledWith('x', '[a]\nx = ')}\n`],
  ['blanks', `${filledWith(' ', '[a]\n')}\n`],
  ['a key and blanks', `${filledWith(' ', '[a]\nk')}x\n`],
  ['a header and blanks', `${filledWith(' ', '[a]')}x\n`],
  ['settings', `[a]\n${Array.from({ length: MANY }, (_, at) => `${at.toString(36)}=`).join('\n')}\n`],
] as const) {
  large(`of ${what} is edited`, () =>
    inScratch(async ({ file }) => {
      await writeFile(file, text)
      assert.is(await write(file), '')
      const written = await readFile(file, 'utf8')
      assert.ok(written.startsWith(text))
      // In a file of carriage returns our lines end in CR LF.
      assert.ok(written.slice(text.length).replaceAll('\r\n', '\n').endsWith(`[default]\n${WRITTEN}`))
    }),
  )
}

for (const [what, text, refusal] of [
  [
    'with a profile of line breaks',
    `[default]\n${'\n'.repeat(MANY)}`,
    /profile default has more than 10000 lines/,
  ],
  ['with a profile of headers', '[default]\n'.repeat(MANY), /profile default has more than 10000 lines/],
  ['of line breaks alone', filledWith('\n'), /more than 50000 lines/],
  ['of carriage returns alone', filledWith('\r'), /more than 50000 lines/],
  ['of comments alone', filledWith('#\r\n'), /more than 50000 lines/],
  ['of headers alone', filledWith('[a]\n'), /more than 50000 lines/],
] as const) {
  large(`${what} is refused and left`, () =>
    inScratch(async ({ file }) => {
      await writeFile(file, text)
      assert.match(await write(file), refusal)
      assert.is(await readFile(file, 'utf8'), text)
    }),
  )
}

large.run()
