import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { OPTIONS, type Option } from '../../src/settings/options.ts'
import { merged, once, problemsOf, readFrom, refusalOf, REQUIRED, REQUIRED_MOUNTED, ROLE } from './fixture.ts'
import { fc } from '../support/generated.ts'

interface Context {
  folder: string
}

const sources = suite<Context>('settings: where values come from')

sources.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'aws-iam-ra-'))
})
sources.after.each(async ({ folder }) => {
  await rm(folder, { recursive: true })
})

async function file({ folder }: Context, content: string | Uint8Array): Promise<string> {
  const path = join(folder, 'value')
  await writeFile(path, content)
  return path
}

sources('a flag goes before the environment, and the environment before the default', async () => {
  assert.is((await once()).settings.certificate.pkiMount, 'pki')
  const env = { VAULT_PKI_MOUNT: 'env' }
  assert.is((await once(env)).settings.certificate.pkiMount, 'env')
  assert.is((await once(env, ['--vault-pki-mount', 'flag'])).settings.certificate.pkiMount, 'flag')
})

sources('a flag goes before a file', async (context) => {
  const env = { VAULT_PKI_MOUNT_FILE: await file(context, 'file') }
  assert.is((await once(env, ['--vault-pki-mount=flag'])).settings.certificate.pkiMount, 'flag')
})

sources('a value is trimmed, wherever it comes from', async (context) => {
  assert.is((await once({ ROLE_ARN: `\t${ROLE}\r\n` })).settings.exchange.roleArn.text, ROLE)
  const path = await file(context, `${ROLE}\n\n`)
  const read = await once({ ROLE_ARN: null, ROLE_ARN_FILE: ` ${path}\n` })
  assert.is(read.settings.exchange.roleArn.text, ROLE)
  assert.is((await once({}, ['--vault-role', ' x '])).settings.vault.role, 'x')
})

sources('a byte order mark is not part of the value', async (context) => {
  const path = await file(context, `\uFEFF${ROLE}`)
  assert.is((await once({ ROLE_ARN: null, ROLE_ARN_FILE: path })).settings.exchange.roleArn.text, ROLE)
})

sources('every required setting can be a file', async ({ folder }) => {
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(REQUIRED)) {
    env[`${name}_FILE`] = join(folder, name)
    await writeFile(join(folder, name), `${value}\n`)
  }
  const invocation = await readFrom(env, [], '/home/app')
  assert.equal(invocation, await readFrom(REQUIRED, [], '/home/app'))
})

sources('every option’s file is read, and said when it cannot be', async ({ folder }) => {
  const path = join(folder, 'missing')
  for (const { name } of OPTIONS) {
    const required = name in REQUIRED_MOUNTED ? REQUIRED_MOUNTED : REQUIRED
    const env = merged({ [name]: null, [`${name}_FILE`]: path }, required)
    assert.equal((await refusalOf(env, [], '/home/app')).problems, [
      `${name}: has "${path}" in ${name}_FILE, which cannot be read (ENOENT); expected a readable text file with the value`,
    ])
  }
})

sources('the rule holds for a setting that is itself a file’s path', async (context) => {
  const env = { SERVICE_ACCOUNT_TOKEN_FILE_FILE: await file(context, '/run/token\n') }
  assert.is((await once(env)).settings.vault.tokenFile, '/run/token')
})

sources('a variable and its file together are a problem, with or without the flag', async (context) => {
  const env = { VAULT_ROLE_FILE: await file(context, 'x') }
  const expected = ['VAULT_ROLE: is set together with VAULT_ROLE_FILE; expected one of them']
  assert.equal(await problemsOf(env), expected)
  assert.equal(await problemsOf(env, ['--vault-role=y']), expected)
})

sources('an empty variable counts as not set', async (context) => {
  assert.is((await once({ VAULT_PKI_MOUNT: '' })).settings.certificate.pkiMount, 'pki')
  assert.is((await once({ VAULT_PKI_MOUNT: ' \n' })).settings.certificate.pkiMount, 'pki')
  assert.is((await once({ VAULT_ROLE_FILE: '' })).settings.vault.role, 'app')
  const env = { VAULT_ROLE: '', VAULT_ROLE_FILE: await file(context, 'x') }
  assert.is((await once(env)).settings.vault.role, 'x')
})

sources('an empty file counts as not set', async (context) => {
  const path = await file(context, '\n')
  assert.is((await once({ VAULT_PKI_MOUNT_FILE: path })).settings.certificate.pkiMount, 'pki')
  assert.equal(await problemsOf({ VAULT_ROLE: null, VAULT_ROLE_FILE: path }), [
    `VAULT_ROLE: has "${path}" in VAULT_ROLE_FILE, which is empty; expected the Vault auth role to log in with`,
  ])
})

sources('a required setting that is empty or missing is told apart', async () => {
  assert.equal(await problemsOf({ VAULT_ROLE: '\n', VAULT_CERT_NAME: null }), [
    'VAULT_ROLE: is set but empty, as an empty Secret leaves it; expected the Vault auth role to log in with',
    'VAULT_CERT_NAME: is not set; expected the role of the PKI secrets engine that signs the certificate',
  ])
  assert.match(
    (await problemsOf({ VAULT_ROLE: null, VAULT_ROLE_FILE: '' }))[0] ?? '',
    /VAULT_ROLE_FILE is empty/,
  )
})

sources('a folder, a large file and a binary one are refused', async (context) => {
  const folder = join(context.folder, 'folder')
  await mkdir(folder)
  assert.match((await problemsOf({ VAULT_NAMESPACE_FILE: folder }))[0] ?? '', /which is not a file;/)
  const path = await file(context, 'x'.repeat(65_537))
  assert.match((await problemsOf({ VAULT_NAMESPACE_FILE: path }))[0] ?? '', /larger than 64 KiB;/)
  await writeFile(path, Uint8Array.of(0xff, 0xfe, 0x41))
  assert.match((await problemsOf({ VAULT_NAMESPACE_FILE: path }))[0] ?? '', /not UTF-8 text;/)
  await writeFile(path, `${' '.repeat(65_535)}x`)
  assert.is((await once({ VAULT_NAMESPACE_FILE: path })).settings.vault.namespace, 'x')
})

sources('nothing of a mistaken file is repeated', async (context) => {
  const path = await file(context, 'eyJhbGciOiJSUzI1NiJ9.canary.canary')
  const lines = await problemsOf({ ROLE_ARN: null, ROLE_ARN_FILE: path, KEY_TYPE_FILE: path })
  assert.is(lines.length, 2)
  assert.not.match(lines.join('\n'), /eyJ|canary/)
  await writeFile(path, 'arn:aws:iam::1:role/x')
  assert.match(
    (await problemsOf({ ROLE_ARN: null, ROLE_ARN_FILE: path }))[0] ?? '',
    /"arn:aws:iam::1:role\/x" does not have an account/,
  )
})

sources('a path with a reference or a line break in it is not opened', async () => {
  assert.match(
    (await problemsOf({ CERT_TTL_FILE: '/run/$(X)' }))[0] ?? '',
    /CERT_TTL_FILE that still contains/,
  )
  assert.match(
    (await problemsOf({ CERT_TTL_FILE: '/run/a\nb' }))[0] ?? '',
    /CERT_TTL_FILE that contains a line/,
  )
})

sources('a reference that Kubernetes left unexpanded is named as such', async () => {
  for (const value of ['$(ROLE)', `arn:aws:iam::$(ACCOUNT):role/app`]) {
    assert.equal(await problemsOf({ ROLE_ARN: value }), [
      `ROLE_ARN: still contains a $(NAME) reference; expected NAME to be defined earlier in the container's env list; otherwise Kubernetes leaves $(NAME) unexpanded`,
    ])
  }
  assert.is((await once({ AWS_PROFILE: '$HOME (x)' })).settings.sink.profile, '$HOME (x)')
})

sources('control characters inside a value are refused for every option', async () => {
  const table: readonly Option[] = OPTIONS
  const option = fc.constantFrom(...table.map(({ name }) => name))
  const control = fc.constantFrom('\n', '\r', '\t', '\0', '\x1b', '\x7f', '\x85')
  await fc.assert(
    fc.asyncProperty(option, control, async (name, character) => {
      const lines = await problemsOf({ [name]: `a${character}b` })
      assert.ok(lines.some((line) => line.startsWith(`${name}: contains a line break or another control`)))
    }),
  )
})

sources('the proxies work in lower case, which loses to upper case', async () => {
  const lower = { https_proxy: 'http://lower.example' }
  assert.is((await once(lower)).settings.exchange.proxy?.host, 'lower.example')
  const both = { ...lower, HTTPS_PROXY: 'http://upper.example' }
  assert.is((await once(both)).settings.exchange.proxy?.host, 'upper.example')
  assert.is((await once({ ...both, HTTPS_PROXY: '' })).settings.exchange.proxy?.host, 'lower.example')
  assert.is((await once({ ...both, no_proxy: 'amazonaws.com' })).settings.exchange.proxy, undefined)
  assert.is(
    (await once({ ...both, no_proxy: 'amazonaws.com', NO_PROXY: 'x' })).settings.exchange.proxy?.host,
    'upper.example',
  )
  assert.is((await once({ vault_namespace: 'x' })).settings.vault.namespace, undefined)
})

sources.run()
