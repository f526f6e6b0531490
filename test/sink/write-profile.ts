/** The profile `default` into the credentials file that is named: a program for tests that bound its memory. */
import * as fs from 'node:fs/promises'
import { systemClock } from '../../src/run/runtime.ts'
import { writeCredentials } from '../../src/sink/credentials-file.ts'
import { recordingLogger } from '../support/fake-runtime.ts'
import { CREDENTIALS } from './scratch.ts'

const [credentialsFile = ''] = process.argv.slice(2)
const context = { fs, clock: systemClock, random: () => 0, signal: new AbortController().signal }
try {
  const settings = { credentialsFile, profile: 'default', fileMode: 0o600 }
  await writeCredentials(CREDENTIALS, settings, { ...context, logger: recordingLogger() })
} catch (error) {
  process.stdout.write(error instanceof Error ? error.message : String(error))
}
