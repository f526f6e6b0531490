import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { host } from '../rig/emulators/http.ts'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { run, start } from './harness.ts'
import { answerFirst, hangAt, holdBack } from './servers.ts'
import { count, failed, succeeded } from './outcome.ts'

const retries = suite('e2e: retry, redirects and deadline')

let stage: Stage
retries.before(async () => {
  stage = await startStage()
})
retries.after(() => stage.close())
retries.after.each(() => {
  stage.vault.intercept = undefined
  stage.rolesAnywhere.intercept = undefined
  stage.vaultEmulator.options.sealed = false
})

const SEALED = { status: 503, body: '{"errors":["Vault is sealed"]}' }

for (const [title, path, answer] of [
  ['login: sealed, then unsealed', /login/, SEALED],
  [
    'login: a 429 with Retry-After',
    /login/,
    { status: 429, headers: { 'Retry-After': '0' }, body: '{"errors":["quota"]}' },
  ],
  ['login: a gateway page with 502', /login/, { status: 502, body: '<html>Bad Gateway</html>' }],
  ['sign: a 500', /sign/, { status: 500, body: '{"errors":["internal error"]}' }],
  ['sign: a 412', /sign/, { status: 412, body: '{"errors":["required index state not present"]}' }],
] as const) {
  retries(`Vault's ${title}: tried again, silently but for --verbose`, async () => {
    answerFirst(stage.vault, path, answer)
    const done = await run(stage)
    succeeded(stage, done)
    assert.is(count(done.vault, path), 2)
    assert.is(done.stderr.trimEnd().split('\n').length, 1)
  })
}

for (const [title, answer] of [
  ['a 500', { status: 500, body: '{"message":"oops"}' }],
  ['a 503 page', { status: 503, body: '<html></html>' }],
  ['a 429', { status: 429 }],
  ['throttling as 400', { status: 400, headers: { 'x-amzn-ErrorType': 'ThrottlingException:' }, body: '{}' }],
] as const) {
  retries(`CreateSession: ${title}: signed and sent again`, async () => {
    answerFirst(stage.rolesAnywhere, /./, answer)
    const done = await run(stage)
    succeeded(stage, done)
    assert.is(done.aws.length, 2)
  })
}

retries('Retry-After of a second is waited for', async () => {
  answerFirst(stage.vault, /login/, {
    status: 429,
    headers: { 'Retry-After': '1' },
    body: '{"errors":["quota"]}',
  })
  const done = await run(stage, { args: ['--verbose'] })
  succeeded(stage, done)
  assert.match(done.stderr, /login failed, next attempt in 1(\.\d)? s/)
})

retries('Retry-After beyond DEADLINE ends at once, with the reason and what was asked', async () => {
  answerFirst(stage.vault, /login/, {
    status: 429,
    headers: { 'Retry-After': '600' },
    body: '{"errors":["quota"]}',
  })
  const done = await run(stage)
  failed(done, 3, /429 .*quota.*DEADLINE of 60 s .*asked to wait 600 s/, /quota/)
  assert.is(done.vault.length, 1)
})

retries('sealed until DEADLINE: exit 3, sealed named', async () => {
  stage.vaultEmulator.options.sealed = true
  failed(await run(stage, { env: { DEADLINE: '1' } }), 3, /is sealed .*DEADLINE of 1 s/, /unseal/)
})

retries('a connection that is cut is tried again, at each server', async () => {
  let cuts = 0
  const cutOnce = (): 'cut' | undefined => ((cuts += 1) === 1 ? 'cut' : undefined)
  stage.vault.intercept = cutOnce
  succeeded(stage, await run(stage))
  cuts = 0
  stage.vault.intercept = undefined
  stage.rolesAnywhere.intercept = cutOnce
  succeeded(stage, await run(stage))
})

retries('a Vault that is not up yet is waited for', async () => {
  const own = await startStage()
  const { port } = own.vault
  await own.vault.close()
  try {
    const running = start(own, { args: ['--verbose'], env: { VAULT_ADDR: `http://127.0.0.1:${port}` } })
    await running.shows('the connection was refused')
    // Ports are free for anyone in between, so the one that comes up answers for itself.
    const late = await holdBack((request) => own.vaultEmulator.handle(request), port)
    late.open()
    const done = await running.finished
    await late.close()
    succeeded(own, done)
  } finally {
    await own.close()
  }
})

for (const status of [301, 302, 307, 308]) {
  retries(`a standby's ${status} is followed once, for each request`, async () => {
    const standby = await host(({ target }) => ({
      status,
      headers: { Location: stage.vault.url + target },
      body: '',
    }))
    try {
      const done = await run(stage, { env: { VAULT_ADDR: standby.url } })
      succeeded(stage, done)
      assert.is(standby.requests.length, 3)
      assert.ok(done.vault.every(({ request }) => request.method !== 'GET'))
    } finally {
      await standby.close()
    }
  })
}

for (const [title, location, says] of [
  ['to itself', (url: string, target: string) => url + target, /second redirect/],
  ['to another path', (url: string) => `${url}/ui/`, /to another path/],
  ['without an address', () => '', /redirect/],
  ['to a file', () => 'file:///etc/passwd', /names no address/],
] as const) {
  retries(`a redirect ${title} is refused: exit 3`, async () => {
    const standby = await host(({ target }) => ({
      status: 307,
      headers: { Location: location(standby.url, target) },
      body: '',
    }))
    try {
      const done = await run(stage, { env: { VAULT_ADDR: standby.url } })
      failed(done, 3, says, /VAULT_ADDR/)
      assert.ok(standby.requests.length <= 2)
    } finally {
      await standby.close()
    }
  })
}

retries('CreateSession: a redirect is not followed', async () => {
  const other = await host(() => ({ status: 201, headers: {}, body: '{}' }))
  try {
    for (const status of [301, 307]) {
      answerFirst(stage.rolesAnywhere, /./, { status, headers: { Location: `${other.url}/sessions` } })
      failed(await run(stage), 5, /redirect, which AWS never does/)
    }
    assert.is(other.requests.length, 0)
    assert.is(stage.vaultEmulator.liveTokens(), 0)
  } finally {
    await other.close()
  }
})

for (const [path, code, name] of [
  [/login/, 3, 'identity'],
  [/\/sign\//, 4, 'certificate'],
  [/sessions/, 5, 'exchange'],
] as const) {
  retries(`${name} hangs: DEADLINE ends it with ${code}, and no token is left`, async () => {
    void hangAt(code === 5 ? stage.rolesAnywhere : stage.vault, path)
    const done = await run(stage, { env: { DEADLINE: '1' } })
    failed(done, code, new RegExp(`^aws-iam-ra: ${name}: .*DEADLINE of 1 s`))
    assert.is(stage.vaultEmulator.liveTokens(), 0)
    assert.equal(done.files, [])
  })
}

retries('revoking that hangs or fails is a warning, and the credentials are there', async () => {
  answerFirst(stage.vault, /revoke/, { status: 500, body: '{"errors":["no"]}' })
  const refused = await run(stage)
  assert.is(refused.code, 0)
  assert.match(refused.stderr, /warning: the Vault token could not be revoked .* at most 300 s/)
  void hangAt(stage.vault, /revoke/)
  const done = await run(stage)
  assert.is(done.code, 0)
  assert.match(done.stderr, /warning: the Vault token could not be revoked/)
  assert.equal(done.files, ['.aws/credentials'])
})

retries('a token that ends while Vault is sealed leads to a new login', async () => {
  const own = await startStage({ authRole: { ttlSeconds: 1 } })
  try {
    answerFirst(own.vault, /\/sign\//, {
      status: 429,
      headers: { 'Retry-After': '1' },
      body: '{"errors":["q"]}',
    })
    const done = await run(own)
    assert.is(done.code, 0, done.stderr)
    assert.is(count(done.vault, /login/), 2)
    assert.match(done.stderr, /warning: the Vault token expired before Vault could sign: logging in again/)
  } finally {
    await own.close()
  }
})

retries.run()
