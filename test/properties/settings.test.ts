/** Any environment and any arguments: settings, or one error of ours that names variables and shows no secret. */
import * as fsPromises from 'node:fs/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import { systemClock, type Runtime } from '../../src/run/runtime.ts'
import { parseArn } from '../../src/aws/arn.ts'
import { anchorArn, profileArn, roleArn } from '../../src/settings/arn.ts'
import { flagOf, OPTIONS, type Option } from '../../src/settings/options.ts'
import { errorText } from '../support/error-text.ts'
import {
  ANCHOR,
  COMMANDS,
  PROFILE,
  readInvocation,
  readReporting,
  REQUIRED,
  REQUIRED_MOUNTED,
  REQUIRED_VAULT_AWS,
  ROLE,
  type Invocation,
} from '../settings/fixture.ts'
import { systemError } from '../sink/scratch.ts'
import { fc } from '../support/generated.ts'

const TABLE: readonly Option[] = OPTIONS
const CANARY = 'canary7Pass9word'

/** Files that are there with any content, or are not; nothing of this machine. */
function filesWith(content: string): Runtime['fs'] {
  const missing = (): never => {
    throw systemError('ENOENT')
  }
  const bytes = Buffer.from(content)
  const stat = async (): Promise<object> =>
    content === '' ? missing() : { isFile: () => true, size: bytes.length }
  const open = async (): Promise<object> => {
    let from = 0
    const read = async (buffer: Buffer, offset: number, length: number): Promise<object> => {
      const bytesRead = bytes.copy(buffer, offset, from, from + length)
      from += bytesRead
      return { bytesRead }
    }
    return { stat, read, close: async () => undefined }
  }
  return { ...fsPromises, stat: stat as never, open: open as never }
}

async function read(
  env: Runtime['env'],
  argv: readonly string[],
  content = '',
): Promise<Invocation | IamRaError> {
  readReporting({ argv, env })
  try {
    const files = filesWith(content)
    return await readInvocation({
      env,
      argv,
      home: '/home/app',
      fs: files,
      memoryFiles: files,
      clock: systemClock,
    })
  } catch (error) {
    if (!(error instanceof IamRaError)) throw error
    assert.is(error.code, 'SETTINGS_INVALID')
    assert.is(error.stage, 'settings')
    assert.ok(error.problems.length > 0)
    return error
  }
}

/** An address may hold a user and a password. */
const ADDRESSES = [
  'VAULT_ADDR',
  'VAULT_PROXY_ADDR',
  'AWS_ENDPOINT_URL_ROLESANYWHERE',
  'AWS_ENDPOINT_URL_STS',
  'HTTPS_PROXY',
] as const

const COMPLETE: readonly Runtime['env'][] = [REQUIRED, REQUIRED_MOUNTED, REQUIRED_VAULT_AWS]

/** One of the four commands, or the one-shot. */
const command = fc.constantFrom<readonly string[]>([], ...COMMANDS.map((name) => [name]))

const NAMES = TABLE.map(({ name }) => name)

/** Each problem begins with the variable that it is about, or quotes an argument. */
function namesVariables(error: IamRaError): void {
  for (const problem of error.problems) {
    const name = /^([A-Z][A-Z0-9_]+): /.exec(problem)?.[1] ?? ''
    const isNamed = NAMES.includes(name) || /^(?:argument|--?)|^"|flag/.test(problem)
    assert.ok(isNamed, `names nothing: ${problem}`)
    assert.not.match(problem, /\p{Cc}/u)
  }
}

const piece = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    'true',
    'false',
    '0',
    '60',
    '-1',
    '1e9',
    '0600',
    'https://',
    'http://[::1',
    '://',
    '@',
    '%',
    '%zz',
  ),
  fc.constantFrom(
    'arn:',
    ROLE,
    ANCHOR,
    PROFILE,
    'spiffe://',
    ',',
    '*',
    '.',
    '/',
    '\n',
    '$(X)',
    ' ',
    '~',
    '\0',
    '\ud800',
  ),
)
const value = fc.array(piece, { maxLength: 5 }).map((parts) => parts.join(''))

const environment = fc
  .array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom('', '_FILE'), value), { maxLength: 12 })
  .map((entries) => Object.fromEntries(entries.map(([name, suffix, text]) => [name + suffix, text])))

const settings = suite('properties: settings')

settings('of any values end as settings or as SETTINGS_INVALID with the variables named', async () => {
  await fc.assert(
    fc.asyncProperty(
      environment,
      fc.constantFrom(...COMPLETE, {}),
      command,
      value,
      async (env, complete, argv, content) => {
        const outcome = await read({ ...complete, ...env }, argv, content)
        if (outcome instanceof IamRaError) namesVariables(outcome)
        else if ('settings' in outcome) assert.ok(Object.isFrozen(outcome.settings))
      },
    ),
    { numRuns: 2500 },
  )
})

settings('given by flags end in the same two ways', async () => {
  const flag = fc.oneof(fc.constantFrom(...OPTIONS.map(({ name }) => flagOf(name))), value)
  const argument = fc.oneof(
    flag,
    value,
    fc.tuple(flag, value).map((parts) => parts.join('=')),
    fc.constantFrom('--quiet', '--verbose', '--json', '--', ...COMMANDS),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(argument, { maxLength: 6 }), async (argv) => {
      await read(REQUIRED, argv)
    }),
    { numRuns: 800 },
  )
})

settings('that may hold a password are in no message, whatever else is wrong with them', async () => {
  const sensitive = fc.constantFrom(...ADDRESSES)
  const around = fc.constantFrom(
    '',
    'https://',
    'http://user:',
    '//',
    'socks5://u:',
    ' ',
    '\n',
    'https://a:b@',
    '$(X)',
  )
  const after = fc.oneof(
    value,
    fc.constantFrom('@proxy:3128', '@', '@[::1', ':99999', '/path?x=1#y', '@host/%zz'),
  )
  await fc.assert(
    fc.asyncProperty(sensitive, around, after, fc.boolean(), async (name, before, rest, asFile) => {
      const text = before + CANARY + rest
      const required = name === 'AWS_ENDPOINT_URL_STS' ? REQUIRED_VAULT_AWS : REQUIRED
      const outcome = asFile
        ? await read({ ...required, [name]: undefined, [`${name}_FILE`]: '/secret' }, ['check'], text)
        : await read({ ...required, [name]: text }, ['check'])
      const shown =
        outcome instanceof IamRaError
          ? errorText(outcome)
          : outcome.command === 'check'
            ? JSON.stringify([outcome.warnings, outcome.given])
            : ''
      // A host is no secret: it is what the message of a refusal is about.
      assert.not.match(shown, CANARY)
    }),
    { numRuns: 1000 },
  )
})

const arns = suite('properties: ARNs')

const part = fc.oneof(
  fc.constantFrom(
    '',
    'arn',
    'aws',
    'aws-cn',
    'iam',
    'sts',
    'rolesanywhere',
    'eu-west-1',
    '111122223333',
    'role/app',
  ),
  fc.constantFrom('trust-anchor/11111111-2222-3333-4444-555555555555', 'profile/', 'role/', '/', '::', '\n'),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const arnLike = fc.oneof(
  fc.array(part, { maxLength: 9 }).map((parts) => parts.join(':')),
  fc
    .tuple(
      fc.constantFrom(ROLE, ANCHOR, PROFILE),
      fc.nat(120),
      fc.nat(3),
      fc.string({ unit: 'binary', maxLength: 4 }),
    )
    .map(([text, at, cut, inserted]) => text.slice(0, at) + inserted + text.slice(at + cut)),
)

arns('are taken apart and put together again as they were, or are none', () => {
  fc.assert(
    fc.property(arnLike, (text) => {
      const arn = parseArn(text)
      if (arn === undefined) return
      const { partition, service, region, account, resource } = arn
      assert.is(['arn', partition, service, region, account, resource].join(':'), text)
      assert.is(arn.text, text)
    }),
    { numRuns: 3000 },
  )
})

arns('that pass are of one form that a header, a body and a log can hold', () => {
  fc.assert(
    fc.property(arnLike, (text) => {
      for (const check of [roleArn, anchorArn, profileArn]) {
        const checked = check(text)
        if (!('value' in checked)) continue
        assert.match(
          text,
          /^arn:aws[a-z-]*:(?:iam:|rolesanywhere:[a-z0-9-]+):\d{12}:(?:role|trust-anchor|profile)\/[!-~]+$/,
        )
      }
    }),
    { numRuns: 3000 },
  )
})

arns('of every sort in the environment end as settings or as SETTINGS_INVALID', async () => {
  await fc.assert(
    fc.asyncProperty(arnLike, arnLike, arnLike, async (role, anchor, profile) => {
      const outcome = await read(
        { ...REQUIRED, ROLE_ARN: role, ANCHOR_ARN: anchor, PROFILE_ARN: profile },
        [],
      )
      if (outcome instanceof IamRaError) namesVariables(outcome)
    }),
    { numRuns: 800 },
  )
})

settings.run()
arns.run()
