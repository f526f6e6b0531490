/** Keys that moto's STS issued, written by the shipped file, used by others' clients against moto, which checks them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../../scripts/checks/files.ts'
import { run } from '../../e2e/harness.ts'
import { succeeded } from '../../e2e/outcome.ts'
import { EXAMPLE, startStage } from '../../rig/emulators/stage.ts'
import { startMoto } from './moto.ts'
import { runChild, type ChildRun } from '../../rig/processes/child.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'

const SESSION = 'interop'
const ROLE = EXAMPLE.roleArn.slice(EXAMPLE.roleArn.lastIndexOf('/') + 1)
const ASSUMED = `arn:aws:sts::${EXAMPLE.account}:assumed-role/${ROLE}/${SESSION}`

const home = mkdtempSync(join(tmpdir(), 'iam-ra-moto-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

// Not in a hook: uvu keeps to itself what one throws.
const python = pythonEnvironment()
const stage = await startStage({ profile: { acceptRoleSessionName: true } })
const moto = await startMoto(python, home, SESSION)
const credentials = await writtenCredentials()

async function writtenCredentials(): Promise<string> {
  stage.sessions.keys = () => moto.keys
  const done = await run(stage, { env: { SESSION_NAME: SESSION } })
  succeeded(stage, done)
  return done.folder.credentials
}

const account = suite('moto')

account.after(async () => {
  await moto.close()
  await stage.close()
})

/** The command as users type it, with the file and nothing else in its environment. */
function aws(args: readonly string[], file = credentials): Promise<ChildRun> {
  const where = ['--endpoint-url', moto.url, '--region', EXAMPLE.region]
  return runChild(python, ['-m', 'awscli', ...args, ...where], {
    HOME: home,
    AWS_SHARED_CREDENTIALS_FILE: file,
  })
}

/** The file with one character of a value changed. */
function tampered(key: string): string {
  const text = readFileSync(credentials, 'utf8')
  const path = join(home, key)
  writeFileSync(
    path,
    text.replace(
      new RegExp(`^(${key} = .{9})(.)`, 'm'),
      (_, kept: string, one: string) => kept + (one === 'x' ? 'y' : 'x'),
    ),
  )
  return path
}

account('aws sts get-caller-identity shows the assumed role', async () => {
  const { code, stdout, stderr } = await aws([
    'sts',
    'get-caller-identity',
    '--query',
    'Arn',
    '--output',
    'text',
  ])
  assert.is(code, 0, stderr)
  assert.is(stdout, `${ASSUMED}\n`)
})

account('aws s3 ls shows the bucket', async () => {
  const { code, stdout, stderr } = await aws(['s3', 'ls'])
  assert.is(code, 0, stderr)
  assert.match(stdout, new RegExp(`^\\S+ \\S+ ${moto.bucket}\\n$`))
})

account('what the role may not do is refused', async () => {
  const { code, stderr } = await aws(['s3', 'mb', 's3://another-bucket'])
  assert.is.not(code, 0)
  assert.match(stderr, /AccessDenied/)
})

account('boto3 sees the same', async () => {
  const { code, stdout, stderr } = await runChild(
    python,
    [join(import.meta.dirname, 'use-account.py'), moto.url],
    { HOME: home, AWS_SHARED_CREDENTIALS_FILE: credentials },
  )
  assert.is(code, 0, stderr)
  assert.is(stdout, `caller identity: ${ASSUMED}\nbuckets: ${moto.bucket}\n`)
})

account('the JavaScript SDK sees the same', async () => {
  const { code, stdout } = await runChild(process.execPath, [join(ROOT, 'scripts/demo/app.ts')], {
    HOME: home,
    AWS_SHARED_CREDENTIALS_FILE: credentials,
    AWS_ENDPOINT_URL: moto.url,
    AWS_REGION: EXAMPLE.region,
  })
  assert.is(code, 0, stdout)
  assert.is(stdout, `caller identity: ${ASSUMED}\nbuckets: ${moto.bucket}\n`)
})

for (const key of ['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token']) {
  account(`moto refuses a file with another ${key}`, async () => {
    const { code, stderr } = await aws(['s3', 'ls'], tampered(key))
    assert.is.not(code, 0)
    assert.match(stderr, /InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken/)
  })
}

account.run()
