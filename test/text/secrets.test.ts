/** No setting takes a secret, and none is shown: every option of the table, so that a new one is held to it by itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { meaningOf } from '../../src/settings/help.ts'
import { flagOf, OPTIONS, type Option } from '../../src/settings/options.ts'
import { secretKind } from '../../src/text/secrets.ts'
import { errorText } from '../support/error-text.ts'
import { fc } from '../support/generated.ts'
import {
  ANCHOR,
  merged,
  once,
  PROFILE,
  readFrom,
  REQUIRED,
  REQUIRED_MOUNTED,
  REQUIRED_VAULT_AWS,
  ROLE,
  type Env,
} from '../settings/fixture.ts'
import { MAY_HOLD_PASSWORD, PASSWORD, SECRETS, showsPartOf, WITH_PASSWORD } from '../settings/shapes.ts'

const secrets = suite('settings: secrets')

let path: string
secrets.before(() => {
  path = join(mkdtempSync(join(tmpdir(), 'iam-ra-secrets-')), 'value')
})
secrets.after(() => rmSync(join(path, '..'), { recursive: true }))

const TABLE: readonly (Option & { readonly name: (typeof OPTIONS)[number]['name'] })[] = OPTIONS
const SOURCES: readonly Env[] = [REQUIRED, REQUIRED_MOUNTED, REQUIRED_VAULT_AWS]
const COMMANDS = [[], ['serve'], ['renew'], ['credential-process'], ['check'], ['obtain']] as const

/** Each way that a value has into an option. */
const WAYS: Readonly<
  Record<
    string,
    (
      name: Option['name'],
      flag: string,
      value: string,
    ) => { env: Record<string, string | null>; argv: string[] }
  >
> = {
  variable: (name, _flag, value) => ({ env: { [name]: value }, argv: [] }),
  'variable in small letters': (name, _flag, value) => ({
    env: { [name.toLowerCase()]: value, [name]: null },
    argv: [],
  }),
  flag: (_name, flag, value) => ({ env: {}, argv: [`${flag}=${value}`] }),
  file: (name, _flag, value) => {
    writeFileSync(path, `${value}\n`)
    return { env: { [name]: null, [`${name}_FILE`]: path }, argv: [] }
  },
  'path of a file': (name, _flag, value) => ({ env: { [name]: null, [`${name}_FILE`]: value }, argv: [] }),
}

async function refusal(env: Env, argv: readonly string[]): Promise<IamRaError> {
  try {
    await readFrom(env, argv, '/home/app')
  } catch (error) {
    if (error instanceof IamRaError && error.code === 'SETTINGS_INVALID') return error
    throw error
  }
  throw new Error('the settings were taken')
}

for (const option of TABLE) {
  const { name } = option
  for (const [way, put] of Object.entries(WAYS)) {
    if (way === 'variable in small letters' && option.lowerCase !== true) continue
    secrets(`${name} takes none and shows none, by its ${way}`, async () => {
      for (const [what, [value, problem]] of Object.entries(SECRETS)) {
        const { env, argv } = put(name, flagOf(name), value)
        for (const required of SOURCES) {
          const error = await refusal(merged(env, required), argv)
          const lines = error.problems.filter((line) => line.startsWith(`${name}: `))
          assert.ok(
            lines.some((line) => problem.test(line)),
            `${what}: ${lines.length} problems, none of this kind`,
          )
          assert.not.ok(showsPartOf(value, errorText(error)), `${what} is shown`)
        }
      }
    })

    secrets(`${name} shows no password, by its ${way}`, async () => {
      for (const value of WITH_PASSWORD) {
        const { env, argv } = put(name, flagOf(name), value)
        for (const required of SOURCES) {
          const all = merged(env, required)
          if (MAY_HOLD_PASSWORD.includes(name) && way !== 'path of a file') {
            // Whether it is taken or, as `//…` is, refused.
            const shown = await readFrom(all, ['check', ...argv], '/home/app').then(
              (taken) => JSON.stringify('given' in taken ? [taken.given, taken.warnings] : taken),
              (error: unknown) => errorText(error as IamRaError),
            )
            assert.not.match(shown, PASSWORD)
            continue
          }
          // An address that the source in use has no need of is not looked at, nor shown.
          const taken = await readFrom(all, ['check', ...argv], '/home/app').catch(errorOf)
          if (taken instanceof IamRaError) {
            assert.not.match(errorText(taken), PASSWORD)
            assert.match(taken.problems.join('\n'), new RegExp(`^${name}: `, 'm'))
          } else {
            assert.ok(option.sensitive, `${name} takes ${value.replace(PASSWORD, '…')}`)
            assert.not.match(
              JSON.stringify('given' in taken ? [taken.given, taken.warnings] : taken),
              PASSWORD,
            )
          }
        }
      }
    })
  }
}

function errorOf(error: unknown): IamRaError {
  if (error instanceof IamRaError) return error
  throw error
}

secrets('are refused by each command', async () => {
  for (const command of COMMANDS) {
    for (const [value, problem] of Object.values(SECRETS)) {
      assert.match((await refusal({ ...REQUIRED, VAULT_ROLE: value }, command)).problems.join(), problem)
    }
  }
})

secrets('in a file are named by the file', async () => {
  const [value] = SECRETS['a JSON Web Token'] ?? ['']
  writeFileSync(path, value)
  const { problems } = await refusal(merged({ VAULT_ROLE: null, VAULT_ROLE_FILE: path }), [])
  assert.equal(problems, [
    `VAULT_ROLE: has "${path}" in VAULT_ROLE_FILE, which contains what looks like a JSON Web Token; expected no secret here: settings that need one take the path of a file`,
  ])
})

secrets('beside other words are found: in a list, in a URL, before a name', () => {
  for (const [what, [value]] of Object.entries(SECRETS)) {
    const [oneLine] = value.includes('\n') ? [undefined] : [value]
    if (oneLine === undefined) continue
    for (const text of [
      `a,${oneLine},b`,
      `https://vault.example/?token=${oneLine}`,
      `x=${oneLine}`,
      `"${oneLine}"`,
    ]) {
      assert.ok(secretKind(text), `${what} in ${text.indexOf(oneLine)}`)
    }
  }
})

secrets('of any making are found', () => {
  const word = (length: number): fc.Arbitrary<string> =>
    fc
      .string({
        unit: fc.constantFrom(
          ...Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'),
        ),
        minLength: length,
        maxLength: length,
      })
      .filter((text) => /[A-Z]/.test(text) && /\d/.test(text) && /[a-z]/.test(text))
  const segment = fc
    .uint8Array({ minLength: 30, maxLength: 60 })
    .map((bytes) => Buffer.from(bytes).toString('base64url'))
  fc.assert(
    fc.property(
      fc.oneof(
        word(24).map((text) => `hvs.${text}`),
        word(24).map((text) => `s.${text}`),
        fc
          .tuple(segment, segment)
          .map(([claims, signature]) => `eyJhbGciOiJFUzI1NiJ9.${claims}.${signature}`),
        fc
          .uint8Array({ minLength: 200, maxLength: 600 })
          .filter((bytes) => new Set(bytes).size > 50)
          .map((bytes) => Buffer.from(bytes).toString('base64')),
      ),
      (text) => secretKind(text) !== undefined,
    ),
  )
})

secrets('are not seen in what settings hold', async () => {
  for (const text of [
    ...TABLE.flatMap((option) => [option.name, option.fallback ?? '', ...meaningOf(option).split(' ')]),
    ...[REQUIRED, REQUIRED_MOUNTED, REQUIRED_VAULT_AWS].flatMap((all) => Object.values(all)),
    ROLE,
    ANCHOR,
    PROFILE,
    'https://hvs.example.com:8200',
    'https://s.a-rather-long-name-of-a-vault.example.com',
    'hvs.a-rather-long-name-of-a-vault.example.com',
    'aws/sts/ReadonlyRoleForProductionEuWest1',
    'MyTeamAppRoleForProductionEuWest1Cluster',
    '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    '/usr/share/Alsa/ucm2/AMD/acp3xalc5682m98',
    '/var/lib/kubelet/pods/3f2b6c1e-8a34-4c55-9a0e-0f6f3b8d7e21/volumes/kubernetes.io~projected/Token',
    'spiffe://cluster1.example/ns/Frontend/sa/Application12',
    'spiffe://cluster/ns/x/sa/y,https://example.com/a@b,mailto:app@example.com',
    'arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef',
    '0123456789ABCDEF0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com',
    '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    '10.0.0.0/8,172.16.0.0/12,.svc,.cluster.local,fd00::/8,[::1]:8200',
  ]) {
    assert.is(secretKind(text), undefined, text)
  }
  const names = 'spiffe://cluster/ns/x/sa/y,https://example.com/a@b,mailto:app@example.com'
  assert.equal((await once({ CERT_URI_SANS: names })).settings.certificate.uriSans, names.split(','))
  assert.is((await once({ SESSION_NAME: 'me@example.com' })).settings.exchange.sessionName, 'me@example.com')
})

secrets('apart, what cannot be seen in a value is named and refused', async () => {
  for (const [character, code] of [
    ['\u200b', '200B'],
    ['\u202e', '202E'],
    ['\u2028', '2028'],
    ['\u00ad', '00AD'],
    ['\ufeff', 'FEFF'],
  ] as const) {
    for (const { name } of TABLE) {
      const { problems } = await refusal(merged({ [name]: `a${character}b` }), [])
      assert.ok(
        problems.some((line) =>
          line.startsWith(`${name}: contains an invisible character (U+${code}); expected`),
        ),
        name,
      )
      assert.not.ok(problems.join().includes(character))
    }
  }
})

secrets.run()
