/**
 * Any bytes as an existing credentials file: an error of ours and the file untouched, or our three values as three
 * readers find them and every line outside of our profile where it was.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { loadSharedConfigFiles } from '@smithy/core/config'
import ini from 'ini'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { writeCredentials } from '../../src/sink/credentials-file.ts'
import { parseEntries } from '../../src/sink/ini-text.ts'
import { credentialsHeader, sectionsOf } from '../../src/sink/profile-header.ts'
import { errorText } from '../support/error-text.ts'
import { CREDENTIALS, inScratch } from '../sink/scratch.ts'
import { fc } from '../support/generated.ts'

const PROFILE = 'app'
const VALUES = {
  aws_access_key_id: CREDENTIALS.accessKeyId,
  aws_secret_access_key: CREDENTIALS.secretAccessKey,
  aws_session_token: CREDENTIALS.sessionToken,
}

type Outcome = { readonly text: string } | { readonly refusal: IamRaError }

/** A UTF-8 byte order mark, which is no part of the first line. */
const MARK = '\xef\xbb\xbf'

/** What became of a file with these bytes. */
async function written(before: Buffer): Promise<Outcome> {
  let outcome: Outcome | undefined
  await inScratch(async (scratch) => {
    await writeFile(scratch.file, before)
    const settings = { credentialsFile: scratch.file, profile: PROFILE, fileMode: 0o600 }
    try {
      await writeCredentials(CREDENTIALS, settings, scratch.context())
      outcome = { text: await readFile(scratch.file, 'latin1') }
    } catch (error) {
      if (!(error instanceof IamRaError)) throw error
      assert.is(error.code, 'FILE')
      assert.not.match(errorText(error), 'canary')
      assert.ok(before.equals(await readFile(scratch.file)), 'the file has changed')
      outcome = { refusal: error }
    }
    assert.equal(await scratch.list(), ['credentials'])
  })
  if (outcome === undefined) throw new Error('the scratch folder ran nothing')
  return outcome
}

/** The text cut before each header, by a rule of its own, and whether a piece is the profile's. */
function pieces(text: string): { readonly text: string; readonly own: boolean }[] {
  return text.split(/(?<=^|[\r\n]|^\xef\xbb\xbf)(?=[ \t\v\f]*\[[^\]\r\n]*\])/).map((piece) => ({
    text: piece,
    own: /^[ \t\v\f]*\[[ \t\v\f]*app[ \t\v\f]*\](?=[ \t\v\f]*[#;]|[^\]\r\n]*(?:[\r\n]|$))/.test(piece),
  }))
}

function foreignLines(text: string): string[] {
  return pieces(text)
    .filter(({ own }) => !own)
    .flatMap((piece) => piece.text.split(/\r\n|\r|\n/))
    .filter((line) => line.trim() !== '')
    .map(withHeaderAtMargin)
}

/** One that follows our section loses its indentation. */
function withHeaderAtMargin(line: string): string {
  return line.replace(/^[ \t\v\f]+(?=\[)/, '')
}

/** Lines of others after a section of ours that was merged into the first may come to stand there; none is lost or changed. */
function areKept(before: string, after: string): void {
  assert.is(after.startsWith(MARK), before.startsWith(MARK))
  const rest = (after.startsWith(MARK) ? after.slice(MARK.length) : after)
    .split(/\r\n|\r|\n/)
    .map(withHeaderAtMargin)
  let from = 0
  for (const line of foreignLines(before.startsWith(MARK) ? before.slice(MARK.length) : before)) {
    const at = rest.indexOf(line, from)
    assert.ok(at !== -1, `lost or moved: ${JSON.stringify(line)}`)
    from = at + 1
  }
}

function ownByOurs(text: string): unknown {
  const [section, ...others] = sectionsOf(text, credentialsHeader(PROFILE))
  assert.is(others.length, 0)
  const found = parseEntries(section?.body ?? []).filter(
    ({ key }) => key !== undefined && Object.hasOwn(VALUES, key),
  )
  return Object.fromEntries(
    found.map(({ key, line }) => [key, line.text.slice(line.text.indexOf('=') + 1).trim()]),
  )
}

/** Of ini's reading our keys alone. It knows no comment behind a header, so it is given one without. */
function ownByIni(text: string): unknown {
  const [own, ...others] = pieces(text).filter((piece) => piece.own)
  assert.is(others.length, 0)
  const read = ini.parse((own?.text ?? '').replace(/^.*/, `[${PROFILE}]`))[PROFILE] as
    Record<string, unknown> | undefined
  return Object.fromEntries(Object.keys(VALUES).map((key) => [key, read?.[key]]))
}

async function ownByJavaScriptSdk(text: string): Promise<unknown> {
  let read: Record<string, Record<string, string | undefined>> = {}
  await inScratch(async (scratch) => {
    await writeFile(scratch.file, text, 'latin1')
    const configFilepath = `${scratch.folder}/none`
    const files = await loadSharedConfigFiles({ filepath: scratch.file, configFilepath, ignoreCache: true })
    read = files.credentialsFile
  })
  return Object.fromEntries(Object.keys(VALUES).map((key) => [key, read[PROFILE]?.[key]]))
}

const word = fc.constantFrom(
  '[app]',
  '[app]',
  ' [ app ] # x',
  '[default]',
  '[app.b]',
  '[profile app]',
  '[',
  ']',
  '=',
  ':',
  'aws_access_key_id = old',
  'AWS_SESSION_TOKEN=old',
  'aws_security_token = old',
  'region = x',
  's3 =',
  '  nested = 1',
  'role_arn = x',
  '# note',
  ';',
  '"',
  '\\',
  ' ',
  '\t',
  '\xef\xbb\xbf',
  '\xff',
  '\xa0',
  'é',
  '__proto__',
)
const text = fc
  .tuple(
    fc.array(fc.tuple(fc.array(word, { maxLength: 3 }), fc.constantFrom('\n', '\n', '\r\n', '\n\n')), {
      maxLength: 14,
    }),
    fc.boolean(),
  )
  .map(([lines, closed]) => {
    const whole = lines.map(([words, end]) => words.join('') + end).join('')
    return closed ? whole : whole.trimEnd()
  })

const properties = suite('properties: an existing credentials file')

properties('of any bytes is edited or refused, and what is not ours is kept', async () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))
  const marks = fc
    .array(fc.oneof(word, fc.constantFrom('\r', '\n', '\0', '\x0b', '\x0c', '\x1c', '\x85', 'x')), {
      maxLength: 40,
    })
    .map((parts) => Buffer.from(parts.join(''), 'latin1'))
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, marks), async (before) => {
      const outcome = await written(before)
      if ('refusal' in outcome) return
      areKept(before.toString('latin1'), outcome.text)
      assert.equal(ownByOurs(outcome.text), VALUES)
    }),
    { numRuns: 250 },
  )
})

properties('that is text is read by three readers as it was meant', async () => {
  await fc.assert(
    fc.asyncProperty(text, async (before) => {
      const outcome = await written(Buffer.from(before, 'latin1'))
      if ('refusal' in outcome) return
      areKept(before, outcome.text)
      assert.equal(ownByOurs(outcome.text), VALUES)
      assert.equal(ownByIni(outcome.text), VALUES)
      // It refuses a file that has a section of this name, whoever wrote it.
      if (!/\[(?:profile )?__proto__\]/.test(before))
        assert.equal(await ownByJavaScriptSdk(outcome.text), VALUES)
    }),
    { numRuns: 250 },
  )
})

properties('is edited twice as it is once', async () => {
  await fc.assert(
    fc.asyncProperty(text, async (before) => {
      const once = await written(Buffer.from(before, 'latin1'))
      if ('refusal' in once) return
      assert.equal(await written(Buffer.from(once.text, 'latin1')), once)
    }),
    { numRuns: 80 },
  )
})

properties.run()
