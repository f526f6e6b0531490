import { copyFileSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { makeFolder, put, run, start, type RunFolder } from './harness.ts'
import { failed, succeeded } from './outcome.ts'

const runtime = suite('e2e: the runtime inside the executable')

let secure: Stage
runtime.before(async () => {
  secure = await startStage({ tls: true })
})
runtime.after(() => secure.close())

function trusting(folder: RunFolder): Record<string, string> {
  const path = put(folder, 'ca.pem', secure.tlsAuthority ?? '')
  return { VAULT_CACERT: path, AWS_CA_BUNDLE: path }
}

/** Each made a line of the runtime's own, or could: beside credentials the SDK for C++ takes it for one of them. */
const TALKATIVE: readonly Readonly<Record<string, string>>[] = [
  { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  { NODE_DEBUG: '*' },
  { NODE_DEBUG: 'http,https,tls,net', NODE_DEBUG_NATIVE: '*' },
  { NODE_EXTRA_CA_CERTS: '/nothing' },
  { NODE_EXTRA_CA_CERTS: '/tmp' },
  { NODE_EXTRA_CA_CERTS: '/etc/hostname' },
  { NODE_OPTIONS: '--use-system-ca --trace-warnings' },
  { NODE_OPTIONS: '--no-such-option' },
  { NODE_PENDING_DEPRECATION: '1', NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: '' },
  { NODE_USE_SYSTEM_CA: '1', SSL_CERT_FILE: '/nothing', SSL_CERT_DIR: '/nothing' },
  { BUN_CONFIG_VERBOSE_FETCH: 'curl', BUN_TLS_REJECT_UNAUTHORIZED: '0' },
  { BUN_OPTIONS: '--smol' },
  { BUN_INSPECT: '1' },
  { BUN_DEBUG_ALL: '1', BUN_DEBUG_QUIET_LOGS: '0' },
  { OPENSSL_CONF: '/nothing', SSLKEYLOGFILE: '/nothing/keys' },
  { FORCE_COLOR: '1', DEBUG: '*' },
]

for (const env of TALKATIVE) {
  runtime(`credential-process says nothing with ${JSON.stringify(env)}`, async () => {
    const folder = makeFolder()
    const done = await run(secure, {
      folder,
      args: ['credential-process'],
      printsCredentials: true,
      env: { ...trusting(folder), ...env },
    })
    assert.equal([done.code, done.stderr], [0, ''])
    assert.match(done.stdout, /^\{"Version":1,[^\n]*\}\n$/)
    assert.equal(done.files, [])
  })
}

/** Where CAs beyond those of our own settings may come from. */
function foreignTrust(folder: RunFolder): readonly Readonly<Record<string, string>>[] {
  const path = put(folder, 'foreign.pem', secure.tlsAuthority ?? '')
  const directory = join(folder.path, 'certs')
  mkdirSync(directory)
  writeFileSync(join(directory, 'ca.pem'), readFileSync(path))
  return [
    { NODE_EXTRA_CA_CERTS: path },
    { SSL_CERT_FILE: path },
    { SSL_CERT_FILE: path, NODE_USE_SYSTEM_CA: '1' },
    { SSL_CERT_DIR: directory, NODE_USE_SYSTEM_CA: '1' },
    { SSL_CERT_FILE: path, BUN_OPTIONS: '--use-system-ca' },
    { SSL_CERT_FILE: path, NODE_OPTIONS: '--use-openssl-ca' },
  ]
}

runtime('no variable of the runtime adds a CA to trust, for Vault or AWS', async () => {
  const folder = makeFolder()
  for (const env of foreignTrust(folder)) {
    const atVault = await run(secure, { folder, env })
    failed(atVault, 3, /signed by a CA that is not trusted here/, /VAULT_CACERT/)
    const { VAULT_CACERT } = trusting(folder)
    const atAws = await run(secure, { folder, env: { ...env, VAULT_CACERT } })
    failed(atAws, 5, /signed by a CA that is not trusted here/, /AWS_CA_BUNDLE/)
    assert.is(atVault.vault.length + atAws.aws.length, 0)
  }
})

for (const args of [[], ['credential-process'], ['check']]) {
  runtime(`a working directory that was deleted: ${args[0] ?? 'the one-shot'} works`, async () => {
    const folder = makeFolder()
    const cwd = join(folder.path, 'gone')
    mkdirSync(cwd)
    const done = await run(secure, {
      folder,
      cwd,
      args,
      under: ['sh', '-c', 'rmdir "$PWD" && exec "$@"', 'sh'],
      printsCredentials: args.length > 0,
      env: trusting(folder),
    })
    assert.is(done.code, 0, done.stderr)
    if (args.length === 0) succeeded(secure, done)
  })
}

runtime('a path that is relative is one of the working directory', async () => {
  const folder = makeFolder()
  trusting(folder)
  const env = { VAULT_CACERT: 'ca.pem', AWS_CA_BUNDLE: './ca.pem', SERVICE_ACCOUNT_TOKEN_FILE: 'token' }
  succeeded(secure, await run(secure, { folder, env }))
})

runtime('serve renews though its directory and its executable were deleted', async () => {
  const folder = makeFolder()
  const cwd = join(folder.path, 'gone')
  mkdirSync(cwd)
  const before = secure.sessions.issued.length
  const copy = join(folder.path, 'aws-iam-ra')
  copyFileSync(join(import.meta.dirname, '../../dist/aws-iam-ra'), copy)
  const running = start(secure, {
    folder,
    cwd,
    args: ['serve'],
    under: ['sh', '-c', 'shift; exec "$0" "$@"', copy],
    env: { ...trusting(folder), AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: join(folder.path, 'authorization') },
  })
  await running.shows('serving credentials')
  rmdirSync(cwd)
  rmSync(copy)
  running.child.kill('SIGHUP')
  await running.until(
    new Promise<void>((resolve) => {
      const look = setInterval(() => {
        if (secure.sessions.issued.length < before + 2) return
        clearInterval(look)
        resolve()
      }, 20)
    }),
  )
  running.child.kill('SIGTERM')
  const done = await running.finished
  assert.is(done.code, 0, done.stderr)
  assert.not.match(done.stderr, /cannot|failed|lost/)
})

runtime.run()
