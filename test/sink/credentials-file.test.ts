import { chmod, lstat, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { writeCredentials, type SinkContext } from '../../src/sink/credentials-file.ts'
import type { SinkSettings } from '../../src/sink/settings.ts'
import type { SessionCredentials } from '../../src/credentials.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { CREDENTIALS, inScratch, systemError, watchedFileSystem, WRITTEN, type Scratch } from './scratch.ts'
import { fc } from '../support/generated.ts'

interface Given {
  readonly credentials?: Partial<SessionCredentials>
  readonly settings?: Partial<SinkSettings>
  readonly context?: Partial<SinkContext>
}

async function run(scratch: Scratch, given: Given = {}): Promise<void> {
  await writeCredentials(
    { ...CREDENTIALS, ...given.credentials },
    { credentialsFile: scratch.file, profile: 'default', fileMode: 0o600, ...given.settings },
    scratch.context(given.context),
  )
}

const sink = suite('credentials file')

sink('holds the profile after the run, and the same after another', () =>
  inScratch(async (scratch) => {
    await run(scratch)
    await run(scratch)
    assert.is(await readFile(scratch.file, 'utf8'), `[default]\n${WRITTEN}`)
    assert.equal(await scratch.list(), ['credentials'])
    assert.equal(scratch.log.messages('warn'), [])
  }),
)

sink('is made with its folder, which readers of the file can enter', () =>
  inScratch(async (scratch) => {
    const credentialsFile = join(scratch.folder, 'home', '.aws', 'credentials')
    await run(scratch, { settings: { credentialsFile, fileMode: 0o640 } })
    assert.is((await lstat(join(scratch.folder, 'home', '.aws'))).mode & 0o777, 0o710)
    assert.is((await lstat(credentialsFile)).mode & 0o777, 0o640)
  }),
)

for (const profile of [
  'default',
  'a.b',
  'my app',
  'été',
  'a=b',
  'constructor',
  'true',
  'x[',
  'role@acct/1',
]) {
  const fits = !profile.includes('[')
  sink(`${fits ? 'reads back' : 'refuses'} the profile name ${profile}`, () =>
    inScratch(async (scratch) => {
      const before = '[a]\nx = 1\n\n[b]\naws_access_key_id = B\n'
      await writeFile(scratch.file, before)
      if (fits) {
        await run(scratch, { settings: { profile } })
        assert.is(await readFile(scratch.file, 'utf8'), `${before}\n[${profile}]\n${WRITTEN}`)
      } else {
        await rejectsWithCode(run(scratch, { settings: { profile } }), 'FILE')
        assert.is(await readFile(scratch.file, 'utf8'), before)
      }
    }),
  )
}

for (const profile of [
  '',
  ' a',
  'a ',
  'a\nb',
  'a]',
  'a#b',
  'a;b',
  'a"b',
  "a'b",
  'a\\b',
  '__proto__',
  'DEFAULT',
]) {
  sink(
    `refuses the profile name ${JSON.stringify(profile)}, which some reader takes for something else`,
    () =>
      inScratch(async (scratch) => {
        const error = await rejectsWithCode(run(scratch, { settings: { profile } }), 'FILE')
        assert.match(error.hint ?? '', 'AWS_PROFILE')
        assert.equal(await scratch.list(), [])
      }),
  )
}

sink('warns of a profile name that not every SDK reads', () =>
  inScratch(async (scratch) => {
    await run(scratch, { settings: { profile: 'my app' } })
    assert.match(scratch.log.messages('warn').join(), 'not read by every AWS SDK')
  }),
)

sink('warns once of a file that the AWS CLI and boto3 cannot read, and shows nothing of it', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, '[a]\nx = 1\nsome secret\nanother\n')
    await run(scratch)
    assert.equal(scratch.log.messages('warn'), [
      `the AWS CLI and boto3 cannot read ${scratch.file}: line 3 is neither a section nor a setting; correct that line`,
      `the AWS SDKs for Java and Rust cannot read ${scratch.file}: line 3 has no equals sign; correct that line`,
      `the AWS CRT cannot read ${scratch.file}: line 4 has no equals sign; correct that line`,
    ])
  }),
)

sink('warns of the config file in the same way', () =>
  inScratch(async (scratch) => {
    const path = join(scratch.folder, 'config')
    await writeFile(path, '[a]\n[a]\n')
    await run(scratch, { settings: { regionFile: { path, region: 'eu-central-1' } } })
    assert.equal(scratch.log.messages('warn'), [
      `the AWS CLI and boto3 cannot read ${path}: line 2 opens a section that already appeared above; correct that line`,
    ])
  }),
)

sink('does not warn of what its own edit has mended', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, `[default]\naws_access_key_id = A\naws_access_key_id = B\n`)
    await run(scratch)
    assert.equal(scratch.log.messages('warn'), [])
  }),
)

sink('warns when it makes one section of several', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, '[default]\n[default]\n')
    await run(scratch)
    assert.match(scratch.log.messages('warn').join(), 'appears more than once')
    assert.is(await readFile(scratch.file, 'utf8'), `[default]\n${WRITTEN}`)
  }),
)

sink('holds no session token where the keys have none, and an older one goes', () =>
  inScratch(async (scratch) => {
    const other = '\n[other]\naws_session_token = kept\n'
    await writeFile(
      scratch.file,
      `[default]\naws_access_key_id = OLD\naws_session_token = older\nregion = x\n${other}`,
    )
    const { sessionToken, ...keys } = CREDENTIALS
    const settings = { credentialsFile: scratch.file, profile: 'default', fileMode: 0o600 }
    await writeCredentials(keys, settings, scratch.context())
    const written = WRITTEN.replace(`aws_session_token = ${sessionToken}\n`, '')
    const once = await readFile(scratch.file, 'utf8')
    assert.not.match(once, /older|OLD/)
    assert.equal(once.split('\n').sort(), `[default]\n${written}region = x\n${other}`.split('\n').sort())
    await writeCredentials(keys, settings, scratch.context())
    assert.is(await readFile(scratch.file, 'utf8'), once)
    await run(scratch)
    assert.ok((await readFile(scratch.file, 'utf8')).includes(`aws_session_token = ${sessionToken}`))
  }),
)

sink('does not name an ARN that nobody said', () =>
  inScratch(async (scratch) => {
    const { accessKeyId, secretAccessKey, expiresAtMs } = CREDENTIALS
    const settings = { credentialsFile: scratch.file, profile: 'default', fileMode: 0o600 }
    await writeCredentials({ accessKeyId, secretAccessKey, expiresAtMs }, settings, scratch.context())
    assert.match(await readFile(scratch.file, 'utf8'), /^# aws-iam-ra: valid until 2026-11-21T15:00:00Z$/m)
  }),
)

for (const [what, credentials] of [
  ['access key id', { accessKeyId: 'canary key' }],
  ['secret access key', { secretAccessKey: 'canary#key' }],
  ['session token', { sessionToken: '"canary"' }],
  ['session token', { sessionToken: 'canary\nrole_arn = x' }],
  ['session token', { sessionToken: 'canary;x' }],
  ['session token', { sessionToken: 'canaryé' }],
  ['session token', { sessionToken: '' }],
  ['ARN', { arn: 'canary\n[other]' }],
] as const) {
  sink(`refuses ${what} ${JSON.stringify(Object.values(credentials)[0])} and does not show it`, () =>
    inScratch(async (scratch) => {
      const error = await rejectsWithCode(run(scratch, { credentials }), 'FILE')
      assert.match(error.message, what)
      assert.not.match(inspect(error), 'canary')
      assert.equal(await scratch.list(), [])
    }),
  )
}

sink('refuses an expiration that is no time', () =>
  inScratch(async (scratch) => {
    await rejectsWithCode(run(scratch, { credentials: { expiresAtMs: Number.NaN } }), 'FILE')
    assert.equal(await scratch.list(), [])
  }),
)

for (const key of ['role_arn', 'credential_process', 'web_identity_token_file', 'sso_session']) {
  sink(`refuses to write beside ${key}, and says so`, () =>
    inScratch(async (scratch) => {
      const before = `[default]\n${key} = x\n`
      await writeFile(scratch.file, before)
      const error = await rejectsWithCode(run(scratch), 'FILE')
      assert.match(error.message, `has ${key}`)
      assert.match(error.hint ?? '', `remove ${key}`)
      assert.is(await readFile(scratch.file, 'utf8'), before)
      assert.equal(await scratch.list(), ['credentials'])
    }),
  )
}

sink(
  'refuses a file in which the SDK for JavaScript would read the keys of another profile, and leaves it',
  () =>
    inScratch(async (scratch) => {
      const before = '[default]\n[other] junk\naws_access_key_id = canary\n'
      await writeFile(scratch.file, before)
      const error = await rejectsWithCode(run(scratch), 'FILE')
      assert.match(
        error.message,
        'SDK for JavaScript would not read the aws_access_key_id that was written to profile default',
      )
      assert.not.match(inspect(error), 'canary')
      assert.is(await readFile(scratch.file, 'utf8'), before)
      assert.equal(await scratch.list(), ['credentials'])
    }),
)

sink('refuses a file with a NUL byte and leaves it', () =>
  inScratch(async (scratch) => {
    const before = Buffer.from('[default]\n', 'utf16le')
    await writeFile(scratch.file, before)
    const error = await rejectsWithCode(run(scratch), 'FILE')
    assert.match(error.message, 'NUL')
    assert.equal(await readFile(scratch.file), before)
  }),
)

sink('notices when what is in place is not what was meant', () =>
  inScratch(async (scratch) => {
    const fs = watchedFileSystem(async (name) => {
      // Another process writes into our draft, which root and our own uid can.
      if (name === 'rename') await writeFile(join(scratch.folder, '.credentials.aws-iam-ra'), '[default]\n')
    })
    const error = await rejectsWithCode(run(scratch, { context: { fs } }), 'FILE')
    assert.match(error.message, 'does not match what was written: aws_access_key_id differs')
    assert.not.match(inspect(error), 'canary')
  }),
)

sink('keeps both profiles of two writers at the same moment', () =>
  inScratch(async (scratch) => {
    await writeFile(scratch.file, '[z]\nx = 1\n')
    const profiles = ['a', 'b', 'c', 'd']
    await Promise.all(profiles.map((profile) => run(scratch, { settings: { profile } })))
    const written = await readFile(scratch.file, 'utf8')
    for (const profile of profiles) assert.ok(written.includes(`\n[${profile}]\n${WRITTEN}`), profile)
    assert.ok(written.startsWith('[z]\nx = 1\n'))
    assert.equal(await scratch.list(), ['credentials'])
  }),
)

const region = suite('region in the config file')

region('is written before the credentials and leaves the other settings', () =>
  inScratch(async (scratch) => {
    const path = join(scratch.folder, 'config')
    await writeFile(path, '[profile app]\noutput = json\nregion = old\n')
    await chmod(path, 0o604)
    const replaced: string[] = []
    const fs = watchedFileSystem((name, args) => {
      if (name === 'rename') replaced.push(String(args[1]))
    })
    const settings = { profile: 'app', regionFile: { path, region: 'eu-west-1' }, fileMode: 0o640 }
    await run(scratch, { settings, context: { fs } })
    assert.is(await readFile(path, 'utf8'), '[profile app]\nregion = eu-west-1\noutput = json\n')
    assert.is((await lstat(path)).mode & 0o777, 0o604, 'an existing config file keeps its mode')
    assert.is((await lstat(scratch.file)).mode & 0o777, 0o640)
    assert.equal(replaced, [path, scratch.file])
  }),
)

region('goes into [default], or [profile default] where that is in force', () =>
  inScratch(async (scratch) => {
    const path = join(scratch.folder, 'config')
    const settings = { regionFile: { path, region: 'eu-west-1' }, fileMode: 0o640 }
    await run(scratch, { settings })
    assert.is(await readFile(path, 'utf8'), '[default]\nregion = eu-west-1\n')
    assert.is((await lstat(path)).mode & 0o777, 0o640)
    await writeFile(path, '[profile default]\nregion = old\n')
    await run(scratch, { settings })
    assert.is(await readFile(path, 'utf8'), '[profile default]\nregion = eu-west-1\n')
  }),
)

region('that cannot be written keeps the credentials from being written', () =>
  inScratch(async (scratch) => {
    const path = join(scratch.folder, 'config')
    await mkdir(path)
    const error = await rejectsWithCode(
      run(scratch, { settings: { regionFile: { path, region: 'eu-west-1' } } }),
      'FILE',
    )
    assert.match(error.message, path)
    assert.equal(await scratch.list(), ['config'])
  }),
)

const properties = suite('credentials file, properties')

properties('any bytes in place give our profile or our own error with the file untouched', async () => {
  const word = fc.constantFrom(
    '[default]',
    '[',
    ']',
    '=',
    'aws_access_key_id',
    'role_arn',
    '\n',
    '\r',
    ' ',
    ';',
    '"',
    '\\',
  )
  const bytes = fc.array(fc.oneof(word, fc.constantFrom('\0', '\xff', '\xa0', 'é', '__proto__', 'x')), {
    maxLength: 30,
  })
  await fc.assert(
    fc.asyncProperty(bytes, async (parts) => {
      await inScratch(async (scratch) => {
        const before = Buffer.from(parts.join(''), 'latin1')
        await writeFile(scratch.file, before)
        try {
          await run(scratch)
          assert.ok((await readFile(scratch.file, 'latin1')).includes(`[default]`))
          assert.ok((await readFile(scratch.file, 'latin1')).includes(CREDENTIALS.sessionToken))
        } catch (error) {
          assert.instance(error, IamRaError)
          assert.equal(await readFile(scratch.file), before)
        }
        assert.equal(await scratch.list(), ['credentials'])
      })
    }),
    { numRuns: 150 },
  )
})

properties('no failing call lets a secret into an error or the log', async () => {
  for (const call of ['open', 'handle.writeFile', 'handle.sync', 'rename', 'handle.read']) {
    await inScratch(async (scratch) => {
      const fs = watchedFileSystem((name) => {
        if (name === call) throw systemError('EIO')
      })
      const error = await rejectsWithCode(run(scratch, { context: { fs } }), 'FILE')
      assert.not.match(inspect([error, scratch.log.lines], { depth: 9 }), 'canary')
    })
  }
})

sink.run()
region.run()
properties.run()
