import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { main } from '../../src/aws-iam-ra.ts'
import { IamRaError } from '../../src/errors.ts'
import type { Runtime } from '../../src/run/runtime.ts'
import { VERSION } from '../../src/version.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import type { ScriptedAnswer } from '../support/fake-runtime.ts'
import { rehearse, type Rehearsal, type Step } from '../support/rehearsal.ts'

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function end(
  { runtime, env }: Rehearsal,
  argv: readonly string[] = [],
  given: Partial<Runtime> = {},
  interrupt = new AbortController().signal,
): Promise<Ended> {
  const written = { stdout: '', stderr: '' }
  const whole: Runtime = {
    ...runtime,
    env,
    argv,
    stdout: (text) => void (written.stdout += text),
    stderr: (text) => void (written.stderr += text),
    ...given,
  }
  const code = await main(whole, interrupt)
  // No credential, no token and no key, whatever happened.
  assert.not.match(written.stderr, /aws_secret|aws_session|hv[sb]\.|eyJ|PRIVATE KEY|canary/)
  return { code, ...written }
}

async function onStage(run: (rehearsal: Rehearsal) => Promise<void>): Promise<void> {
  const rehearsal = await rehearse()
  try {
    await run(rehearsal)
  } finally {
    await rehearsal.close()
  }
}

function serialOf({ stage }: Rehearsal): string {
  return (stage.rolesAnywhereEmulator.created[0]?.serial ?? '').toUpperCase()
}

const success = suite('a run that works')

success('exits 0 and says role, session, serial, end and request id in one line', () =>
  onStage(async (rehearsal) => {
    const { code, stdout, stderr } = await end(rehearsal)
    const { stage, credentialsFile } = rehearsal
    const serial = serialOf(rehearsal)
    assert.is(code, 0)
    assert.is(stdout, '')
    assert.is(
      stderr,
      `aws-iam-ra: credentials written to ${credentialsFile}, profile default  role=${EXAMPLE.roleArn} ` +
        `session=${serial.toLowerCase()} serial=${serial} expires=2026-11-21T13:00:00.000Z ` +
        `vault_request_id=${stage.vaultEmulator.signs[0]?.requestId}\n`,
    )
    assert.match(rehearsal.written() ?? '', /^\[default\]$/m)
  }),
)

success('says it as one JSON object where LOG_FORMAT asks for that', () =>
  onStage(async (rehearsal) => {
    rehearsal.env['LOG_FORMAT'] = 'json'
    const { code, stderr } = await end(rehearsal)
    assert.is(code, 0)
    const serial = serialOf(rehearsal)
    assert.equal(JSON.parse(stderr), {
      time: '2026-11-21T12:00:00.000Z',
      level: 'info',
      message: `credentials written to ${rehearsal.credentialsFile}, profile default`,
      role: EXAMPLE.roleArn,
      session: serial.toLowerCase(),
      serial,
      expires: '2026-11-21T13:00:00.000Z',
      vault_request_id: rehearsal.stage.vaultEmulator.signs[0]?.requestId,
    })
  }),
)

success('says nothing with --quiet, and every step with --verbose', () =>
  onStage(async (rehearsal) => {
    assert.equal(await end(rehearsal, ['--quiet']), { code: 0, stdout: '', stderr: '' })
    const { stderr } = await end(rehearsal, ['--verbose'])
    for (const step of ['logged in to Vault', 'certificate signed and checked', 'exchanged', 'revoked']) {
      assert.match(stderr, `aws-iam-ra: ${step}`)
    }
  }),
)

success('ends the same over the result of the first', () =>
  onStage(async (rehearsal) => {
    await end(rehearsal)
    const first = rehearsal.written() ?? ''
    assert.is((await end(rehearsal)).code, 0)
    const shape = (text: string): string => text.replace(/(= |role\/\S+\/).*/g, '$1…')
    assert.is(shape(rehearsal.written() ?? ''), shape(first))
    assert.is.not(rehearsal.written(), first)
  }),
)

success('waits a random moment of START_SPREAD first', () =>
  onStage(async (rehearsal) => {
    rehearsal.env['START_SPREAD'] = '20'
    const { code } = await end(rehearsal, [], { random: () => 0.25 })
    assert.is(code, 0)
    assert.is(rehearsal.clock.sleeps[0], 5000)
  }),
)

success('prints the version and the help on stdout', () =>
  onStage(async (rehearsal) => {
    assert.equal(await end(rehearsal, ['--version']), {
      code: 0,
      stdout: `aws-iam-ra ${VERSION}\n`,
      stderr: '',
    })
    const { code, stdout } = await end(rehearsal, ['--help'])
    assert.is(code, 0)
    assert.match(stdout, /VAULT_CERT_CN/)
    assert.equal(rehearsal.events, [])
  }),
)

success.run()

const failure = suite('a run that fails')

failure('on its settings exits 2 and lists every problem', () =>
  onStage(async (rehearsal) => {
    delete rehearsal.env['ROLE_ARN']
    rehearsal.env['SESSION_DURATION'] = '5'
    const { code, stderr } = await end(rehearsal)
    assert.is(code, 2)
    assert.match(stderr, /ROLE_ARN/)
    assert.match(stderr, /SESSION_DURATION/)
    assert.equal(rehearsal.events, [])
  }),
)

const NO: ScriptedAnswer = { status: 403, body: { errors: ['permission denied'] } }

for (const [step, code, stage] of [
  ['login', 3, 'identity'],
  ['sign', 4, 'certificate'],
  ['exchange', 5, 'exchange'],
] as const satisfies readonly (readonly [Step, number, string])[]) {
  failure(`at ${step} exits ${code}, with one sentence and its hint`, () =>
    onStage(async (rehearsal) => {
      const answer = step === 'exchange' ? { status: 403, body: { message: 'Invalid signature' } } : NO
      rehearsal.meddle = (at) => (at === step ? answer : undefined)
      const ended = await end(rehearsal, ['--quiet'])
      assert.is(ended.code, code)
      assert.is(ended.stdout, '')
      assert.match(ended.stderr, new RegExp(`^aws-iam-ra: ${stage}: [^\\n]+\\nhint: [^\\n]+\\n$`))
      assert.not.match(ended.stderr, /\.\n/)
    }),
  )
}

failure('at the file exits 6', () =>
  onStage(async (rehearsal) => {
    mkdirSync(rehearsal.credentialsFile, { recursive: true })
    const { code, stderr } = await end(rehearsal)
    assert.is(code, 6)
    assert.match(stderr, /^aws-iam-ra: sink: /)
  }),
)

failure('by the deadline exits with the code of its stage', () =>
  onStage(async (rehearsal) => {
    rehearsal.meddle = (at) => {
      if (at !== 'sign') return undefined
      setImmediate(() => rehearsal.clock.advance(60_000))
      return 'hang'
    }
    const { code, stderr } = await end(rehearsal)
    assert.is(code, 4)
    assert.match(stderr, /certificate: no complete answer to sign: DEADLINE of 60 s ran out/)
  }),
)

for (const [during, meddled] of [
  ['the exchange', 'exchange'],
  ['START_SPREAD', undefined],
] as const) {
  failure(`by a signal during ${during} exits with 128 and its number`, () =>
    onStage(async (rehearsal) => {
      const stop = new AbortController()
      const abort = (): void =>
        stop.abort(new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 }))
      if (meddled === undefined) {
        rehearsal.env['START_SPREAD'] = '300'
        setImmediate(abort)
      }
      rehearsal.meddle = (at) => {
        if (at !== meddled) return undefined
        setImmediate(abort)
        return 'hang'
      }
      const { code, stderr } = await end(rehearsal, [], {}, stop.signal)
      assert.is(code, 143)
      assert.match(stderr, /stopped by SIGTERM/)
      assert.is(rehearsal.written(), undefined)
      assert.is(rehearsal.stage.vaultEmulator.liveTokens(), 0)
    }),
  )
}

failure('by a bug exits 70 without the message of what was thrown', () =>
  onStage(async (rehearsal) => {
    const http = (): never => {
      throw new TypeError('canary')
    }
    const { code, stderr } = await end(rehearsal, [], { http })
    assert.is(code, 70)
    assert.match(stderr, /^aws-iam-ra: unexpected TypeError inside aws-iam-ra\nhint: .*--verbose/)
    const verbose = await end(rehearsal, ['--verbose'], { http })
    assert.match(verbose.stderr, /caused by: TypeError at .*once\.test/)
  }),
)

failure('says the same sentence in the termination log, where there is one', () =>
  onStage(async (rehearsal) => {
    const log = rehearsal.env['TERMINATION_LOG'] ?? ''
    rehearsal.meddle = (at) => (at === 'login' ? NO : undefined)
    const { stderr } = await end(rehearsal)
    assert.not.ok(existsSync(log))
    writeFileSync(log, 'what was there before')
    await end(rehearsal)
    assert.is(`aws-iam-ra: ${readFileSync(log, 'utf8')}\n`, stderr)
  }),
)

failure('in JSON names stage and code', () =>
  onStage(async (rehearsal) => {
    rehearsal.env['LOG_FORMAT'] = 'json'
    rehearsal.meddle = (at) => (at === 'sign' ? NO : undefined)
    const { code, stderr } = await end(rehearsal)
    const { level, stage, code: name, hint } = JSON.parse(stderr) as Record<string, unknown>
    assert.equal([code, level, stage, name], [4, 'error', 'certificate', 'REFUSED'])
    assert.match(String(hint), /must allow update on pki\/sign\/iam-ra/)
  }),
)

failure.run()
