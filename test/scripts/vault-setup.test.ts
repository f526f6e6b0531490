/** The command with a Vault that the test plays: its environment, its errors, and what it sends. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { differences } from '../../scripts/vault-setup/difference.ts'
import { parseDuration } from '../../scripts/vault-setup/duration.ts'
import { runVaultSetup } from '../../scripts/vault-setup/run.ts'
import { createVault } from '../../scripts/vault-setup/vault.ts'
import { TransportError, type HttpRequest } from '../../src/http.ts'
import {
  fakeClock,
  fakeRuntime,
  scriptedHttp,
  type ScriptedAnswer,
  type ScriptedHttp,
} from '../fake-runtime.ts'

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
  http = scriptedHttp(() => answer(404, {})),
}: Given): Promise<Outcome> {
  const runtime = fakeRuntime({ env, argv, http: http.http })
  const code = await runVaultSetup({
    ...runtime,
    root: ROOT,
    readFile: async (path) => files[path] ?? (await readFile(path, 'utf8')),
    writeFile: async () => assert.unreachable('nothing is to be written'),
  })
  assert.is(http.open(), 0)
  assert.not.ok(`${runtime.output.stdout}${runtime.output.stderr}`.includes(TOKEN))
  return { code, ...runtime.output, requests: http.requests }
}

const answer = (status: number, body: object): ScriptedAnswer => ({ status, body })

const setup = suite('vault-setup')

setup('without VAULT_ADDR, a token or a good one says what to set, and asks nothing', async () => {
  for (const [env, says] of [
    [{}, /VAULT_ADDR is not set\nhint: set it to an address/],
    [{ ...ENV, VAULT_ADDR: 'vault.example' }, /VAULT_ADDR is no address of a Vault/],
    [{ ...ENV, VAULT_ADDR: 'https://me:secret@vault.example' }, /VAULT_ADDR is no address of a Vault/],
    ...['/team', '/v1', '/?a=b', '#a'].map(
      (end) =>
        [{ ...ENV, VAULT_ADDR: `https://vault.example${end}` }, /VAULT_ADDR has more than a host/] as const,
    ),
    [
      { ...ENV, VAULT_TLS_SERVER_NAME: 'https://vault.example' },
      /VAULT_TLS_SERVER_NAME is not a host name\nhint: set it to a DNS name, without scheme and port/,
    ],
    [{ ...ENV, VAULT_ADDR: 'http://vault.example' }, /VAULT_ADDR is plain http beyond this machine/],
    [
      { ...ENV, VAULT_TOKEN: '' },
      /there is no Vault token\nhint: set VAULT_TOKEN, or log in with vault login/,
    ],
    [{ ...ENV, VAULT_TOKEN: 'a b' }, /the Vault token holds what no token holds/],
    [
      { ...ENV, VAULT_CACERT: '/nowhere/ca.crt' },
      /VAULT_CACERT, \/nowhere\/ca\.crt, cannot be read \(ENOENT\)/,
    ],
    [
      { ...ENV, VAULT_CACERT: join(ROOT, 'package.json') },
      /holds no PEM certificate\nhint: it must hold -----BEGIN CERTIFICATE-----; /,
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
    const http = scriptedHttp(() => answer(404, {}))
    const { VAULT_ADDR } = ENV
    const { code } = await command({
      env: {
        VAULT_ADDR,
        VAULT_CACERT: '/ca.crt',
        VAULT_TLS_SERVER_NAME: 'vault.internal',
        VAULT_NAMESPACE: 'team',
      },
      files: { '/home/app/.vault-token': `${TOKEN}\n`, '/ca.crt': '-----BEGIN CERTIFICATE-----' },
      http,
    })
    assert.is(code, 0)
    assert.equal(http.clients, [{ ca: '-----BEGIN CERTIFICATE-----', tlsServerName: 'vault.internal' }])
    const [first] = http.requests
    assert.is(first?.url.href, 'https://vault.example:8200/v1/sys/mounts')
    assert.is(first?.headers['X-Vault-Token'], TOKEN)
    assert.is(first?.headers['X-Vault-Namespace'], 'team')
  },
)

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

setup('says what to set where the certificate of Vault is not taken', async () => {
  for (const [message, says] of [
    ['its certificate is for another name', /hint: set VAULT_TLS_SERVER_NAME to a name that/],
    ['its certificate is signed by a CA that is not trusted here', /hint: set VAULT_CACERT to the file/],
  ] as const) {
    const http = scriptedHttp([new TransportError('tls', 'CODE', message)])
    const { code, stderr } = await command({ http })
    assert.is(code, 1)
    assert.match(stderr, says)
  }
})

setup('refuses flags that do not go together, and lists those that there are', async () => {
  for (const [argv, says] of [
    [['--aply'], /unknown option '--aply'/i],
    [['apply'], /unexpected argument/i],
    [['--rotate'], /--rotate says nothing without --csr-out or --root-mount/],
    [['--rotate', '--signed-cert', 'a'], /--rotate says nothing/],
    [['--csr-out', 'a', '--root-mount', 'b'], /--csr-out and --root-mount are two ways/],
    [['--setup', '/nowhere.json'], /the set-up, \/nowhere\.json, cannot be read \(ENOENT\)/],
    [
      ['--reviewer-token', '/nowhere/token'],
      /the reviewer token, \/nowhere\/token, cannot be read \(ENOENT\)\nhint: leave the flag out where Vault has one/,
    ],
    [
      ['--reviewer-token', join(ROOT, 'package.json')],
      /holds no service-account token\nhint: kubectl create token/,
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

setup('compares durations, lists in any order and texts without the space around them', () => {
  const wanted = { ttl: '1h', names: ['b', 'a'], policy: 'path "a" {}\n', none: [], flag: false }
  assert.equal(
    differences(wanted, { ttl: 3600, names: ['a', 'b'], policy: 'path "a" {}', none: null, flag: false }),
    [],
  )
  assert.equal(differences(wanted, { ...wanted, ttl: 3601, names: ['a', 'c'] }), [
    { name: 'ttl', before: '3601', after: '"1h"' },
    { name: 'names', before: '["c"]', after: '["b"]' },
  ])
})

setup('sees a policy whose lines are the same in another order', () => {
  const [one, other] = [
    'path "a" {\nread\n}\npath "b" {\nwrite\n}',
    'path "a" {\nwrite\n}\npath "b" {\nread\n}',
  ]
  assert.equal(differences({ policy: one }, { policy: other }), [
    { name: 'policy', before: 'the same lines', after: 'in another order, or with other comments' },
  ])
})

setup('reads durations as Vault writes them', () => {
  assert.equal(['90', '30s', '5m', '2h', '1d'].map(parseDuration), [90, 30, 300, 7200, 86_400])
  for (const text of ['', '5x', '-1', '1.5h', '1h30m', ' 5m']) assert.is(parseDuration(text), undefined, text)
})

setup.run()
