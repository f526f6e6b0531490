import { closeSync, openSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { run, start, type Run } from './harness.ts'
import { count } from './outcome.ts'
import { hangAt } from './servers.ts'

const stage: Stage = await startStage()
const ARGS = ['credential-process']

/** Only the credentials may be seen, and those on stdout alone. */
function printed(done: Run): Record<string, unknown> {
  assert.is(done.code, 0, done.stderr)
  assert.not.match(done.stdout, /hv[sb]\.|eyJ[\w-]{8,}\.eyJ|PRIVATE KEY/)
  assert.match(done.stdout, /^\{[^\n]*\}\n$/)
  assert.equal(done.files, [])
  assert.is(done.terminationLog, '')
  assert.is(stage.vaultEmulator.liveTokens(), 0)
  return JSON.parse(done.stdout) as Record<string, unknown>
}

const process = suite('e2e: credential-process')
process.after.each(() => {
  stage.vault.intercept = undefined
  stage.rolesAnywhere.intercept = undefined
})
process.after(() => stage.close())

process('prints what AWS issued, says nothing, writes nothing and leaves no Vault token', async () => {
  const done = await run(stage, {
    args: ARGS,
    printsCredentials: true,
    env: { VAULT_TOKEN: 'ignored-token' },
  })
  const issued = stage.sessions.issued.at(-1)
  assert.equal(printed(done), {
    Version: 1,
    AccessKeyId: issued?.accessKeyId,
    SecretAccessKey: issued?.secretAccessKey,
    SessionToken: issued?.sessionToken,
    Expiration: new Date(issued?.expiresAtMs ?? 0).toISOString().replace('.000Z', 'Z'),
  })
  assert.is(done.stderr, '')
  assert.is(count(done.vault, /revoke-self/), 1)
})

process('whose stdout takes nothing fails, and says so', async () => {
  const full = openSync('/dev/full', 'w')
  try {
    const done = await run(stage, { args: ARGS, stdio: ['ignore', full, 'pipe'] })
    assert.is(done.code, 6)
    assert.match(done.stderr, /^aws-iam-ra: sink: stdout cannot be written \(ENOSPC\)\nhint: /)
  } finally {
    closeSync(full)
  }
})

process('needs no HOME', async () => {
  const done = await run(stage, { args: ARGS, printsCredentials: true, env: { HOME: undefined } })
  assert.is(printed(done)['Version'], 1)
  assert.is(done.stderr, '')
})

process('says its steps with --verbose, on stderr alone', async () => {
  const done = await run(stage, { args: [...ARGS, '--verbose'], printsCredentials: true })
  assert.is(printed(done)['Version'], 1)
  assert.match(done.stderr, /logged in to Vault/)
})

process('that fails says why, prints nothing, and leaves the pod’s termination log to the app', async () => {
  stage.rolesAnywhere.intercept = () => ({
    status: 403,
    headers: {},
    body: '{"message":"Untrusted certificate. Insufficient certificate"}',
  })
  const refused = await run(stage, { args: ARGS })
  assert.is(refused.code, 5)
  assert.match(refused.stderr, /^aws-iam-ra: exchange: [^\n]*answered 403[^\n]*\nhint: [^\n]+\n$/)
  assert.is(stage.vaultEmulator.liveTokens(), 0)
  const unset = await run(stage, { args: ARGS, env: { ROLE_ARN: undefined } })
  assert.is(unset.code, 2)
  assert.match(unset.stderr, /\n {2}ROLE_ARN: /)
  for (const done of [refused, unset]) assert.equal([done.stdout, done.terminationLog], ['', ''])
})

process('whose reader has gone revokes all the same', async () => {
  const running = start(stage, { args: ARGS })
  running.child.stdout?.destroy()
  assert.is((await running.finished).code, 0)
  assert.is(stage.vaultEmulator.liveTokens(), 0)
})

process('that is stopped prints nothing and revokes', async () => {
  const arrived = hangAt(stage.rolesAnywhere, /sessions/)
  const running = start(stage, { args: ARGS })
  await running.until(arrived)
  running.child.kill('SIGTERM')
  const done = await running.finished
  assert.is(done.code, 143)
  assert.is(done.stdout, '')
  assert.is(stage.vaultEmulator.liveTokens(), 0)
})

process.run()
