/** The shipped file with keys of Vault's AWS secrets engine: the one-shot, credential-process and check, read by others. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { makeFolder, run, type Run, type RunFolder } from '../e2e/harness.ts'
import { count, hasCredentials } from '../e2e/outcome.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { isAlive, tokensOf } from './harness.ts'
import { appEnv, askOnce } from './interop/apps.ts'
import { runChild } from '../rig/processes/child.ts'
import { pythonEnvironment } from '../rig/processes/python.ts'
import { digestsOf, readAll, READERS } from './interop/readers.ts'
import { BINARY } from './interop/serving.ts'
import { scratchFolder } from '../rig/processes/process.ts'
import { MOUNT } from './vault-aws-account.ts'
import { sayNoSecret, secretsOf, startShippedScene } from './vault-aws-shipped.ts'

const LEASE_SECONDS = 300
const USER = new RegExp(`^arn:aws:iam::${EXAMPLE.account}:user/vault-`)

// Not in a hook: uvu keeps to itself what one throws.
const python = pythonEnvironment()
const home = scratchFolder('vault-aws-shipped')
const scene = await startShippedScene(LEASE_SECONDS)
const { account } = scene
const apps = appEnv({ sts: scene.aws, s3: scene.aws }, home)

const shipped = suite('real: the shipped file with keys of the AWS secrets engine')
shipped.after.each(() => scene.revokeAll())
shipped.after(() => scene.close())

/** A one-shot for which every reader sees the keys that Vault gave last. @returns it, and whose keys they are to AWS */
async function written(
  folder: RunFolder,
  path: string,
): Promise<{ readonly done: Run; readonly arn: string }> {
  const done = await run(scene, { folder, env: { VAULT_AWS_PATH: path } })
  const last = scene.given().at(-1)
  assert.is(done.code, 0, done.stderr)
  const keys = digestsOf([last?.accessKeyId, last?.secretAccessKey, last?.sessionToken || undefined])
  const views = await readAll([{ path: folder.credentials, profile: 'default' }], home)
  for (const reader of READERS) {
    assert.ok(
      JSON.stringify(views[reader][0]?.keys) === JSON.stringify({ value: keys }),
      `other keys: ${reader}`,
    )
  }
  const answers = await Promise.all(
    READERS.map((reader) =>
      askOnce(reader, python, { ...apps, AWS_SHARED_CREDENTIALS_FILE: folder.credentials }),
    ),
  )
  const [first] = answers
  const arn = first !== undefined && 'arn' in first ? first.arn : ''
  assert.equal(
    answers,
    READERS.map(() => ({ arn, buckets: [account.bucket] })),
  )
  return { done, arn }
}

/** When Vault ends the lease, epoch milliseconds. */
async function leaseEnd(leaseId: string): Promise<number> {
  const { data } = await account.vault.write('sys/leases/lookup', { lease_id: leaseId })
  return Date.parse((data as { expire_time: string }).expire_time)
}

for (const mount of ['aws', MOUNT]) {
  shipped(
    `${mount}/creds: an IAM user's keys are in the file, and live on as long as the line says`,
    async () => {
      const { done, arn } = await written(makeFolder(), `${mount}/creds/readonly`)
      assert.match(arn, USER)
      assert.not.match(done.credentials ?? '', /aws_session_token/)
      assert.equal(await account.users(), [arn.slice(arn.lastIndexOf('/') + 1)])

      const [token = '', ...others] = tokensOf(done)
      assert.equal(others, [])
      assert.ok(await isAlive(account.vault, token))
      const [, said = '', until = ''] =
        /; they end with Vault's lease {2}arn=(\S+) expires=(\S+)\n$/.exec(done.stderr) ?? []
      assert.is(said, arn)
      const lateMs = Date.parse(until) - (await leaseEnd(scene.given().at(-1)?.leaseId ?? ''))
      assert.ok(lateMs <= 0 && lateMs > -5000, `${lateMs} ms after Vault's own end`)
      await account.vault.write(`sys/leases/revoke-prefix/${mount}/creds/readonly`, {})
    },
  )
}

shipped("an assumed role's keys replace an IAM user's in a profile, and are replaced by them", async () => {
  const folder = makeFolder()
  const first = await written(folder, 'aws/creds/readonly')
  assert.match(first.arn, USER)

  const before = await scene.tokens()
  const second = await written(folder, 'aws/sts/assumed')
  assert.match(second.arn, /:assumed-role\/frontend-s3-read\//)
  hasCredentials(scene, second.done)
  assert.not.match(second.done.stderr, /lease/)
  assert.equal(await scene.tokens(), before)

  const third = await written(folder, 'aws/creds/readonly')
  assert.match(third.arn, USER)
  assert.is.not(third.arn, first.arn)
  assert.not.match(third.done.credentials ?? '', /aws_session_token/)
  assert.equal(third.done.files, ['.aws/credentials'])
})

shipped('credential-process prints keys without a session token, and nothing else', async () => {
  const folder = makeFolder()
  writeFileSync(folder.token, scene.token())
  const env = { ...scene.env, HOME: folder.home, SERVICE_ACCOUNT_TOKEN_FILE: folder.token }
  const { code, stdout, stderr } = await runChild(BINARY, ['credential-process'], env)
  assert.is(code, 0, stderr)
  assert.is(stderr, '')
  const { Expiration, ...members } = JSON.parse(stdout) as Readonly<Record<string, unknown>>
  const { accessKeyId, secretAccessKey, leaseId } = scene.given().at(-1) ?? {}
  const expected = { Version: 1, AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey }
  assert.ok(JSON.stringify(members) === JSON.stringify(expected), 'other members')
  assert.ok(Date.parse(String(Expiration)) <= (await leaseEnd(leaseId ?? '')))
})

for (const reader of READERS) {
  shipped(`${reader} starts credential-process and lists buckets with its keys`, async () => {
    const folder = makeFolder()
    writeFileSync(folder.token, scene.token())
    const config = join(folder.path, 'config')
    writeFileSync(config, `[profile vault]\ncredential_process = ${BINARY} credential-process\n`)
    const answer = await askOnce(reader, python, {
      ...scene.env,
      ...apps,
      SERVICE_ACCOUNT_TOKEN_FILE: folder.token,
      AWS_CONFIG_FILE: config,
      AWS_PROFILE: 'vault',
    })
    assert.ok('arn' in answer, JSON.stringify(answer))
    assert.match(answer.arn, USER)
    assert.equal(answer.buckets, [account.bucket])
  })
}

shipped('check says whose keys Vault gave and until when, and leaves neither user nor token', async () => {
  const before = await scene.tokens()
  const done = await run(scene, { args: ['check', '--json'] })
  assert.is(done.code, 0, done.stdout + done.stderr)
  const { outcome, steps } = JSON.parse(done.stdout) as {
    outcome: string
    steps: { name: string; state: string; sent: object; found: Record<string, unknown>; warnings: string[] }[]
  }
  assert.is(outcome, 'ok')
  const step = (name: string): (typeof steps)[number] | undefined => steps.find((one) => one.name === name)
  assert.equal(step('vault_aws')?.sent, { path: 'aws/creds/readonly' })
  const { kind, arn, ends } = step('vault_aws')?.found ?? {}
  assert.is(kind, 'keys of an IAM user, leased')
  assert.match(String(arn), USER)
  assert.ok(Date.parse(String(ends)) > Date.now())
  assert.equal(step('vault_token')?.found, { revoked: true, lease_revoked: true })
  assert.equal(
    steps.flatMap(({ warnings }) => warnings),
    [],
  )
  assert.is(count(done.aws, /^\/$/), 1)
  await account.untilNoUsers()
  assert.equal(await scene.tokens(), before)
  assert.equal(done.files, [])
})

shipped('check as text says the same to people', async () => {
  const done = await run(scene, { args: ['check'] })
  assert.is(done.code, 0, done.stdout + done.stderr)
  assert.match(done.stdout, /kind +keys of an IAM user, leased\n/)
  assert.match(done.stdout, /\nok +a run would work\n$/)
  await account.untilNoUsers()
})

shipped('--verbose tells every step and no secret', async () => {
  const done = await run(scene, { args: ['--verbose'] })
  assert.is(done.code, 0, done.stderr)
  assert.match(done.stderr, /got AWS credentials from Vault {2}stage=exchange path=aws\/creds\/readonly/)
  sayNoSecret(done.stderr, secretsOf(scene))
})

shipped.run()
