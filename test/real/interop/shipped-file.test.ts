/** What the shipped executable leaves, read by the commands and libraries that its users have, and used at STS. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeFolder, putCredentials, run } from '../../e2e/harness.ts'
import { succeeded } from '../../e2e/outcome.ts'
import { EXAMPLE, startStage, type Stage } from '../../rig/emulators/stage.ts'
import { EXISTING_FILES } from './existing-files.ts'
import { runChild } from '../../rig/processes/child.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { digestsOf, readAll, READERS } from './readers.ts'

const python = pythonEnvironment()
const home = mkdtempSync(join(tmpdir(), 'iam-ra-shipped-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

let stage: Stage

const shipped = suite('the shipped file, read by others')
shipped.before(async () => {
  stage = await startStage()
})
shipped.after(() => stage.close())

for (const [profile, existing] of [
  ['default', 'no file'],
  ['app', 'CRLF'],
  ['my.app', 'comments everywhere'],
  ['three little words', 'other settings of the profile'],
  ['ünï-日本', 'sub-settings'],
] as const) {
  shipped(`profile ${profile}, ${existing}: all readers see the keys, and STS knows them`, async () => {
    const file = EXISTING_FILES.find(({ what }) => what === existing)
    const folder = makeFolder()
    if (typeof file?.before === 'string') putCredentials(folder, file.before)
    succeeded(stage, await run(stage, { folder, env: { AWS_PROFILE: profile } }), byteString(profile))

    const session = stage.sessions.issued.at(-1)
    const keys = digestsOf([session?.accessKeyId, session?.secretAccessKey, session?.sessionToken])
    const views = await readAll([{ path: folder.credentials, profile }], home)
    for (const reader of READERS) {
      assert.is(JSON.stringify(views[reader][0]?.keys), JSON.stringify({ value: keys }))
    }

    const aws = async (...args: readonly string[]): Promise<string> => {
      const env = { HOME: home, AWS_SHARED_CREDENTIALS_FILE: folder.credentials, AWS_PROFILE: profile }
      const done = await runChild(python, ['-m', 'awscli', ...args], env)
      assert.is(done.code, 0, done.stderr)
      return done.stdout.trimEnd()
    }
    const token = await aws('configure', 'get', 'aws_session_token')
    assert.ok(token === session?.sessionToken, 'aws configure get shows another token')
    const identity = ['sts', 'get-caller-identity', '--query', 'Arn', '--output', 'text']
    const arn = await aws(...identity, '--endpoint-url', stage.sts.url, '--region', EXAMPLE.region)
    assert.is(arn, session.assumedRoleArn)
  })
}

/** The harness reads files byte by byte. */
function byteString(text: string): string {
  return Buffer.from(text).toString('latin1')
}

shipped.run()
