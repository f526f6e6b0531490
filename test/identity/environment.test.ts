/** node-vault reads the environment of its process by itself, so that what it must not take from there is seen in a child. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CANARY } from './fixture.ts'

interface Sent {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Logs in, writes and revokes; prints where to and with which headers. */
const SCRIPT = `
  import { loggedIn, logIn } from ${JSON.stringify(new URL('./fixture.ts', import.meta.url).href)}
  const changes = JSON.parse(process.argv[1])
  const { session, wire } = logIn([loggedIn(), { status: 200, body: {} }, { status: 204 }], changes)
  const opened = await session
  const write = { stage: 'certificate', purpose: 'p', path: 'pki/sign/app', data: {}, timeoutMs: 1000 }
  await opened.write(write)
  await opened.end()
  console.log(JSON.stringify(wire.requests.map(({ url, headers }) => ({ url: url.href, headers }))))
`

async function child(env: Readonly<Record<string, string>>, changes = {}): Promise<[Sent[], string]> {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', SCRIPT, JSON.stringify(changes)],
    { env },
  )
  return [JSON.parse(stdout) as Sent[], stderr]
}

const HOSTILE = {
  VAULT_TOKEN: 'hvs.hostile-token-of-the-environment',
  VAULT_ADDR: 'http://hostile.example:8200',
  VAULT_PREFIX: '/hostile',
  VAULT_NAMESPACE: 'hostile',
  VAULT_SKIP_VERIFY: 'true',
  HTTP_PROXY: 'http://hostile.example:3128',
  HTTPS_PROXY: 'http://hostile.example:3128',
}

const environment = suite('a hostile environment')

environment('adds nothing to any request', async () => {
  const [[login, write, revoke]] = await child(HOSTILE)
  assert.is(login?.url, 'https://vault.example:8200/v1/auth/kubernetes/login')
  assert.is(write?.url, 'https://vault.example:8200/v1/pki/sign/app')
  assert.is(revoke?.url, 'https://vault.example:8200/v1/auth/token/revoke-self')
  assert.not.match(JSON.stringify([login, write, revoke]), /hostile/)
  assert.not.ok('X-Vault-Token' in (login?.headers ?? {}))
  assert.not.ok('X-Vault-Namespace' in (login?.headers ?? {}))
  assert.match(write?.headers['X-Vault-Token'] ?? '', CANARY)
})

environment('does not replace a namespace that was set', async () => {
  const [sent] = await child(HOSTILE, { namespace: 'ours' })
  assert.equal(
    sent.map(({ headers }) => headers['X-Vault-Namespace']),
    ['ours', 'ours', 'ours'],
  )
})

environment('that asks for debug output of node-vault gets none', async () => {
  const [sent, stderr] = await child({ DEBUG: 'node-vault,node-vault:*' })
  assert.is(sent.length, 3)
  assert.is(stderr, '')
})

environment.run()
