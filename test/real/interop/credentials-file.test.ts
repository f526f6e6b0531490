/** The file that we leave, as the AWS CLI, boto3 and the JavaScript SDK read it, beside what was in it before. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, isDeepStrictEqual } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeCredentials } from '../../../src/sink/credentials-file.ts'
import { CREDENTIALS, inScratch } from '../../sink/scratch.ts'
import { EXISTING_FILES, FAMILY, type ExistingFile } from './existing-files.ts'
import {
  digestsOf,
  readAll,
  READERS,
  type Attempt,
  type ProfileFile,
  type Reader,
  type Sections,
  type View,
} from './readers.ts'

const OWN_KEYS = ['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token', 'aws_security_token']
const TOKEN = CREDENTIALS.sessionToken

interface Seen {
  readonly before: View
  readonly after: View
}

const folder = mkdtempSync(join(tmpdir(), 'iam-ra-interop-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const warnings = new Map<ExistingFile, readonly string[]>()
// Not in a hook: uvu keeps to itself what one throws.
const seen = await readEverything()

function profileOf({ profile = 'app' }: ExistingFile): string {
  return profile
}

function keysOf({ token = TOKEN }: ExistingFile): readonly (string | null)[] {
  return digestsOf([CREDENTIALS.accessKeyId, CREDENTIALS.secretAccessKey, token])
}

/** @returns our warnings */
async function edit(file: ExistingFile, path: string): Promise<readonly string[]> {
  const warnings: string[] = []
  await inScratch(async ({ context, log }) => {
    await writeCredentials(
      { ...CREDENTIALS, sessionToken: file.token ?? TOKEN },
      { credentialsFile: path, profile: profileOf(file), fileMode: 0o600 },
      context(),
    )
    warnings.push(...log.messages('warn'))
  })
  return warnings
}

/** Blanks in the brackets make no other profile of it; the JavaScript SDK joins `profile x` by a dot. */
function isOwn(section: string, profile: string): boolean {
  return section.trim().replace(/^profile\./, 'profile ') === profile
}

function others<Value>(
  sections: Readonly<Record<string, Value>>,
  profile: string,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(sections).filter(([name]) => !isOwn(name, profile)))
}

/** The profile's settings that are none of ours. */
function remaining(sections: Sections, profile: string): Readonly<Record<string, unknown>> {
  const own = Object.entries(sections).filter(([name]) => isOwn(name, profile))
  const settings = own.flatMap(([, section]) => Object.entries(section))
  return Object.fromEntries(settings.filter(([key]) => !OWN_KEYS.includes(key.toLowerCase())))
}

function read(sections: Attempt<Sections>): Sections | undefined {
  return 'value' in sections ? sections.value : undefined
}

/** Every file before and after our edit, by every reader. */
async function readEverything(): Promise<ReadonlyMap<ExistingFile, Record<Reader, Seen>>> {
  const files: ProfileFile[] = []
  for (const [at, file] of EXISTING_FILES.entries()) {
    const before = join(folder, `${at}.before`)
    const after = join(folder, `${at}.after`)
    if (file.before !== undefined) {
      writeFileSync(before, file.before)
      copyFileSync(before, after)
    }
    warnings.set(file, await edit(file, after))
    files.push({ path: before, profile: profileOf(file) }, { path: after, profile: profileOf(file) })
  }
  const views = await readAll(files, folder)
  const seenBy = (reader: Reader, at: number): Seen => {
    const [before, after] = views[reader].slice(2 * at, 2 * at + 2)
    if (before === undefined || after === undefined) throw new Error(`${reader} has left files out`)
    return { before, after }
  }
  return new Map(
    EXISTING_FILES.map((file, at) => [
      file,
      {
        'AWS CLI': seenBy('AWS CLI', at),
        boto3: seenBy('boto3', at),
        'JavaScript SDK': seenBy('JavaScript SDK', at),
      },
    ]),
  )
}

const credentials = suite('credentials file, read by others')

for (const file of EXISTING_FILES) {
  for (const reader of READERS) {
    credentials(`${file.what}: ${reader} ${expectation(file, reader)}`, () => check(file, reader))
  }
}

for (const file of EXISTING_FILES) {
  const always = file.unread?.Python === 'always'
  credentials(
    `${file.what}: ${always ? 'we warn' : 'we do not warn'} of what Python's readers cannot read`,
    () => {
      const unreadable = (['AWS CLI', 'boto3'] as const).map(
        (reader) => 'error' in seenBy(file, reader).after.sections,
      )
      assert.equal(unreadable, [always, always])
      const said = (warnings.get(file) ?? []).filter((warning) =>
        warning.startsWith('the AWS CLI and boto3 cannot read'),
      )
      assert.is(said.length, always ? 1 : 0, said.join())
      for (const warning of said) assert.match(warning, /^the AWS CLI and boto3 cannot read \S+: line \d+ /)
    },
  )
}

function expectation({ unread, unseen }: ExistingFile, reader: Reader): string {
  const family = FAMILY[reader]
  if (unread?.[family] === 'always') return 'reads it neither before nor after'
  if (unread?.[family] === 'before') return 'reads it only now, and sees our keys'
  const keys = unseen?.includes(family) === true ? 'sees no such profile' : 'sees our keys'
  return `${keys}, and the rest as before`
}

function seenBy(file: ExistingFile, reader: Reader): Seen {
  const found = seen.get(file)?.[reader]
  if (found === undefined) throw new Error('it was not read')
  return found
}

/** uvu's own comparison stumbles over a section that is named `constructor`. */
function same(actual: unknown, expected: unknown, what: string): void {
  assert.ok(isDeepStrictEqual(actual, expected), `${what}: ${inspect(actual)}, expected ${inspect(expected)}`)
}

function check(file: ExistingFile, reader: Reader): void {
  const { before, after } = seenBy(file, reader)
  const unread = file.unread?.[FAMILY[reader]]
  if (unread === 'always') {
    assert.ok('error' in after.keys)
    assert.equal(after.sections, before.sections)
    return
  }
  if (file.unseen?.includes(FAMILY[reader]) === true) assert.ok('error' in after.keys)
  else assert.equal(after.keys, { value: keysOf(file) })

  const old = file.before === undefined ? {} : read(before.sections)
  const now = read(after.sections)
  assert.is(old === undefined, unread === 'before', 'whether it could be read before')
  if (old === undefined || now === undefined) return assert.ok(now)
  const profile = profileOf(file)
  same(others(now, profile), others(old, profile), 'other profiles')
  same(remaining(now, profile), remaining(old, profile), 'other settings of the profile')
  same(others(after.providers, profile), others(before.providers, profile), 'where other keys come from')
}

credentials.run()
