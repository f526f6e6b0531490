/** The command with a Vault that the test plays: its environment, its errors, and what it sends. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pem } from '../../certs/read.ts'
import { ROOT } from '../../../scripts/checks/files.ts'
import { runVaultSetup } from '../../../src/onboarding/vault/run.ts'
import { createVault } from '../../../src/onboarding/vault/vault.ts'
import type { HttpRequest } from '../../../src/net/http.ts'
import { tlsError } from '../../../src/net/transport-error.ts'
import {
  fakeClock,
  fakeRuntime,
  scriptedHttp,
  type ScriptedAnswer,
  type ScriptedHttp,
} from '../../support/fake-runtime.ts'
import { SECRETS, showsPartOf } from '../../settings/shapes.ts'

/** Without the shape of Vault's own, which is hidden wherever it stands. */
const TOKEN = 'a-token-of-the-tests'
const ENV = { VAULT_ADDR: 'https://vault.example:8200', VAULT_TOKEN: TOKEN }

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly requests: readonly HttpRequest[]
}

interface Given {
  readonly env?: Readonly<Record<string, string>>
  readonly argv?: readonly string[]
  readonly files?: Readonly<Record<string, string>>
  readonly http?: ScriptedHttp
}

async function command({
  env = ENV,
  argv = [],
  files = {},
  http = scriptedHttp(emptyVault),
}: Given): Promise<Outcome> {
  const runtime = fakeRuntime({ env, argv, http: http.http })
  const code = await runVaultSetup({
    ...runtime,
    root: ROOT,
    readFile: async (path) => Buffer.from(files[path] ?? (await readFile(path))),
    writeFile: async () => assert.unreachable('nothing is to be written'),
  })
  assert.is(http.open(), 0)
  assert.not.ok(`${runtime.output.stdout}${runtime.output.stderr}`.includes(TOKEN))
  return { code, ...runtime.output, requests: http.requests }
}

const answer = (status: number, body: object): ScriptedAnswer => ({ status, body })

/** One that has nothing but what every Vault has. */
const emptyVault = ({ url }: HttpRequest): ScriptedAnswer =>
  /\/sys\/(mounts|auth)$/.test(url.pathname) ? answer(200, { data: {} }) : answer(404, { errors: [] })

const setup = suite('vault-setup')

setup('without VAULT_ADDR, a token or a good one says what to set, and asks nothing', async () => {
  for (const [env, says] of [
    [{}, /VAULT_ADDR is not set\nhint: set it to an address/],
    [{ ...ENV, VAULT_ADDR: 'vault.example' }, /VAULT_ADDR is not a Vault address/],
    [{ ...ENV, VAULT_ADDR: 'https://me:secret@vault.example' }, /VAULT_ADDR is not a Vault address/],
    ...['/team', '/v1', '/?a=b', '#a'].map(
      (end) =>
        [{ ...ENV, VAULT_ADDR: `https://vault.example${end}` }, /VAULT_ADDR has more than a host/] as const,
    ),
    [
      { ...ENV, VAULT_TLS_SERVER_NAME: 'https://vault.example' },
      /VAULT_TLS_SERVER_NAME is not a host name\nhint: set it to a DNS name, without scheme and port/,
    ],
    [{ ...ENV, VAULT_ADDR: 'http://vault.example' }, /VAULT_ADDR is plain http to another machine/],
    [
      { ...ENV, VAULT_TOKEN: '' },
      /there is no Vault token\nhint: set VAULT_TOKEN, or log in with vault login/,
    ],
    [{ ...ENV, VAULT_TOKEN: 'a b' }, /the Vault token has characters that no token has/],
    [
      { ...ENV, VAULT_CACERT: '/nowhere/ca.crt' },
      /VAULT_CACERT, \/nowhere\/ca\.crt, cannot be read: there is no such file or directory\nhint: set it to the file of the CA/,
    ],
    [
      { ...ENV, VAULT_CACERT: join(ROOT, 'package.json') },
      /contains no PEM certificate\nhint: set it to the file of the CA .*; it may be PEM, DER or PKCS #7\n/,
    ],
  ] as const) {
    const { code, stderr, requests } = await command({ env })
    assert.is(code, 2)
    assert.match(stderr, says)
    assert.is(requests.length, 0)
  }
})

setup(
  'takes the token that vault login left, the CA, the name in the certificate and the namespace',
  async () => {
    const http = scriptedHttp(emptyVault)
    const { VAULT_ADDR } = ENV
    const { code } = await command({
      env: {
        VAULT_ADDR,
        VAULT_CACERT: '/ca.crt',
        VAULT_TLS_SERVER_NAME: 'vault.internal',
        VAULT_NAMESPACE: 'team',
      },
      files: {
        '/home/app/.vault-token': `${TOKEN}\n`,
        '/ca.crt': `\ufeff  ${pem('root').replaceAll('\n', '\\n')}`,
      },
      http,
    })
    assert.is(code, 0)
    assert.equal(http.clients, [{ ca: pem('root'), tlsServerName: 'vault.internal' }])
    const [first] = http.requests
    assert.is(first?.url.href, 'https://vault.example:8200/v1/sys/mounts')
    assert.is(first?.headers['X-Vault-Token'], TOKEN)
    assert.is(first?.headers['X-Vault-Namespace'], 'team')
  },
)

setup(
  'with a secret in the place of a flag’s file or a variable shows nothing of it, and asks nothing',
  async () => {
    for (const [what, [value]] of Object.entries(SECRETS)) {
      for (const argv of [
        ['--reviewer-token', value],
        [`--signed-cert=${value}`],
        ['--setup', value],
        ['--root-mount', value],
        [value],
        [`--${value}`],
      ]) {
        const { code, stdout, stderr, requests } = await command({ argv })
        assert.is(code, 2, what)
        assert.match(
          stderr,
          /^vault-setup: argument [12] contains what looks like .*, and nothing was done\nhint: write it to a file/,
        )
        assert.not.ok(showsPartOf(value, `${stdout}${stderr}`), what)
        assert.is(requests.length, 0)
      }
      for (const name of ['VAULT_ADDR', 'VAULT_CACERT', 'VAULT_TLS_SERVER_NAME', 'VAULT_NAMESPACE']) {
        const { code, stdout, stderr, requests } = await command({ env: { ...ENV, [name]: value } })
        assert.is(code, 2, what)
        assert.match(
          stderr,
          new RegExp(`^vault-setup: ${name} contains what looks like .*, and nothing was sent\nhint: `),
        )
        assert.not.ok(showsPartOf(value, `${stdout}${stderr}`), what)
        assert.is(requests.length, 0)
      }
    }
  },
)

setup('has no more than five of a Vault’s errors, and how many there are besides', async () => {
  const errors = Array.from({ length: 50_000 }, (_, at) => `text ${at}.`)
  const { code, stderr } = await command({ http: scriptedHttp(() => answer(400, { errors })) })
  assert.is(code, 1)
  assert.match(stderr, /: text 0; text 1; text 2; text 3; text 4; and 49995 more\nhint: /)
  assert.ok(stderr.length < 1000)
})

setup('warns that VAULT_SKIP_VERIFY is nothing it does', async () => {
  const { code, stderr } = await command({ env: { ...ENV, VAULT_SKIP_VERIFY: 'true' } })
  assert.is(code, 0)
  assert.match(stderr, /^vault-setup: warning: VAULT_SKIP_VERIFY is ignored/)
})

setup('has a Vault that answers with an error, and never its token, in its own words', async () => {
  const http = scriptedHttp(() => answer(500, { errors: [`1 error occurred:\n\t* odd ${TOKEN} thing\n\n`] }))
  const { code, stderr } = await command({ http })
  assert.is(code, 1)
  assert.match(
    stderr,
    /^vault-setup: Vault at https:\/\/vault\.example:8200 answered 500 to the read of sys\/mounts: odd \[hidden\] thing$/m,
  )
})

setup('takes no other server for a Vault, and writes nothing to it', async () => {
  const page: ScriptedAnswer = { status: 200, body: '<!doctype html>' }
  const hint = /hint: check VAULT_ADDR: something else answers there/
  for (const strange of [
    page,
    answer(200, []),
    answer(200, { hello: 'world' }),
    answer(404, {}),
    { status: 404, body: 'not found' },
    { status: 403, body: 'forbidden' },
    { status: 405, body: '' },
    { status: 204, body: '' },
  ]) {
    const { code, stdout, stderr, requests } = await command({
      argv: ['--apply'],
      http: scriptedHttp(() => strange),
    })
    assert.equal([code, stdout, requests.map(({ method }) => method)], [1, '', ['GET']], stderr)
    assert.match(stderr, hint)
  }
  const http = scriptedHttp((request) => (request.method === 'GET' ? emptyVault(request) : page))
  const { code, stderr } = await command({ argv: ['--apply'], http })
  assert.is(code, 1)
  assert.match(stderr, /answered 200 to the write of sys\/auth\/kubernetes, but not as Vault does\n/)
  assert.match(stderr, hint)
  assert.is(http.requests.filter(({ method }) => method !== 'GET').length, 1)
})

setup('says what to do about each status that Vault or a proxy before it refuses with', async () => {
  for (const [status, body, says] of [
    [503, { errors: ['Vault is sealed'] }, /hint: unseal it: vault operator unseal; .* vault operator init/],
    [503, '<html>', /hint: Vault is not ready yet/],
    [
      429,
      { errors: ['request path "sys/mounts": rate limit quota exceeded'] },
      /hint: a Vault rate limit quota/,
    ],
    [472, '', /hint: this is a disaster recovery standby/],
    [473, '', /hint: this is a performance standby/],
    [500, { errors: ['internal error'] }, /hint: check the log of Vault/],
    [502, '<html>', /hint: check the log of Vault, or of the proxy/],
    [400, { errors: ['odd'] }, /hint: compare the path/],
    [400, 'Client sent an HTTP request to an HTTPS server.\n', /asked in plain http\nhint: use https:\/\//],
  ] as const) {
    const { code, stderr } = await command({ http: scriptedHttp([{ status, body }]) })
    assert.is(code, 1)
    assert.match(stderr, says)
  }
})

setup('ends in one sentence at a mistake of its own, without its words', async () => {
  const { code, stderr } = await command({ http: scriptedHttp([new TypeError('it holds a-secret')]) })
  assert.is(code, 1)
  assert.match(stderr, /^vault-setup: unexpected TypeError in vault-setup at [\w-]+\.ts:\d+\nhint: [^\n]*\n$/)
  assert.not.match(stderr, /a-secret/)
})

setup('says what to set where the certificate of Vault is not taken', async () => {
  for (const [reason, says] of [
    ['other-name', /hint: set VAULT_TLS_SERVER_NAME to a name in Vault's certificate/],
    ['untrusted', /hint: set VAULT_CACERT to the file/],
    ['plain-http', /hint: check the scheme and the port of/],
    ['old-tls', /hint: check the scheme and the port of/],
    ['expired', /hint: renew Vault's certificate/],
    ['not-yet-valid', /hint: renew Vault's certificate/],
  ] as const) {
    const http = scriptedHttp([tlsError(reason)])
    const { code, stderr } = await command({ http })
    assert.is(code, 1)
    assert.match(stderr, says)
  }
})

setup('refuses flags that do not go together, and lists those that there are', async () => {
  for (const [argv, says] of [
    [['--aply'], /unknown option '--aply'/i],
    [['apply'], /unexpected argument/i],
    [['--rotate'], /--rotate needs --csr-out or --root-mount/],
    [['--rotate', '--signed-cert', 'a'], /--rotate needs --csr-out or --root-mount/],
    [['--csr-out', 'a', '--root-mount', 'b'], /--csr-out and --root-mount exclude each other/],
    [['--setup', 'a', '--apply', '--setup', 'b'], /--setup is given twice; give it once\nhint: /],
    [['--setup', ROOT], /cannot be read: it is a directory\nhint: /],
    [
      ['--setup', '/nowhere.json'],
      /the setup, \/nowhere\.json, cannot be read: there is no such file or directory\nhint: set --setup to/,
    ],
    [
      ['--reviewer-token', '/nowhere/token'],
      /the reviewer token, \/nowhere\/token, cannot be read: there is no such file or directory\nhint: omit the flag if Vault already has one/,
    ],
    [
      ['--reviewer-token', join(ROOT, 'package.json')],
      /does not contain a service-account token\nhint: create one with kubectl create token/,
    ],
  ] as const) {
    const { code, stderr } = await command({ argv })
    assert.is(code, 2, stderr)
    assert.match(stderr, says)
  }
  const { code, stdout } = await command({ argv: ['--help'], env: {} })
  assert.is(code, 0)
  for (const flag of ['apply', 'setup', 'reviewer-token', 'csr-out', 'signed-cert', 'root-mount', 'rotate']) {
    assert.match(stdout, `--${flag}`)
  }
})

setup('writes again where a kv mount is still being made, and not for ever', async () => {
  const busy = answer(400, { errors: ['Upgrading from non-versioned to versioned data. Please try again'] })
  const address = { url: new URL(ENV.VAULT_ADDR), token: TOKEN }
  const clock = fakeClock()
  const client = (answers: readonly ScriptedAnswer[]): ReturnType<typeof createVault> =>
    createVault(address, scriptedHttp(answers).http({}), (ms) => clock.sleep(ms))
  await client([busy, busy, answer(200, {})]).write('secret/data/a', {})
  assert.equal(clock.sleeps, [500, 500])
  const said = await client(Array.from({ length: 30 }, () => busy))
    .write('secret/data/a', {})
    .then(
      () => 'written',
      (error: unknown) => String(error),
    )
  assert.match(said, /Upgrading/)
  assert.is(clock.sleeps.length, 21)
})

setup.run()
