/** Every call of the sink with every error that it may answer, on a file system that refuses; the system itself: test/real. */
import { readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeCredentials } from '../../src/sink/credentials-file.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { CREDENTIALS, inScratch, systemError, watchedFileSystem, type Scratch } from '../sink/scratch.ts'
import { ANSWERS, OLD, SYSTEM_ERRORS } from './sink.ts'

const DRAFT = '.credentials.aws-iam-ra'

/** The call's name here, whether it comes after the rename, and which of its calls it is. */
const CALLS: Readonly<Record<string, readonly [call: string, renamed: boolean, nth?: number]>> = {
  mkdir: ['mkdir', false],
  openat: ['open', false],
  fchmod: ['handle.chmod', false],
  write: ['handle.writeFile', false],
  fsync: ['handle.sync', false],
  rename: ['rename', false],
  unlink: ['unlink', false],
  // The old file takes two reads, the second of which finds its end.
  pread64: ['handle.read', true, 3],
  read: ['handle.read', false],
  statx: ['lstat', false],
}

const refused = suite('faults of the file system')

/** @returns the path of the file, in the state in which the call is made */
async function prepare({ folder, file }: Scratch, call: string): Promise<string> {
  if (call === 'mkdir') return join(folder, 'missing', 'credentials')
  await writeFile(file, OLD)
  if (call === 'unlink') {
    await writeFile(join(folder, DRAFT), 'half')
    await utimes(join(folder, DRAFT), 0, 0)
  }
  return file
}

for (const [name, errors] of Object.entries(ANSWERS)) {
  const [call, renamed, nth = 1] = CALLS[name] ?? []
  for (const error of errors) {
    refused(`${name} with ${error}: exit 6, ${renamed === true ? 'the new' : 'the old'} file whole`, () =>
      inScratch(async (scratch) => {
        assert.ok(call !== undefined, 'a call without its name here')
        const credentialsFile = await prepare(scratch, name)
        let count = 0
        const fs = watchedFileSystem((each) => {
          if (each === call && (count += 1) === nth) throw systemError(error)
        })
        const settings = { credentialsFile, profile: 'default', fileMode: 0o600 }
        const failure = await rejectsWithCode(
          writeCredentials(CREDENTIALS, settings, scratch.context({ fs })),
          'FILE',
        )
        assert.is(failure.exitCode, 6)
        assert.ok(failure.message.includes(SYSTEM_ERRORS[error]), failure.message)
        assert.ok(failure.hint)
        const left = name === 'mkdir' ? [] : name === 'unlink' ? [DRAFT, 'credentials'] : ['credentials']
        assert.equal(await scratch.list(), left)
        if (name === 'mkdir') return
        const text = await readFile(credentialsFile, 'utf8')
        if (renamed === true) assert.ok(text.includes(CREDENTIALS.sessionToken))
        else assert.is(text, OLD)
      }),
    )
  }
}

refused.run()
