import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { makeFolder, putCredentials, run } from './harness.ts'
import { answerFirst } from './servers.ts'
import { count, failed } from './outcome.ts'

const failures = suite('e2e: failures')

let stage: Stage
failures.before(async () => {
  stage = await startStage()
})
failures.after(() => stage.close())
failures.after.each(() => {
  stage.vault.intercept = undefined
  stage.rolesAnywhere.intercept = undefined
})

const OLD = '[default]\naws_access_key_id = AKIAOLDOLDOLDOLDOLD\n'

const STAGES = [
  ['settings', 2, { KEY_TYPE: 'dsa' }],
  ['identity', 3, { VAULT_ROLE: 'nothing' }],
  ['certificate', 4, { VAULT_CERT_CN: 'other.frontend.demo' }],
  ['exchange', 5, { SESSION_NAME: 'mine' }],
  ['sink', 6, { WRITE_REGION: 'true', AWS_CONFIG_FILE: '/dev/null' }],
] as const

for (const [stageName, code, env] of STAGES) {
  failures(
    `${stageName} fails: exit ${code}, as text and as JSON, the old file untouched, the token revoked`,
    async () => {
      const folder = makeFolder()
      putCredentials(folder, OLD)
      const before = statSync(folder.credentials)
      const text = await run(stage, { folder, env })
      failed(text, code, new RegExp(`^aws-iam-ra: ${stageName}: `))
      assert.is(text.credentials, OLD)
      assert.is(statSync(folder.credentials).ino, before.ino)
      assert.is(statSync(folder.credentials).mtimeMs, before.mtimeMs)
      assert.equal(text.files, ['.aws/credentials'])
      assert.is(count(text.vault, /revoke-self/), code > 3 ? 1 : 0)
      assert.is(stage.vaultEmulator.liveTokens(), 0)

      const json = await run(stage, { env: { ...env, LOG_FORMAT: 'json' } })
      assert.is(json.code, code)
      const [line = '', ...more] = json.stderr.trimEnd().split('\n')
      assert.equal(more, [])
      const entry = JSON.parse(line) as Record<string, unknown>
      assert.is(entry['level'], 'error')
      assert.is(entry['stage'], stageName)
      assert.type(entry['hint'], 'string')
      assert.match(String(entry['code']), /^[A-Z_]+$/)
      assert.match(String(entry['time']), /^\d{4}-.*Z$/)
      assert.ok(json.terminationLog.startsWith(String(entry['message'])))
    },
  )
}

for (const [what, content] of [
  ['missing', undefined],
  ['empty', '\n'],
  ['no token', 'a password, by mistake'],
  ['binary', '\x00\xff\xfe'],
] as const) {
  failures(`a token file that is ${what}: exit 3, nothing sent, its content not shown`, async () => {
    const folder = makeFolder()
    const path = join(folder.path, 'sa')
    if (content !== undefined) writeFileSync(path, content, 'latin1')
    const done = await run(stage, {
      folder,
      env: { SERVICE_ACCOUNT_TOKEN_FILE: path },
      secrets: ['password, by'],
    })
    failed(done, 3, /identity: the (service-account token file|file) \S+\/sa /, /serviceAccountToken/)
    assert.is(done.vault.length, 0)
  })
}

for (const [name, code] of [
  ['SERVICE_ACCOUNT_TOKEN_FILE', 3],
  ['VAULT_CACERT', 2],
  ['AWS_CA_BUNDLE', 2],
] as const) {
  failures(`${name} without an end does not hold the run`, async () => {
    const done = await run(stage, { env: { [name]: '/dev/zero' } })
    assert.is(done.code, code)
    assert.match(done.stderr, /\/dev\/zero"? cannot be read \(not a file\)/)
  })
}

failures('certificate files that are not there: exit 2, both named, nothing asked of Vault', async () => {
  const done = await run(stage, { env: { VAULT_CACERT: '/nothing.pem', AWS_CA_BUNDLE: '/none.pem' } })
  assert.is(done.code, 2)
  assert.match(done.stderr, /VAULT_CACERT: "\/nothing\.pem" cannot be read \(ENOENT\)/)
  assert.match(done.stderr, /AWS_CA_BUNDLE: "\/none\.pem" cannot be read \(ENOENT\)/)
  assert.is(done.vault.length, 0)
})

failures('a termination log that is not there is not made', async () => {
  const folder = makeFolder()
  rmSync(folder.terminationLog)
  const done = await run(stage, { folder, env: { VAULT_ROLE: 'nothing' } })
  assert.is(done.code, 3)
  assert.throws(() => statSync(folder.terminationLog), /ENOENT/)
})

failures('a termination log that is a folder changes nothing', async () => {
  const folder = makeFolder()
  const path = join(folder.path, 'log-folder')
  mkdirSync(path)
  const done = await run(stage, { folder, env: { VAULT_ROLE: 'nothing', TERMINATION_LOG: path } })
  assert.is(done.code, 3)
})

failures('the termination log is replaced, not added to, and success leaves it alone', async () => {
  const folder = makeFolder()
  writeFileSync(folder.terminationLog, 'x'.repeat(9000))
  assert.is((await run(stage, { folder })).code, 0)
  assert.is(readFileSync(folder.terminationLog, 'utf8').length, 9000)
  failed(await run(stage, { folder, env: { VAULT_ROLE: 'nothing' } }), 3, /nothing/)
})

failures('a message beyond 4096 bytes is cut for the termination log, between characters', async () => {
  const wrong = 'ü'.repeat(99)
  const names = [
    'VAULT_ADDR',
    'VAULT_ROLE',
    'VAULT_CERT_NAME',
    'ROLE_ARN',
    'ANCHOR_ARN',
    'PROFILE_ARN',
    'KEY_TYPE',
  ]
  const more = [
    'CERT_TTL',
    'SESSION_DURATION',
    'SESSION_NAME',
    'FILE_MODE',
    'DEADLINE',
    'START_SPREAD',
    'WRITE_REGION',
  ]
  const booleans = [
    'VAULT_REQUIRE_TLS',
    'AWS_USE_FIPS_ENDPOINT',
    'AWS_USE_DUALSTACK_ENDPOINT',
    'VAULT_AUTH_METHOD',
  ]
  const env = Object.fromEntries([...names, ...more, ...booleans].map((name) => [name, `/ ${wrong}`]))
  const done = await run(stage, { env })
  assert.is(done.code, 2)
  assert.ok(Buffer.byteLength(done.stderr) > 4096)
  const bytes = Buffer.byteLength(done.terminationLog)
  assert.ok(bytes > 4090 && bytes <= 4096, String(bytes))
  assert.not.match(done.terminationLog, /\uFFFD/)
  assert.ok(done.stderr.startsWith(`aws-iam-ra: ${done.terminationLog.slice(0, 4000)}`))
})

for (const [title, answer, says] of [
  ['a page with 200', { status: 200, body: '<html>Sign in</html>' }, /that is not Vault's JSON/],
  ['JSON of another server', { status: 200, body: '{"ok":true}' }, /has no token or no lease/],
  [
    'a page with 403',
    { status: 403, body: '<html>Forbidden</html>' },
    /with a page that is not Vault's JSON/,
  ],
  ['nothing with 400', { status: 400 }, /with nothing that is not Vault's JSON|answered 400/],
  ['more than 1 MiB', { status: 200, body: 'x'.repeat(1_100_000) }, /larger than 1 MiB/],
] as const) {
  failures(`Vault answers the login with ${title}: exit 3 at once`, async () => {
    answerFirst(stage.vault, /login/, answer)
    const done = await run(stage)
    failed(done, 3, says)
    assert.is(done.vault.length, 1)
    assert.not.match(done.stderr, /<html>/)
  })
}

const CREDENTIALS = {
  accessKeyId: 'ASIACANARYCANARY1234',
  secretAccessKey: 'CanarySecretCanarySecretCanarySecret1234',
  sessionToken: 'CanaryTokenCanaryTokenCanaryToken==',
  expiration: '2999-01-01T00:00:00Z',
}
const ROLE_SESSION = 'arn:aws:sts::111122223333:assumed-role/frontend-s3-read/session'

function sessionBody(credentials: object, arn = ROLE_SESSION): string {
  return JSON.stringify({ credentialSet: [{ assumedRoleUser: { arn }, credentials }] })
}

for (const [title, status, body, says] of [
  [
    'no secret',
    201,
    sessionBody({ ...CREDENTIALS, secretAccessKey: undefined }),
    /secretAccessKey is missing/,
  ],
  [
    'a line break in the token',
    201,
    sessionBody({ ...CREDENTIALS, sessionToken: `${CREDENTIALS.sessionToken}\n[x]` }),
    /sessionToken has invalid characters/,
  ],
  [
    'a past expiration',
    201,
    sessionBody({ ...CREDENTIALS, expiration: '2020-01-01T00:00:00Z' }),
    /expiration .*past/,
  ],
  [
    "another role's session",
    201,
    sessionBody(CREDENTIALS, ROLE_SESSION.replace('frontend', 'backend')),
    /names another role/,
  ],
  ['200 in place of 201', 200, sessionBody(CREDENTIALS), /answered 200/],
  ['a cut JSON', 201, sessionBody(CREDENTIALS).slice(0, -9), /is not a CreateSession response/],
  ['a page', 403, '<html>Blocked</html>', /a page/],
] as const) {
  failures(`CreateSession answers with ${title}: exit 5, nothing of it shown, nothing written`, async () => {
    answerFirst(stage.rolesAnywhere, /./, { status, body })
    const done = await run(stage, { args: ['--verbose'], secrets: Object.values(CREDENTIALS).slice(0, 3) })
    assert.is(done.code, 5)
    assert.match(done.stderr, says)
    assert.is(done.aws.length, 1)
    assert.equal(done.files, [])
    assert.is(stage.vaultEmulator.liveTokens(), 0)
  })
}

failures.run()
