import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { makeFolder, putCredentials, run, start, type RunFolder } from './harness.ts'
import { count, failed, succeeded } from './outcome.ts'

const file = suite('e2e: the credentials file')

let stage: Stage
file.before(async () => {
  stage = await startStage()
})
file.after(() => stage.close())

function modeOf(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8)
}

function draftOf(folder: RunFolder): string {
  return join(folder.home, '.aws/.credentials.aws-iam-ra')
}

for (const [fileMode, directoryMode] of [
  [undefined, '700'],
  ['0600', '700'],
  ['640', '710'],
  ['0644', '711'],
] as const) {
  for (const umask of [0o000, 0o077]) {
    file(`FILE_MODE=${fileMode ?? 'unset'} under umask ${umask.toString(8)}`, async () => {
      const folder = makeFolder()
      const before = process.umask(umask)
      const running = start(stage, { folder, env: { FILE_MODE: fileMode } })
      process.umask(before)
      succeeded(stage, await running.finished)
      assert.is(modeOf(folder.credentials), (fileMode ?? '600').replace(/^0/, ''))
      assert.is(modeOf(join(folder.home, '.aws')), directoryMode)
    })
  }
}

file('a folder that is there keeps its mode, a file that is there gets FILE_MODE', async () => {
  const folder = makeFolder()
  putCredentials(folder, '[other]\nregion = x\n')
  chmodSync(join(folder.home, '.aws'), 0o755)
  chmodSync(folder.credentials, 0o666)
  succeeded(stage, await run(stage, { folder }))
  assert.is(modeOf(join(folder.home, '.aws')), '755')
  assert.is(modeOf(folder.credentials), '600')
})

file('a second run over the result of the first ends as the first did', async () => {
  const folder = makeFolder()
  const first = await run(stage, { folder })
  const before = first.credentials ?? ''
  const second = await run(stage, { folder })
  succeeded(stage, second)
  const shape = (text: string): string => text.replace(/(= |until |session\/|\/)\S+/g, '$1…')
  assert.is(shape(second.credentials ?? ''), shape(before))
  assert.is.not(second.credentials, before)
  assert.equal(second.files, ['.aws/credentials'])
})

file('a draft that a killed run left is taken away', async () => {
  const folder = makeFolder()
  putCredentials(folder, '')
  writeFileSync(draftOf(folder), '[default]\naws_access_key')
  utimesSync(draftOf(folder), new Date(0), new Date(0))
  const done = await run(stage, { folder })
  succeeded(stage, done)
  assert.equal(done.files, ['.aws/credentials'])
})

file('a draft of another run that seems alive is waited for, until DEADLINE', async () => {
  const folder = makeFolder()
  putCredentials(folder, '[default]\nold = 1\n')
  writeFileSync(draftOf(folder), 'another writer is at work')
  const inAnHour = new Date(Date.now() + 2000)
  utimesSync(draftOf(folder), inAnHour, inAnHour)
  const done = await run(stage, { folder, env: { DEADLINE: '1' } })
  failed(done, 6, /DEADLINE/)
  assert.is(done.credentials, '[default]\nold = 1\n')
  assert.is(readFileSync(draftOf(folder), 'utf8'), 'another writer is at work')
  assert.is(stage.vaultEmulator.liveTokens(), 0)
})

for (const [what, before, after] of [
  ['CRLF and no final newline', '[a]\r\nk = v\r\n\r\n; x', '[a]\r\nk = v\r\n\r\n; x'],
  ['a BOM and odd lines', '\xef\xbb\xbf[a.b c]\n  k=v\nodd line\n\n\n# end\n', undefined],
  ['a [profile x] and duplicate sections', '[profile x]\nk = 1\n[a]\nk = 2\n[a]\nk = 3\n', undefined],
] as const) {
  file(`other profiles stay byte for byte: ${what}`, async () => {
    const folder = makeFolder()
    putCredentials(folder, '')
    writeFileSync(folder.credentials, before, 'latin1')
    const done = await run(stage, { folder })
    succeeded(stage, done)
    assert.ok(done.credentials?.startsWith(after ?? before))
  })
}

file('the old keys of the profile are replaced, its other settings stay', async () => {
  const folder = makeFolder()
  putCredentials(
    folder,
    '# mine\n[default]\nregion = eu-west-1\naws_access_key_id = AKIAOLD\naws_session_token = old\n[z]\nk = 1\n',
  )
  const done = await run(stage, { folder })
  succeeded(stage, done)
  assert.match(done.credentials ?? '', /^# mine\n\[default\]\n/)
  assert.match(done.credentials ?? '', /\nregion = eu-west-1\n/)
  assert.not.match(done.credentials ?? '', /OLD|= old/)
  assert.match(done.credentials ?? '', /\[z\]\nk = 1\n$/)
  assert.match(done.credentials ?? '', /# aws-iam-ra: valid until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/)
})

file('AWS_PROFILE with a space works, with a warning about SDKs that cannot read it', async () => {
  const done = await run(stage, { env: { AWS_PROFILE: 'my app' } })
  succeeded(stage, done, 'my app')
  assert.match(done.stderr, /warning: .*"my app"/)
})

file("WRITE_REGION writes the anchor's region, or AWS_REGION, into the config file", async () => {
  for (const [env, region] of [
    [{}, 'eu-central-1'],
    [{ AWS_REGION: 'us-west-2' }, 'us-west-2'],
  ] as const) {
    const done = await run(stage, { env: { ...env, WRITE_REGION: 'true' } })
    succeeded(stage, done)
    assert.equal(done.files, ['.aws/config', '.aws/credentials'])
    assert.is(readFileSync(join(done.folder.home, '.aws/config'), 'utf8'), `[default]\nregion = ${region}\n`)
    assert.is(modeOf(join(done.folder.home, '.aws/config')), '600')
  }
})

file('AWS_REGION without WRITE_REGION writes nothing and moves nothing', async () => {
  const done = await run(stage, { env: { AWS_REGION: 'us-west-2' } })
  succeeded(stage, done)
  assert.equal(done.files, ['.aws/credentials'])
})

for (const [what, make, sentence] of [
  ['a symbolic link', (path: string) => symlinkSync('/dev/null', path), /a symbolic link is in its place/],
  ['a folder', (path: string) => mkdirSync(path), /a directory is in its place/],
] as const) {
  file(`${what} in the place of the file ends with 6 and stays`, async () => {
    const folder = makeFolder()
    mkdirSync(join(folder.home, '.aws'))
    make(folder.credentials)
    const done = await run(stage, { folder })
    failed(done, 6, sentence, /mount a directory/)
    assert.equal(done.files, [])
    assert.is(count(done.vault, /revoke-self/), 1)
  })
}

file('a file where the folder belongs ends with 6', async () => {
  const folder = makeFolder()
  writeFileSync(join(folder.home, '.aws'), '')
  failed(await run(stage, { folder }), 6, /\.aws: it is not a directory/)
})

file(
  'a profile whose other settings would hide the new keys ends with 6, and the file is as it was',
  async () => {
    const folder = makeFolder()
    const before = '[default]\ncredential_process = /bin/x\n'
    putCredentials(folder, before)
    const done = await run(stage, { folder })
    failed(done, 6, /credential_process/)
    assert.is(done.credentials, before)
    assert.equal(done.files, ['.aws/credentials'])
  },
)

file('four runs at once leave one whole file and no draft', async () => {
  const folder = makeFolder()
  const token = stage.token()
  const runs = await Promise.all(
    Array.from({ length: 4 }, (_, at) => run(stage, { folder, token, env: { AWS_PROFILE: `p${at}` } })),
  )
  for (const done of runs) assert.is(done.code, 0, done.stderr)
  const text = readFileSync(folder.credentials, 'utf8')
  for (const at of runs.keys()) assert.match(text, new RegExp(`\\[p${at}\\]\\n# aws-iam-ra: valid until`))
  assert.not.ok(existsSync(draftOf(folder)))
})

file.run()
