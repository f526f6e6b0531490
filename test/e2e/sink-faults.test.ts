/** Faults at the credentials file that need no special rights: links, limits, other writers, and a folder that goes. */
import {
  existsSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'ini'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { PLACE_FAULTS } from '../faults/sink.ts'
import { sinkVerdict } from '../faults/sink-verdict.ts'
import { makeFolder, put, putCredentials, run, start, type RunFolder } from './harness.ts'
import { count } from './outcome.ts'
import { holdBack } from './servers.ts'

const faults = suite('e2e: faults at the sink')

let stage: Stage
faults.before(async () => {
  stage = await startStage()
})
faults.after(() => stage.close())
faults.after.each(() => {
  stage.rolesAnywhere.intercept = undefined
})

const OLD = '[other]\nregion = x\n\n[default]\nregion = y\n'

function draftOf(folder: RunFolder): string {
  return join(dirname(folder.credentials), '.credentials.aws-iam-ra')
}

/** Happens while the run waits for AWS, after every earlier look at its files. */
function meanwhile(happens: () => void): void {
  stage.rolesAnywhere.intercept = () => {
    stage.rolesAnywhere.intercept = undefined
    happens()
    return undefined
  }
}

faults('folders that are missing are made, several levels of them', async () => {
  const folder = makeFolder()
  const credentials = join(folder.home, 'a/b/c/credentials')
  const done = await run(stage, { folder, env: { AWS_SHARED_CREDENTIALS_FILE: credentials } })
  const text = readFileSync(credentials, 'latin1')
  sinkVerdict(stage, PLACE_FAULTS['several directories above it are missing'], done, undefined, text)
  assert.equal(done.files, ['a/b/c/credentials'])
})

faults('a folder that is taken away while the run waits is made again', async () => {
  const folder = makeFolder()
  putCredentials(folder, OLD)
  meanwhile(() => rmSync(dirname(folder.credentials), { recursive: true }))
  const done = await run(stage, { folder })
  sinkVerdict(stage, PLACE_FAULTS['its directory is removed while the run waits'], done, OLD)
  assert.equal(done.files, ['.aws/credentials'])
})

faults('a link to nothing where the folder belongs: exit 6, and nothing is made behind it', async () => {
  const folder = makeFolder()
  const target = join(folder.path, 'elsewhere')
  symlinkSync(target, dirname(folder.credentials))
  const done = await run(stage, { folder })
  sinkVerdict(stage, PLACE_FAULTS['its directory is a link to nothing'], done, undefined)
  assert.not.ok(existsSync(target))
  assert.is(count(done.vault, /revoke-self/), 1)
})

faults('a link to a folder is one: volumes are often reached so', async () => {
  const folder = makeFolder()
  const target = join(folder.path, 'volume')
  mkdirSync(target)
  symlinkSync(target, dirname(folder.credentials))
  const done = await run(stage, { folder })
  sinkVerdict(stage, PLACE_FAULTS['its directory is a link to a directory'], done, undefined)
  assert.ok(lstatSync(join(target, 'credentials')).isFile())
})

faults("a link planted at the file's place while the run waits: exit 6, its target untouched", async () => {
  const folder = makeFolder()
  putCredentials(folder, OLD)
  const victim = put(folder, 'victim', 'precious')
  meanwhile(() => {
    renameSync(folder.credentials, `${folder.credentials}.old`)
    symlinkSync(victim, folder.credentials)
  })
  const done = await run(stage, { folder })
  sinkVerdict(stage, PLACE_FAULTS['a link is put in its place while the run waits'], done, OLD)
  assert.is(readFileSync(victim, 'utf8'), 'precious')
  assert.not.ok(existsSync(draftOf(folder)))
  assert.is(count(done.vault, /revoke-self/), 1)
})

for (const [what, target] of [
  ["an old link to a file at the draft's place", 'a file'],
  ["an old link to nothing at the draft's place", 'nothing'],
] as const) {
  faults(`${what} is taken away, its target untouched`, async () => {
    const folder = makeFolder()
    putCredentials(folder, OLD)
    const victim = join(folder.path, 'victim')
    if (target === 'a file') writeFileSync(victim, 'precious')
    symlinkSync(victim, draftOf(folder))
    lutimesSync(draftOf(folder), 0, 0)
    const done = await run(stage, { folder })
    sinkVerdict(stage, PLACE_FAULTS[what], done, OLD)
    assert.equal(done.files, ['.aws/credentials'])
    assert.is(existsSync(victim), target === 'a file')
    if (target === 'a file') assert.is(readFileSync(victim, 'utf8'), 'precious')
  })
}

faults('a directory in place of the temporary file: exit 6, the old file whole', async () => {
  const folder = makeFolder()
  putCredentials(folder, OLD)
  mkdirSync(draftOf(folder))
  const done = await run(stage, { folder })
  sinkVerdict(stage, PLACE_FAULTS['a directory in place of the temporary file'], done, OLD)
})

faults('a fresh draft that stays until DEADLINE: exit 6, and it is named', async () => {
  const folder = makeFolder()
  putCredentials(folder, OLD)
  meanwhile(() => writeFileSync(draftOf(folder), 'theirs'))
  const done = await run(stage, { folder, env: { DEADLINE: '2' } })
  sinkVerdict(stage, PLACE_FAULTS['a draft that another writer holds until DEADLINE'], done, OLD)
  assert.ok(done.terminationLog.includes(draftOf(folder)))
  assert.is(readFileSync(draftOf(folder), 'utf8'), 'theirs')
  assert.is(count(done.vault, /revoke-self/), 1)
})

faults('the wait for another writer is shown with --verbose, and ends with it', async () => {
  const folder = makeFolder()
  meanwhile(() => {
    mkdirSync(dirname(folder.credentials))
    writeFileSync(draftOf(folder), 'theirs')
  })
  const running = start(stage, { folder, args: ['--verbose'] })
  await running.shows(`waiting for the writer that holds ${draftOf(folder)}`)
  renameSync(draftOf(folder), folder.credentials)
  const done = await running.finished
  assert.is(done.code, 0, done.stderr)
  assert.is(done.stderr.split('waiting for the writer').length, 2)
})

faults('a line that the AWS CLI and boto3 refuse: written all the same, with a warning', async () => {
  const folder = makeFolder()
  const old = `${OLD}[b]\nx = caf\xe9\n`
  putCredentials(folder, '')
  writeFileSync(folder.credentials, old, 'latin1')
  const done = await run(stage, { folder })
  sinkVerdict(stage, PLACE_FAULTS['a line in it that the AWS CLI and boto3 refuse'], done, old)
  assert.match(done.stderr, /: line \d+ has bytes that are not UTF-8/)
  assert.not.ok(done.stderr.includes('caf'))
})

faults('a limit on the size of files: exit 6, the old file whole, and no half of the new one', async () => {
  const folder = makeFolder()
  // Beyond one block of the limit, whatever the shell counts in; so the draft is cut in its middle.
  const old = `${OLD}${'# a long remark\n'.repeat(200)}`
  putCredentials(folder, old)
  const done = await run(stage, { folder, under: ['sh', '-c', 'ulimit -f 2; exec "$@"', 'sh'] })
  sinkVerdict(stage, PLACE_FAULTS['a limit on the size of files'], done, old)
  assert.equal(done.files, ['.aws/credentials'])
  assert.is(count(done.vault, /revoke-self/), 1)
})

const PROFILES = ['one', 'two', 'three', 'four', 'five', 'six']

for (const [what, old] of [
  ['six writers at the same moment, over an old file', OLD],
  ['six writers at the same moment, without even the directory', undefined],
] as const) {
  faults(`${what}: each finds its profile there`, async () => {
    const folder = makeFolder()
    if (old !== undefined) putCredentials(folder, old)
    const allHere = Promise.withResolvers<undefined>()
    let answered = 0
    const gate = await holdBack((request) => {
      const answer = stage.rolesAnywhereEmulator.handle(request)
      answered += 1
      if (answered === PROFILES.length) allHere.resolve(undefined)
      return answer
    })
    try {
      const token = stage.token()
      const running = PROFILES.map((profile) =>
        start(stage, {
          folder,
          token,
          env: { AWS_PROFILE: profile, WRITE_REGION: 'true', AWS_ENDPOINT_URL_ROLESANYWHERE: gate.url },
        }),
      )
      await Promise.all(running.map((one) => one.until(allHere.promise)))
      gate.open()
      for (const done of await Promise.all(running.map((one) => one.finished)))
        assert.is(done.code, PLACE_FAULTS[what].exit, done.stderr)
    } finally {
      await gate.close()
    }
    const text = readFileSync(folder.credentials, 'utf8')
    const config = parse(readFileSync(join(folder.home, '.aws/config'), 'utf8'))
    const read = parse(text)
    const issued = new Map(stage.sessions.issued.map((one) => [one.accessKeyId, one]))
    const keys = PROFILES.map((profile) => {
      const values = read[profile] as Record<string, string>
      const session = issued.get(values['aws_access_key_id'] ?? '')
      assert.ok(session !== undefined && values['aws_session_token'] === session.sessionToken, profile)
      assert.equal({ ...(config[`profile ${profile}`] as object) }, { region: 'eu-central-1' })
      return session.accessKeyId
    })
    assert.is(new Set(keys).size, PROFILES.length)
    if (old !== undefined) assert.ok(text.startsWith(old))
    assert.not.ok(existsSync(draftOf(folder)))
    assert.is(stage.vaultEmulator.liveTokens(), 0)
  })
}

faults.run()
