import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { main } from '../../src/aws-iam-ra.ts'
import { IamRaError } from '../../src/errors.ts'
import type { Runtime } from '../../src/run/runtime.ts'
import type { ScriptedAnswer } from '../support/fake-runtime.ts'
import { rehearse, type Rehearsal, type Step } from '../support/rehearsal.ts'

interface Ended {
  readonly code: number
  readonly told: { readonly obtained?: Told; readonly failure?: Told }
  readonly stderr: string
}

type Told = Readonly<Record<string, unknown>>

const NO: ScriptedAnswer = { status: 403, body: { errors: ['permission denied'] } }

async function end(
  { runtime, env, stage }: Rehearsal,
  argv: readonly string[] = [],
  interrupt = new AbortController().signal,
): Promise<Ended> {
  const written = { stdout: '', stderr: '' }
  const whole: Runtime = {
    ...runtime,
    env,
    argv: ['obtain', ...argv],
    stdout: (text) => void (written.stdout += text),
    stderr: (text) => void (written.stderr += text),
  }
  const code = await main(whole, interrupt)
  const secrets = stage.sessions.issued.flatMap((one) => [one.secretAccessKey, one.sessionToken])
  assert.not.ok(secrets.some((secret) => written.stderr.includes(secret)))
  assert.not.match(written.stderr, /hv[sb]\.|eyJ|PRIVATE KEY|ASIA/)
  return { code, told: JSON.parse(written.stdout) as Ended['told'], stderr: written.stderr }
}

async function onStage(
  run: (rehearsal: Rehearsal) => Promise<void>,
  options: Parameters<typeof rehearse>[0] = {},
): Promise<void> {
  const rehearsal = await rehearse(options)
  writeFileSync(rehearsal.env['TERMINATION_LOG'] ?? '', '')
  try {
    await run(rehearsal)
    // It is the parent's to write.
    assert.is(readFileSync(rehearsal.env['TERMINATION_LOG'] ?? '', 'utf8'), '')
    assert.is(rehearsal.written(), undefined)
    assert.is(rehearsal.stage.vaultEmulator.liveTokens(), 0)
  } finally {
    await rehearsal.close()
  }
}

const obtain = suite('obtain')

obtain('tells its parent the credentials and what logs name them by, and says nothing', () =>
  onStage(async (rehearsal) => {
    const { code, told, stderr } = await end(rehearsal)
    assert.is(code, 0)
    assert.is(stderr, '')
    const [issued] = rehearsal.stage.sessions.issued
    const [signed] = rehearsal.stage.vaultEmulator.signs
    const [created] = rehearsal.stage.rolesAnywhereEmulator.created
    assert.equal(told, {
      obtained: {
        credentials: {
          accessKeyId: issued?.accessKeyId,
          secretAccessKey: issued?.secretAccessKey,
          sessionToken: issued?.sessionToken,
          expiresAtMs: issued?.expiresAtMs,
          arn: issued?.assumedRoleArn,
          roleArn: rehearsal.env['ROLE_ARN'],
          sessionName: created?.sessionName,
        },
        certificate: { serialHex: created?.serial.toUpperCase(), requestId: signed?.requestId },
      },
    })
  }),
)

obtain('ends once the Vault token was revoked', () =>
  onStage(async (rehearsal) => {
    const { promise: exchanged, resolve } = Promise.withResolvers<undefined>()
    rehearsal.meddle = (step) => {
      if (step === 'exchange') setImmediate(resolve, undefined)
      return step === 'revoke' ? exchanged : undefined
    }
    assert.is((await end(rehearsal)).code, 0)
    assert.is(rehearsal.events.at(-1), 'answered revoke')
  }),
)

obtain('passes on what the run warns of, and not what the parent has said of the settings', () =>
  onStage(
    async (rehearsal) => {
      rehearsal.env['VAULT_TOKEN'] = 'a-token-that-is-ignored'
      const { code, stderr } = await end(rehearsal)
      assert.is(code, 0)
      assert.match(stderr, /^aws-iam-ra: warning: [^\n]*signs RSA keys only[^\n]*\n$/)
    },
    { pkiRole: { keyType: 'rsa' } },
  ),
)

obtain('says its steps with --verbose', () =>
  onStage(async (rehearsal) => {
    const { stderr } = await end(rehearsal, ['--verbose'])
    for (const step of [/logged in to Vault/, /certificate signed|signed/, /exchanged/])
      assert.match(stderr, step)
  }),
)

for (const [step, code, stage] of [
  ['login', 3, 'identity'],
  ['sign', 4, 'certificate'],
  ['exchange', 5, 'exchange'],
] as const satisfies readonly (readonly [Step, number, string])[]) {
  obtain(`whose ${step} is refused leaves it to the parent to say so`, () =>
    onStage(async (rehearsal) => {
      rehearsal.meddle = (now) => (now === step ? NO : undefined)
      const ended = await end(rehearsal)
      assert.is(ended.code, code)
      assert.is(ended.stderr, '')
      const { failure = {}, obtained } = ended.told
      assert.is(obtained, undefined)
      assert.equal([failure['stage'], failure['code'], failure['status']], [stage, 'REFUSED', 403])
      assert.type(failure['message'], 'string')
      assert.type(failure['hint'], 'string')
    }),
  )
}

for (const [step, stage] of [
  ['login', 'identity'],
  ['sign', 'certificate'],
  ['exchange', 'exchange'],
] as const satisfies readonly (readonly [Step, string])[]) {
  obtain(`whose ${step} goes on failing warns of it once, before it gives up`, () =>
    onStage(async (rehearsal) => {
      rehearsal.meddle = (now) => (now === step ? { status: 503, body: '{}' } : undefined)
      rehearsal.env['LOG_FORMAT'] = 'json'
      const { told, stderr } = await end(rehearsal)
      assert.is(told.failure?.['code'], 'DEADLINE')
      const lines = stderr.trim().split('\n')
      assert.equal(
        lines
          .map((line) => JSON.parse(line) as Told)
          .map((line) => [line['level'], line['stage'], line['attempt']]),
        [['warn', stage, 3]],
      )
    }),
  )
}

obtain('passes on what a server asked to wait', () =>
  onStage(async (rehearsal) => {
    rehearsal.meddle = (step) =>
      step === 'exchange'
        ? { status: 429, body: { message: 'Rate exceeded' }, headers: { 'retry-after': '3600' } }
        : undefined
    const { code, told } = await end(rehearsal)
    assert.is(code, 5)
    assert.is(told.failure?.['code'], 'DEADLINE')
    assert.is(told.failure?.['retryAfterMs'], 3_600_000)
  }),
)

obtain('whose settings became wrong says each problem', () =>
  onStage(async (rehearsal) => {
    rehearsal.env['ROLE_ARN'] = 'a role'
    rehearsal.env['DEADLINE'] = 'soon'
    const { code, told, stderr } = await end(rehearsal)
    assert.is(code, 2)
    assert.is(stderr, '')
    assert.is(told.failure?.['code'], 'SETTINGS_INVALID')
    const problems = told.failure?.['problems'] as readonly string[]
    assert.is(problems.length, 2)
    assert.match(problems.join('\n'), /^ROLE_ARN[^\n]*\nDEADLINE/)
    assert.equal(rehearsal.events, [])
  }),
)

obtain('without its token file says which', () =>
  onStage(async (rehearsal) => {
    const file = rehearsal.env['SERVICE_ACCOUNT_TOKEN_FILE'] ?? ''
    rmSync(file)
    const { code, told } = await end(rehearsal)
    assert.is(code, 3)
    assert.is(told.failure?.['code'], 'INPUT_FILE')
    assert.ok(String(told.failure?.['message']).includes(file))
  }),
)

obtain('ends by the deadline, and says at what', () =>
  onStage(async (rehearsal) => {
    rehearsal.meddle = (step) => {
      if (step !== 'exchange') return undefined
      setImmediate(() => rehearsal.clock.advance(60_000))
      return 'hang'
    }
    const { code, told } = await end(rehearsal)
    assert.is(code, 5)
    assert.equal([told.failure?.['stage'], told.failure?.['code']], ['exchange', 'DEADLINE'])
  }),
)

obtain('that is stopped revokes first', () =>
  onStage(async (rehearsal) => {
    const interrupt = new AbortController()
    const stopped = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })
    rehearsal.meddle = (step) => {
      if (step !== 'sign') return undefined
      setImmediate(() => interrupt.abort(stopped))
      return 'hang'
    }
    const { code, told, stderr } = await end(rehearsal, [], interrupt.signal)
    assert.is(code, 143)
    assert.is(told.failure?.['code'], 'INTERRUPTED')
    assert.is(stderr, '')
    assert.is(rehearsal.events.at(-1), 'answered revoke')
  }),
)

obtain('shows where a bug of ours is with --verbose, and not what was there', () =>
  onStage(async (rehearsal) => {
    rehearsal.meddle = (step) => {
      if (step === 'sign') throw new TypeError('canary')
      return undefined
    }
    const { code, told, stderr } = await end(rehearsal, ['--verbose'])
    assert.is(code, 70)
    assert.is(told.failure?.['code'], 'INTERNAL')
    assert.match(stderr, /\n {2}caused by: TypeError at /)
    assert.not.match(stderr + JSON.stringify(told), 'canary')
  }),
)

obtain.run()
