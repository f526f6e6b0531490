import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { makeFolder, put, run, withStage } from './harness.ts'
import { failed, succeeded } from './outcome.ts'

const environment = suite('e2e: the environment')

let stage: Stage
environment.before(async () => {
  stage = await startStage()
})
environment.after(() => stage.close())
environment.after.each(() => {
  stage.vault.intercept = undefined
})

environment(
  'VAULT_TOKEN and VAULT_SKIP_VERIFY are ignored, with one warning, and the token is never used',
  async () => {
    const token = 'hvs.CAESIcanarycanarycanarycanarycanarycanary'
    const done = await run(stage, {
      env: { VAULT_TOKEN: token, VAULT_SKIP_VERIFY: 'true' },
      secrets: [token],
    })
    succeeded(stage, done)
    assert.is(done.stderr.match(/warning/g)?.length, 1)
    assert.match(done.stderr, /VAULT_TOKEN and VAULT_SKIP_VERIFY are set and ignored/)
    assert.ok(done.vault.every(({ request }) => !JSON.stringify(request.headers).includes(token)))
  },
)

environment('VAULT_SKIP_VERIFY does not switch the check off', async () => {
  await withStage({ tls: true }, async (own) => {
    const done = await run(own, { env: { VAULT_SKIP_VERIFY: '1' } })
    failed(done, 3, /not trusted/)
    assert.is(done.vault.length, 0)
  })
})

environment("the settings of Vault's other clients change nothing", async () => {
  const done = await run(stage, {
    env: {
      VAULT_PREFIX: '/../../x',
      VAULT_API_ADDR: 'http://127.0.0.1:9',
      VAULT_AGENT_ADDR: 'http://127.0.0.1:9',
      VAULT_CLIENT_TIMEOUT: '0',
      VAULT_MAX_RETRIES: '0',
      VAULT_HTTP_PROXY: 'http://127.0.0.1:9',
    },
  })
  succeeded(stage, done)
  assert.ok(done.vault.every(({ request }) => request.path.startsWith('/v1/')))
  assert.ok(done.vault.every(({ request }) => request.header('x-vault-namespace') === undefined))
})

for (const namespace of ['../x', 'a b', 'x?y', 'x\r\nX-Vault-Token: y']) {
  environment(`VAULT_NAMESPACE=${JSON.stringify(namespace)} ends with 2`, async () => {
    failed(await run(stage, { env: { VAULT_NAMESPACE: namespace } }), 2, /settings/)
  })
}

environment("the settings of AWS's other clients change nothing", async () => {
  const done = await run(stage, {
    env: {
      AWS_ACCESS_KEY_ID: 'AKIAAMBIENTAMBIENT12',
      AWS_SECRET_ACCESS_KEY: 'x'.repeat(40),
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_DEFAULT_REGION: 'us-east-1',
      AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/other',
      AWS_MAX_ATTEMPTS: '1',
    },
  })
  succeeded(stage, done)
})

environment('files in the working folder change nothing', async () => {
  const folder = makeFolder()
  put(folder, '.env', 'VAULT_ROLE=nothing\nKEY_TYPE=dsa\nVAULT_NAMESPACE=x\n')
  put(folder, 'bunfig.toml', 'preload = ["./evil.js"]\n')
  put(folder, 'tsconfig.json', '{"compilerOptions":{"paths":{"*":["./evil.js"]}}}')
  put(folder, 'evil.js', 'console.error("evil"); throw 1')
  for (const name of ['node-vault', 'debug', 'ini', 'https-proxy-agent', '@peculiar/x509']) {
    mkdirSync(join(folder.path, 'node_modules', name), { recursive: true })
    put(folder, `node_modules/${name}/index.js`, 'console.error("evil"); throw 1')
  }
  const done = await run(stage, { folder })
  succeeded(stage, done)
  assert.not.match(done.stderr, /evil/)
})

for (const [name, value] of [
  ['DEBUG', '*'],
  ['NODE_DEBUG', '*'],
  ['BUN_CONFIG_VERBOSE_FETCH', 'curl'],
  ['NODE_OPTIONS', '--require=/nothing.js'],
  ['BUN_OPTIONS', '--smol'],
  ['NODE_ENV', 'development'],
  ['TMPDIR', '/nothing'],
  ['TZ', 'Asia/Kolkata'],
  ['LC_ALL', 'tr_TR.UTF-8'],
] as const) {
  environment(`${name}=${value} shows nothing secret and changes nothing`, async () => {
    // The canaries of every run look for what it shows.
    const done = await run(stage, { env: { [name]: value }, args: ['--verbose'] })
    succeeded(stage, done)
    assert.match(done.stderr, /expires=\S+T\S+Z/)
    const refused = await run(stage, { env: { [name]: value, VAULT_ROLE: 'nothing' } })
    assert.is(refused.code, 3)
  })
}

environment('the token file is read anew at each attempt, as the kubelet replaces it', async () => {
  const folder = makeFolder()
  const fresh = stage.token()
  stage.vault.intercept = () => {
    writeFileSync(folder.token, fresh)
    stage.vault.intercept = undefined
    return { status: 503, headers: {}, body: '{"errors":["Vault is sealed"]}' }
  }
  const done = await run(stage, { folder, token: stage.token({ lifetimeSeconds: -3600 }), secrets: [fresh] })
  succeeded(stage, done)
  assert.is(readFileSync(folder.token, 'utf8'), fresh)
})

environment.run()
