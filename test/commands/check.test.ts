import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { check as checking } from '../../src/commands/check.ts'
import { reportSettings, runCheck } from '../../src/commands/check/run.ts'
import { PROGRAM } from '../../src/commands/commands.ts'
import { IamRaError } from '../../src/errors.ts'
import type { Runtime } from '../../src/run/runtime.ts'
import { readArguments } from '../../src/settings/arguments.ts'
import { readInvocation } from '../../src/settings/read.ts'
import { EXAMPLE, type StageOptions } from '../rig/emulators/stage.ts'
import { FAKE_NOW_MS, fakeClock, recordingLogger, type ScriptedAnswer } from '../support/fake-runtime.ts'
import { SESSION } from '../support/session-answer.ts'
import { rehearse, type Rehearsal } from '../support/rehearsal.ts'

interface Shown {
  readonly name: string
  readonly state: string
  readonly lacks?: string
  readonly settings?: readonly Readonly<Record<string, string>>[]
  readonly sent: Readonly<Record<string, unknown>>
  readonly found: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
  readonly error?: Readonly<Record<string, unknown>>
}

interface Checked {
  readonly code: number
  readonly stdout: string
  /** From --json; by name. */
  readonly steps: Readonly<Record<string, Shown>>
  readonly states: Readonly<Record<string, string>>
}

interface Given extends Partial<Runtime> {
  readonly interrupt?: AbortSignal
}

async function check(rehearsal: Rehearsal, argv = ['--json'], given: Given = {}): Promise<Checked> {
  let stdout = ''
  const { interrupt = new AbortController().signal, ...members } = given
  const runtime: Runtime = {
    ...rehearsal.runtime,
    env: rehearsal.env,
    argv: ['check', ...argv],
    stdout: (text) => void (stdout += text),
    ...members,
  }
  let code: number
  const logger = recordingLogger()
  const asked = readArguments(runtime.argv, PROGRAM.commands)
  const context = { runtime, logger, json: asked.switches.has('--json') }
  try {
    assert.is(asked.command, checking)
    const work = await readInvocation(asked, checking.settings, runtime)
    if ('shows' in work) throw new Error(`expected settings, got ${work.shows}`)
    const hangUp = { listen: () => undefined }
    code = await runCheck(work.settings, { ...work, ...context, remove: false, interrupt, hangUp })
  } catch (error) {
    if (!(error instanceof IamRaError) || error.code !== 'SETTINGS_INVALID') throw error
    code = reportSettings(error, context)
  }
  assert.equal(logger.messages('warn'), [], 'warnings are findings of their steps')
  assertNothingSecret(stdout, rehearsal)
  const { steps: list } = argv.includes('--json')
    ? (JSON.parse(stdout) as { steps: readonly Shown[] })
    : { steps: [] }
  return {
    code,
    stdout,
    steps: Object.fromEntries(list.map((step) => [step.name, step])),
    states: Object.fromEntries(list.map((step) => [step.name, step.state])),
  }
}

function assertNothingSecret(stdout: string, { stage, env }: Rehearsal): void {
  assert.not.match(stdout, /aws_secret|hv[sb]\.|eyJ|PRIVATE KEY|canary|ASIA|AKIA/)
  const secrets = stage.sessions.issued.flatMap((one) => [one.secretAccessKey, one.sessionToken])
  assert.not.ok(secrets.some((secret) => stdout.includes(secret)))
  assert.not.ok(stdout.includes(env['VAULT_TOKEN'] ?? 'no such text'))
}

async function onStage(
  run: (rehearsal: Rehearsal) => Promise<void>,
  options?: Omit<StageOptions, 'now'>,
): Promise<void> {
  const rehearsal = await rehearse(options)
  try {
    await run(rehearsal)
  } finally {
    await rehearsal.close()
  }
}

const NO: ScriptedAnswer = { status: 403, body: { errors: ['permission denied'] } }
const AWAY: ScriptedAnswer = { status: 503, body: { errors: ['Vault is sealed'] } }

const works = suite('a way that works')

works('is gone to its end, with what was sent and found, and leaves nothing behind', () =>
  onStage(async (rehearsal) => {
    const { code, steps, states } = await check(rehearsal)
    assert.is(code, 0)
    assert.equal(states, {
      settings: 'ok',
      token_file: 'ok',
      vault_login: 'ok',
      certificate: 'ok',
      vault_token: 'ok',
      exchange: 'ok',
      credentials_file: 'ok',
    })
    assert.equal(
      rehearsal.events.filter((event) => !event.startsWith('answered')),
      ['login', 'sign', 'revoke', 'exchange'],
    )
    assert.is(rehearsal.written(), undefined)
    assert.is(rehearsal.wire.open(), 0)
    assert.equal(steps['vault_login']?.found, {
      policies: ['default', 'iam-ra'],
      token_type: 'service',
      ends: '2026-11-21T12:05:00Z',
    })
    assert.equal(steps['token_file']?.found['audiences'], ['vault'])
    assert.equal(steps['certificate']?.found['chain'], ['O=Example, CN=Example Intermediate CA 1'])
    assert.is(steps['exchange']?.sent['chain_certificates'], 1)
    assert.match(String(steps['exchange']?.found['arn']), /:assumed-role\/frontend-s3-read\//)
    assert.is(steps['exchange']?.found['ends'], '2026-11-21T13:00:00Z')
    assert.equal(steps['vault_token']?.found, { revoked: true })
  }),
)

works('names each setting that was given and where it came from, and hides what may hold a password', () =>
  onStage(async (rehearsal) => {
    const { steps } = await check(rehearsal, ['--json', '--session-duration', '900'])
    const given = steps['settings']?.settings ?? []
    const of = (name: string): unknown => given.find((one) => one['name'] === name)
    assert.equal(of('ROLE_ARN'), { name: 'ROLE_ARN', origin: 'env', text: EXAMPLE.roleArn })
    assert.equal(of('SESSION_DURATION'), { name: 'SESSION_DURATION', origin: 'flag', text: '900' })
    assert.equal(of('VAULT_ADDR'), { name: 'VAULT_ADDR', origin: 'env' })
    assert.is(of('DEADLINE'), undefined)
    assert.is(steps['exchange']?.sent['duration_s'], 900)
  }),
)

works('says warnings at the steps that they belong to', () =>
  onStage(
    async (rehearsal) => {
      rehearsal.env['VAULT_TOKEN'] = 'a-token-that-is-ignored'
      const { code, steps } = await check(rehearsal)
      assert.is(code, 0)
      assert.match(String(steps['settings']?.warnings), /VAULT_TOKEN is set and ignored/)
      assert.match(String(steps['certificate']?.warnings), /signs RSA keys only/)
    },
    { pkiRole: { keyType: 'rsa' } },
  ),
)

works('shows how far the clock is off from a server', () =>
  onStage(async (rehearsal) => {
    const emulated = rehearsal.runtime.http
    const http: Runtime['http'] = (options) => {
      const client = emulated(options)
      return {
        close: () => client.close(),
        request: async (request) => {
          const answer = await client.request(request)
          const date = new Date(FAKE_NOW_MS - 40_000).toUTCString()
          return { ...answer, header: (name) => (name === 'date' ? date : answer.header(name)) }
        },
      }
    }
    const { steps } = await check(rehearsal, ['--json'], { http })
    assert.is(steps['exchange']?.found['clock'], "this machine's is 40 s ahead of the server's")
    assert.is(steps['vault_login']?.found['clock'], "this machine's is 40 s ahead of the server's")
    assert.is(steps['token_file']?.found['clock'], undefined)
  }),
)

works('says of a batch token that it ends by itself', () =>
  onStage(
    async (rehearsal) => {
      const { code, steps } = await check(rehearsal)
      assert.is(code, 0)
      assert.is(steps['vault_login']?.found['token_type'], 'batch')
      assert.is(steps['vault_token']?.found['revoked'], false)
      assert.match(String(steps['vault_token']?.found['reason']), /batch token/)
    },
    { authRole: { type: 'batch' } },
  ),
)

works('is the same as text, each step with its state', () =>
  onStage(async (rehearsal) => {
    const { code, stdout } = await check(rehearsal, [])
    assert.is(code, 0)
    assert.match(stdout, /^ok {7}login to Vault\n {9}sent {5}address {5}http:/m)
    assert.match(stdout, /^ok {7}a run would work\n$/m)
  }),
)

works('looks at the token file of a pod that serves, and not at a credentials file that nobody writes', () =>
  onStage(async (rehearsal) => {
    const tokenFile = join(dirname(rehearsal.credentialsFile), 'serve', 'token')
    delete rehearsal.env['AWS_SHARED_CREDENTIALS_FILE']
    rehearsal.env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] = tokenFile
    const home = { home: undefined }
    const { code, steps, states } = await check(rehearsal, ['--json'], home)
    assert.is(code, 0)
    assert.is(states['credentials_file'], undefined)
    assert.equal(steps['authorization_token_file']?.sent, { file: tokenFile })
    assert.is(steps['authorization_token_file']?.found['file_status'], 'not there yet')
    assert.is(steps['authorization_token_file']?.found['new_mode'], '0600')
    mkdirSync(tokenFile, { recursive: true })
    const taken = await check(rehearsal, ['--json'], home)
    assert.is(taken.code, 6)
    assert.is(taken.states['authorization_token_file'], 'failed')
  }),
)

works.run()

const broken = suite('a way that is broken')

broken('at the login still shows the file, and whether AWS can be reached', () =>
  onStage(async (rehearsal) => {
    rehearsal.env['VAULT_ROLE'] = 'nobody'
    const { code, steps, states } = await check(rehearsal)
    assert.is(code, 3)
    assert.equal(states, {
      settings: 'ok',
      token_file: 'ok',
      vault_login: 'failed',
      certificate: 'skipped',
      exchange: 'skipped',
      credentials_file: 'ok',
    })
    assert.is(steps['vault_login']?.sent['role'], 'nobody')
    assert.is(steps['vault_login']?.error?.['code'], 'REFUSED')
    assert.match(String(steps['vault_login']?.error?.['hint']), /VAULT_ROLE/)
    assert.is(steps['certificate']?.lacks, 'Vault token')
    assert.is(steps['exchange']?.lacks, 'certificate')
    assert.is(steps['exchange']?.found['reachable'], true)
  }),
)

broken('at the token file asks nothing of Vault', () =>
  onStage(async (rehearsal) => {
    rehearsal.env['SERVICE_ACCOUNT_TOKEN_FILE'] = '/nonexistent/token'
    const { code, states } = await check(rehearsal)
    assert.is(code, 3)
    assert.is(states['token_file'], 'failed')
    assert.is(states['vault_login'], 'skipped')
    assert.not.ok(rehearsal.events.includes('login'))
  }),
)

broken('at the signature revokes the token', () =>
  onStage(async (rehearsal) => {
    rehearsal.env['VAULT_CERT_CN'] = 'other.frontend.demo'
    const { code, states } = await check(rehearsal)
    assert.is(code, 4)
    assert.is(states['certificate'], 'failed')
    assert.is(states['vault_token'], 'ok')
    assert.is(states['exchange'], 'skipped')
    assert.ok(rehearsal.events.includes('answered revoke'))
  }),
)

broken('at the exchange shows what was sent', () =>
  onStage(async (rehearsal) => {
    rehearsal.env['ROLE_ARN'] = 'arn:aws:iam::111122223333:role/other'
    const { code, steps } = await check(rehearsal)
    assert.is(code, 5)
    assert.is(steps['exchange']?.state, 'failed')
    assert.is(steps['exchange']?.sent['role_arn'], 'arn:aws:iam::111122223333:role/other')
    assert.match(String(steps['exchange']?.error?.['message']), /isn't one of those listed/)
  }),
)

broken('at the file exits 6, with the file as it was', () =>
  onStage(async (rehearsal) => {
    const text = '[default]\nrole_arn = x\n'
    mkdirSync(dirname(rehearsal.credentialsFile))
    writeFileSync(rehearsal.credentialsFile, text)
    const { code, steps } = await check(rehearsal)
    assert.is(code, 6)
    assert.match(String(steps['credentials_file']?.error?.['message']), /role_arn/)
    assert.is(steps['credentials_file']?.found['has_profile'], true)
    assert.is(readFileSync(rehearsal.credentialsFile, 'utf8'), text)
  }),
)

broken('where WRITE_REGION is set shows the config file too', () =>
  onStage(async (rehearsal) => {
    const config = join(dirname(rehearsal.credentialsFile), 'config')
    Object.assign(rehearsal.env, { WRITE_REGION: 'true', AWS_CONFIG_FILE: config })
    mkdirSync(config, { recursive: true })
    const { code, states } = await check(rehearsal)
    assert.is(code, 6)
    assert.is(states['config_file'], 'failed')
    assert.is(states['credentials_file'], 'ok')
  }),
)

broken('in two places exits as a run would, with the first', () =>
  onStage(async (rehearsal) => {
    rehearsal.meddle = (step) => (step === 'sign' ? NO : undefined)
    mkdirSync(rehearsal.credentialsFile, { recursive: true })
    const { code, states } = await check(rehearsal)
    assert.is(code, 4)
    assert.is(states['credentials_file'], 'failed')
  }),
)

broken(
  'by a server that is away is not waited for as long as in a run, and the server is what is named',
  () =>
    onStage(async (rehearsal) => {
      rehearsal.meddle = (step) => (step === 'login' ? AWAY : undefined)
      const clock = fakeClock()
      const { code, steps } = await check(rehearsal, ['--json'], { clock })
      assert.is(code, 3)
      assert.is(steps['vault_login']?.error?.['code'], 'SEALED')
      assert.not.match(String(steps['vault_login']?.error?.['message']), /DEADLINE/)
      assert.ok(clock.elapsed() > 5000 && clock.elapsed() <= 10_000, `${clock.elapsed()} ms`)
    }),
)

broken('where the token cannot be revoked says so', () =>
  onStage(async (rehearsal) => {
    rehearsal.meddle = (step) => (step === 'revoke' ? NO : undefined)
    const { code, steps } = await check(rehearsal)
    assert.is(code, 0)
    assert.is(steps['vault_token']?.found['revoked'], false)
    assert.match(String(steps['vault_token']?.warnings), /could not be revoked/)
  }),
)

broken('in its settings shows every problem and nothing else', () =>
  onStage(async (rehearsal) => {
    delete rehearsal.env['ROLE_ARN']
    rehearsal.env['DEADLINE'] = '0'
    const { code, steps, states } = await check(rehearsal)
    assert.is(code, 2)
    assert.equal(states, { settings: 'failed' })
    const problems = steps['settings']?.error?.['problems'] as readonly string[]
    assert.is(problems.length, 2)
    assert.equal(rehearsal.events, [])
    const text = (await check(rehearsal, [])).stdout
    for (const problem of ['ROLE_ARN', 'DEADLINE']) assert.match(text, problem)
  }),
)

broken('by a signal still revokes the token, and ends as one', () =>
  onStage(async (rehearsal) => {
    const stop = new AbortController()
    const stopped = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })
    rehearsal.meddle = (step) => {
      if (step !== 'sign') return undefined
      setImmediate(() => stop.abort(stopped))
      return 'hang'
    }
    let thrown: unknown
    try {
      await check(rehearsal, ['--json'], { interrupt: stop.signal })
    } catch (error) {
      thrown = error
    }
    assert.is(thrown, stopped)
    assert.ok(rehearsal.events.includes('answered revoke'))
    assert.not.ok(rehearsal.events.includes('exchange'))
  }),
)

broken.run()

const others = suite('other sources')

const VAULT_AWS = ['VAULT_CERT_NAME', 'VAULT_CERT_CN', 'ROLE_ARN', 'ANCHOR_ARN', 'PROFILE_ARN']

function throughVaultAws(rehearsal: Rehearsal): void {
  for (const name of [...VAULT_AWS, 'AWS_ENDPOINT_URL_ROLESANYWHERE'])
    Reflect.deleteProperty(rehearsal.env, name)
  Object.assign(rehearsal.env, {
    VAULT_AWS_PATH: 'aws/creds/readonly',
    AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:9',
  })
}

const LEASED: ScriptedAnswer = {
  status: 200,
  body: {
    request_id: 'a0b1',
    lease_id: 'aws/creds/readonly/lease',
    lease_duration: 3600,
    renewable: true,
    data: {
      access_key: 'AKIAEXAMPLE000000001',
      secret_key: 'canary/secret+access0key',
      security_token: null,
    },
  },
}
const IDENTITY: ScriptedAnswer = {
  status: 200,
  body: '<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111122223333:user/vault-x</Arn><UserId>x</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
}

others("of Vault's AWS engine: the keys' lease is revoked with the token", () =>
  onStage(async (rehearsal) => {
    throughVaultAws(rehearsal)
    // What is no login and no revocation comes by the name sign here: first the keys, then whose they are.
    rehearsal.meddle = (step, count) => (step !== 'sign' ? undefined : count === 1 ? LEASED : IDENTITY)
    const { code, steps, states } = await check(rehearsal)
    assert.equal(states, {
      settings: 'ok',
      token_file: 'ok',
      vault_login: 'ok',
      vault_aws: 'ok',
      vault_token: 'ok',
      credentials_file: 'ok',
    })
    assert.is(code, 0)
    assert.is(steps['vault_aws']?.sent['path'], 'aws/creds/readonly')
    assert.is(steps['vault_aws']?.found['arn'], 'arn:aws:iam::111122223333:user/vault-x')
    assert.equal(steps['vault_token']?.found, { revoked: true, lease_revoked: true })
    assert.ok(rehearsal.events.includes('answered revoke'))
  }),
)

others("of Vault's AWS engine that refuses: exit 5, and the token is revoked", () =>
  onStage(async (rehearsal) => {
    throughVaultAws(rehearsal)
    rehearsal.meddle = (step) => (step === 'sign' ? NO : undefined)
    const { code, steps } = await check(rehearsal)
    assert.is(code, 5)
    assert.is(steps['vault_aws']?.state, 'failed')
    assert.equal(steps['vault_token']?.found, { revoked: true })
  }),
)

const EARLY = (from: string, seconds: number): string =>
  `the certificate and its chain are not valid before ${from}, in ${seconds} s: waiting until then`

const KEYS = join(import.meta.dirname, '..', 'keys')

function throughMountedFiles(rehearsal: Rehearsal, folder: string): void {
  for (const name of ['VAULT_ADDR', 'VAULT_ROLE', 'VAULT_CERT_NAME', 'VAULT_CERT_CN'])
    Reflect.deleteProperty(rehearsal.env, name)
  delete rehearsal.env['SERVICE_ACCOUNT_TOKEN_FILE']
  Object.assign(rehearsal.env, {
    CERTIFICATE_FILE: join(folder, 'p256.pem'),
    PRIVATE_KEY_FILE: join(folder, 'p256-sec1.pem'),
    CERTIFICATE_CHAIN_FILE: join(folder, 'intermediate.pem'),
  })
}

others('of mounted files: which certificate and chain would be sent, without Vault', () =>
  onStage(async (rehearsal) => {
    throughMountedFiles(rehearsal, KEYS)
    rehearsal.meddle = (step) => (step === 'exchange' ? SESSION : undefined)
    const { code, steps, states } = await check(rehearsal)
    assert.equal(states, {
      settings: 'ok',
      mounted_certificate: 'ok',
      exchange: 'ok',
      credentials_file: 'ok',
    })
    assert.is(code, 0)
    assert.is(steps['mounted_certificate']?.sent['chain_file'], join(KEYS, 'intermediate.pem'))
    assert.is(steps['mounted_certificate']?.found['subject'], 'CN=p256')
    assert.equal(steps['mounted_certificate']?.found['chain'], ['CN=intermediate'])
    assert.equal(rehearsal.events, ['exchange', 'answered exchange'])
  }),
)

others('of mounted files that are valid in 12 s: waits longer than a step takes otherwise, and says so', () =>
  onStage(async (rehearsal) => {
    throughMountedFiles(rehearsal, KEYS)
    rehearsal.clock.setNow(Date.UTC(2025, 11, 31, 23, 59, 48))
    rehearsal.meddle = (step) => (step === 'exchange' ? SESSION : undefined)
    const { code, steps } = await check(rehearsal)
    assert.is(code, 0)
    assert.equal(rehearsal.clock.sleeps, [13_000])
    assert.equal(steps['mounted_certificate']?.warnings, [EARLY('2026-01-01T00:00:00Z', 12)])
  }),
)

others('of mounted files that are valid in more than a minute: exit 4 without a wait for them', () =>
  onStage(async (rehearsal) => {
    throughMountedFiles(rehearsal, KEYS)
    rehearsal.clock.setNow(Date.UTC(2025, 11, 31, 23, 58, 58))
    const { code, steps } = await check(rehearsal)
    assert.is(code, 4)
    assert.match(
      String(steps['mounted_certificate']?.error?.['message']),
      /^the certificate is not valid before 2026-01-01T00:00:00Z, and it is 2025-12-31T23:58:58Z here$/,
    )
  }),
)

others("of Vault's certificate that is valid in 12 s: the token is revoked, and the rest is done", () =>
  onStage(
    async (rehearsal) => {
      const { code, steps } = await check(rehearsal)
      assert.is(code, 0)
      assert.equal(steps['certificate']?.warnings, [EARLY('2026-11-21T12:00:12Z', 12)])
      assert.equal(rehearsal.clock.sleeps, [13_000])
      assert.is(rehearsal.stage.vaultEmulator.liveTokens(), 0)
    },
    { pkiRole: { notBeforeSeconds: -12 } },
  ),
)

others('of mounted files that are not there: exit 4, and AWS is still looked for', () =>
  onStage(async (rehearsal) => {
    throughMountedFiles(rehearsal, dirname(rehearsal.credentialsFile))
    const { code, steps, states } = await check(rehearsal)
    assert.equal(states, {
      settings: 'ok',
      mounted_certificate: 'failed',
      exchange: 'skipped',
      credentials_file: 'ok',
    })
    assert.is(code, 4)
    assert.match(String(steps['mounted_certificate']?.sent['certificate_file']), /p256\.pem$/)
    assert.is(steps['exchange']?.found['reachable'], true)
  }),
)

others.run()
