/** `iam-ra vault setup`, which is `npm run vault-setup` with the exits and the name of this program. */
import { readFile } from 'node:fs/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { HELP } from '../../src/onboarding/vault/arguments.ts'
import { runVaultSetup } from '../../src/onboarding/vault/run.ts'
import { TransportError, type HttpRequest } from '../../src/net/http.ts'
import { fakeRuntime, scriptedHttp, type ScriptedAnswer } from '../support/fake-runtime.ts'
import { operate } from './operator.ts'

const setup = suite('iam-ra vault setup')

const ENV = { VAULT_ADDR: 'https://vault.example:8200', VAULT_TOKEN: 'a-token-of-the-tests' }
const SETUP = ['vault', 'setup']

/** One that has nothing but what every Vault has. */
const emptyVault = ({ url }: HttpRequest): ScriptedAnswer =>
  /\/sys\/(mounts|auth)$/.test(url.pathname)
    ? { status: 200, body: { data: {} } }
    : { status: 404, body: { errors: [] } }

setup('has the flags of npm run vault-setup, each with what it does', async () => {
  const { stdout } = await operate(['__complete', ...SETUP, '--'])
  const ours = stdout.trim().split('\n').sort()
  const theirs = [...HELP.matchAll(/^ {2}(--[\w-]+)(?: [A-Z]+)? {2,}(.+)$/gm)]
    .map(([, flag = '', brief = '']) => `${flag}\t${brief}`)
    .sort()
  const withoutSetup = (lines: readonly string[]): string[] => lines.filter((one) => !/^--setup\t/.test(one))
  assert.equal(withoutSetup(ours), withoutSetup(theirs))
  assert.is(ours.length, theirs.length)
})

setup('shows the plan that npm run vault-setup shows, without a checkout', async () => {
  const runtime = fakeRuntime({ env: ENV, http: scriptedHttp(emptyVault).http })
  await runVaultSetup({
    ...runtime,
    root: ROOT,
    readFile: (path) => readFile(path),
    writeFile: async () => assert.unreachable('nothing is to be written'),
  })
  const { code, stdout, stderr } = await operate(SETUP, { env: ENV, http: scriptedHttp(emptyVault).http })
  assert.is(code, 0)
  assert.is(stderr, '')
  assert.match(stdout, /^\+ create sys\/auth\/kubernetes\n/)
  assert.match(stdout, /\n\d+ to create, 0 to change; nothing was written: run with --apply to write\n$/)
  assert.is(stdout, runtime.output.stdout)
})

setup('says its errors in the name of the program, with exits of its own', async () => {
  for (const [argv, given, code, says] of [
    [[], { env: {} }, 2, /^iam-ra: VAULT_ADDR is not set\nhint: set it to an address/],
    [
      ['--rotate'],
      { env: ENV },
      2,
      /^iam-ra: --rotate needs .*\nhint: run iam-ra vault setup --help to list/,
    ],
    [['--setup', '/nowhere.json'], { env: ENV }, 2, /^iam-ra: the setup, \/nowhere\.json, cannot be read/],
    [
      [],
      { env: ENV, http: scriptedHttp([{ status: 403, body: { errors: ['permission denied'] } }]).http },
      3,
      /^iam-ra: Vault at https:\/\/vault\.example:8200 answered 403 to the read of sys\/mounts: permission denied\nhint: /,
    ],
    [
      [],
      { env: ENV, http: scriptedHttp([new TransportError('tls', 'CODE', 'its certificate is odd')]).http },
      3,
      /^iam-ra: no answer from Vault at .*: its certificate is odd\nhint: /,
    ],
  ] as const) {
    const outcome = await operate([...SETUP, ...argv], given)
    assert.is(outcome.code, code, outcome.stderr)
    assert.match(outcome.stderr, says)
    assert.is(outcome.stdout, '')
    assert.not.ok(outcome.stderr.includes(ENV.VAULT_TOKEN))
  }
})

setup('warns in the name of the program', async () => {
  const env = { ...ENV, VAULT_SKIP_VERIFY: '1' }
  const { code, stderr } = await operate(SETUP, { env, http: scriptedHttp(emptyVault).http })
  assert.is(code, 0)
  assert.match(stderr, /^iam-ra: warning: VAULT_SKIP_VERIFY is ignored: [^\n]*\n$/)
})

setup.run()
