import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { makeFolder, put, putCredentials, start, type Run } from './harness.ts'
import { hangAt, holdBack } from './servers.ts'
import { count } from './outcome.ts'

const signals = suite('e2e: signals')

let stage: Stage
signals.before(async () => {
  stage = await startStage()
})
signals.after(() => stage.close())
signals.after.each(() => {
  stage.vault.intercept = undefined
  stage.rolesAnywhere.intercept = undefined
})

const OLD = '[default]\naws_access_key_id = AKIAOLDOLDOLDOLDOLD\n'
const CODES = { SIGTERM: 143, SIGINT: 130, SIGHUP: 129 } as const

function stopped(done: Run, signal: keyof typeof CODES): void {
  assert.is(done.code, CODES[signal], done.stderr)
  assert.match(done.stderr, new RegExp(`stopped by ${signal}`))
  assert.match(done.terminationLog, new RegExp(`stopped by ${signal}`))
  assert.is(done.credentials, OLD)
  assert.equal(done.files, ['.aws/credentials'])
  assert.is(stage.vaultEmulator.liveTokens(), 0)
}

for (const [what, path, signal] of [
  ["Vault's login", /login/, 'SIGTERM'],
  ["Vault's sign", /\/sign\//, 'SIGTERM'],
  ["Vault's sign", /\/sign\//, 'SIGINT'],
  ['CreateSession', /sessions/, 'SIGTERM'],
  ['CreateSession', /sessions/, 'SIGINT'],
  ['CreateSession', /sessions/, 'SIGHUP'],
] as const) {
  signals(`${signal} while ${what} hangs: the token revoked, the old file whole`, async () => {
    const folder = makeFolder()
    putCredentials(folder, OLD)
    const arrived = hangAt(what === 'CreateSession' ? stage.rolesAnywhere : stage.vault, path)
    const running = start(stage, { folder })
    await running.until(arrived)
    running.child.kill(signal)
    const done = await running.finished
    stopped(done, signal)
    assert.is(count(done.vault, /revoke-self/), /login/.test(path.source) ? 0 : 1)
  })
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  signals(`${signal} during START_SPREAD: nothing was sent`, async () => {
    const folder = makeFolder()
    putCredentials(folder, OLD)
    const running = start(stage, { folder, args: ['--verbose'], env: { START_SPREAD: '86400' } })
    await running.shows('START_SPREAD: waiting')
    running.child.kill(signal)
    const done = await running.finished
    stopped(done, signal)
    assert.is(done.vault.length, 0)
  })
}

signals('SIGTERM during the wait before another attempt', async () => {
  const folder = makeFolder()
  putCredentials(folder, OLD)
  stage.vault.intercept = () => ({
    status: 429,
    headers: { 'Retry-After': '30' },
    body: '{"errors":["quota"]}',
  })
  const running = start(stage, { folder, args: ['--verbose'] })
  await running.shows('next attempt in')
  running.child.kill('SIGTERM')
  stopped(await running.finished, 'SIGTERM')
})

signals('a login whose answer comes after SIGTERM is revoked too', async () => {
  const folder = makeFolder()
  putCredentials(folder, OLD)
  const gate = await holdBack((request) => stage.vaultEmulator.handle(request))
  try {
    const running = start(stage, { folder, env: { VAULT_ADDR: gate.url } })
    await running.until(gate.arrived)
    assert.is(stage.vaultEmulator.liveTokens(), 1)
    running.child.kill('SIGTERM')
    gate.open()
    stopped(await running.finished, 'SIGTERM')
    assert.ok(stage.vaultEmulator.revocations.length > 0)
  } finally {
    await gate.close()
  }
})

signals('SIGTERM while another writer holds the file: its draft stays', async () => {
  const folder = makeFolder()
  putCredentials(folder, OLD)
  const draft = put(folder, 'home/.aws/.credentials.aws-iam-ra', 'another writer is at work')
  const running = start(stage, { folder, args: ['--verbose'] })
  await running.shows('exchanged for session credentials')
  running.child.kill('SIGTERM')
  const done = await running.finished
  assert.is(done.code, 143, done.stderr)
  assert.is(done.credentials, OLD)
  assert.is(readFileSync(draft, 'utf8'), 'another writer is at work')
  assert.is(stage.vaultEmulator.liveTokens(), 0)
})

signals('a second signal does not cut the revocation short', async () => {
  const folder = makeFolder()
  putCredentials(folder, OLD)
  const arrived = hangAt(stage.rolesAnywhere, /sessions/)
  const running = start(stage, { folder })
  await running.until(arrived)
  running.child.kill('SIGTERM')
  running.child.kill('SIGINT')
  const done = await running.finished
  assert.ok(done.code === 143 || done.code === 130, done.stderr)
  assert.is(stage.vaultEmulator.liveTokens(), 0)
})

signals('SIGTERM while revoking hangs ends within the bound, with a warning', async () => {
  const folder = makeFolder()
  putCredentials(folder, OLD)
  const atSessions = hangAt(stage.rolesAnywhere, /sessions/)
  const atRevoke = hangAt(stage.vault, /revoke/)
  const running = start(stage, { folder })
  await running.until(Promise.all([atSessions, atRevoke]))
  running.child.kill('SIGTERM')
  const done = await running.finished
  assert.is(done.code, 143, done.stderr)
  assert.match(done.stderr, /warning: the Vault token could not be revoked/)
  assert.is(done.credentials, OLD)
})

signals('SIGPIPE does not end a run', async () => {
  const arrived = hangAt(stage.vault, /\/sign\//)
  const running = start(stage, { env: { DEADLINE: '1' } })
  await running.until(arrived)
  running.child.kill('SIGPIPE')
  const done = await running.finished
  assert.is(done.code, 4, done.stderr)
  assert.is(count(done.vault, /revoke-self/), 1)
})

signals.run()
