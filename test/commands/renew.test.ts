import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { main } from '../../src/aws-iam-ra.ts'
import { IamRaError } from '../../src/errors.ts'
import type { Clock, Runtime } from '../../src/run/runtime.ts'
import { fakeClock, type ScriptedAnswer } from '../support/fake-runtime.ts'
import { rehearse, type Rehearsal } from '../support/rehearsal.ts'

const MINUTE = 60_000
const NO: ScriptedAnswer = { status: 403, body: { errors: ['permission denied'] } }

interface Renewing extends Rehearsal {
  /** Whether the kubelet replaces the token, as it does long before its end. */
  isRotated: boolean
  /** Lets the sleepers of that time wake. */
  pass(ms: number): Promise<void>
  /** Resolves with the line of stderr that matches, the nth one. */
  said(line: RegExp, nth?: number): Promise<string>
  readonly stderr: () => string
  hangUp(): void
  /** The exit code, after SIGTERM or another reason. */
  stop(reason?: IamRaError): Promise<number>
}

const STOPPED = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })

function rotate({ env, stage }: Rehearsal): void {
  writeFileSync(env['SERVICE_ACCOUNT_TOKEN_FILE'] ?? '', stage.token())
}

async function renew(
  run: (renewing: Renewing) => Promise<void>,
  prepare: (rehearsal: Rehearsal) => void = () => undefined,
): Promise<void> {
  const rehearsal = await rehearse()
  prepare(rehearsal)
  // Pauses between attempts pass at once, what the refresher sleeps does not.
  const sleeper = fakeClock(10_000)
  const clock: Clock = { ...rehearsal.clock, sleep: sleeper.sleep, elapsed: sleeper.elapsed }
  const interrupt = new AbortController()
  let stderr = ''
  let onLine: () => void = () => undefined
  let onHangUp: () => void = () => undefined
  const runtime: Runtime = {
    ...rehearsal.runtime,
    clock,
    argv: ['renew'],
    stderr: (text) => {
      stderr += text
      onLine()
    },
    // The run's own process, within this one.
    runChild: async ({ argv, signal }) => {
      let stdout = ''
      const child = { ...runtime, argv, stdout: (text: string) => void (stdout += text) }
      return { exitCode: await main(child, signal), signal: null, stdout }
    },
  }
  const exit = main(runtime, interrupt.signal, { listen: (listener) => (onHangUp = listener) })
  const renewing: Renewing = Object.assign(rehearsal, {
    isRotated: true,
    pass: async (ms: number) => {
      for (let passedMs = 0; passedMs < ms; passedMs += 15_000) {
        rehearsal.clock.advance(15_000)
        if (renewing.isRotated && passedMs % (5 * MINUTE) === 0) rotate(rehearsal)
        sleeper.advance(15_000)
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    said: async (line: RegExp, nth = 1) => {
      for (;;) {
        const lines = stderr.split('\n').filter((one) => line.test(one))
        const found = lines[nth - 1]
        if (found !== undefined) return found
        await new Promise<void>((resolve, reject) => {
          onLine = resolve
          // So that the test fails and does not hang.
          setTimeout(() => reject(new Error(`not said: ${line}\n${stderr}`)), 30_000).unref()
        })
      }
    },
    stderr: () => stderr,
    hangUp: () => onHangUp(),
    stop: async (reason = STOPPED) => {
      interrupt.abort(reason)
      return await exit
    },
  })
  try {
    await run(renewing)
  } finally {
    interrupt.abort(STOPPED)
    await exit
    await rehearsal.close()
  }
  assert.not.match(stderr, /aws_secret|aws_session|hv[sb]\.|eyJ|PRIVATE KEY/)
}

const keyOf = ({ written }: Rehearsal): string | undefined =>
  /aws_access_key_id = (\w+)/.exec(written() ?? '')?.[1]
const created = ({ stage }: Rehearsal): number => stage.rolesAnywhereEmulator.created.length

const renewing = suite('renew')

renewing(
  'writes the file at once and again half-way through the life, says each, and exits 0 at SIGTERM',
  () =>
    renew(async (renewal) => {
      assert.match(
        await renewal.said(/credentials written/),
        `aws-iam-ra: credentials written to ${renewal.credentialsFile}, profile default  role=arn:aws:iam::`,
      )
      const first = keyOf(renewal)
      await renewal.pass(29 * MINUTE)
      assert.is(created(renewal), 1)
      await renewal.pass(MINUTE)
      assert.match(await renewal.said(/credentials written/, 2), 'expires=2026-11-21T13:30:00.000Z')
      assert.is(created(renewal), 2)
      assert.is.not(keyOf(renewal), first)
      assert.is(await renewal.stop(), 0)
      assert.is(renewal.stage.vaultEmulator.liveTokens(), 0)
      assert.not.match(renewal.stderr(), /warning|hint/)
    }),
)

renewing('reads the token again each time', () =>
  renew(async (renewal) => {
    await renewal.said(/credentials written/)
    renewal.isRotated = false
    await renewal.pass(30 * MINUTE)
    assert.match(await renewal.said(/renewal failed/), 'the service-account token has expired')
    rotate(renewal)
    await renewal.pass(MINUTE)
    await renewal.said(/credentials written/, 2)
    assert.match(await renewal.said(/renewals succeed again/), 'failures=1')
  }),
)

renewing('leaves the file as it is while renewals fail, and says why', () =>
  renew(async (renewal) => {
    await renewal.said(/credentials written/)
    const before = renewal.written()
    renewal.meddle = (step) => (step === 'sign' ? NO : undefined)
    await renewal.pass(30 * MINUTE)
    assert.match(
      await renewal.said(/renewal failed/),
      /^aws-iam-ra: warning: renewal failed, next run in 30 s: .* stage=certificate code=REFUSED failures=1 expires=2026-11-21T13:00:00\.000Z hint="/,
    )
    assert.is(renewal.written(), before)
    assert.is(await renewal.stop(), 0)
    assert.is(renewal.stage.vaultEmulator.liveTokens(), 0)
  }),
)

renewing('does not ask AWS again because the file could not be written', () =>
  renew(
    async (renewal) => {
      assert.match(await renewal.said(/no credentials yet/), 'stage=sink code=FILE')
      rmSync(renewal.credentialsFile, { recursive: true })
      await renewal.pass(MINUTE)
      await renewal.said(/credentials written/)
      assert.is(created(renewal), 1)
    },
    ({ credentialsFile }) => mkdirSync(credentialsFile, { recursive: true }),
  ),
)

renewing('renews at SIGHUP', () =>
  renew(async (renewal) => {
    await renewal.said(/credentials written/)
    await renewal.pass(MINUTE)
    renewal.hangUp()
    await renewal.said(/SIGHUP/)
    await renewal.said(/credentials written/, 2)
    assert.is(created(renewal), 2)
  }),
)

renewing('waits a part of START_SPREAD first, and may be stopped there', () =>
  renew(
    async (renewal) => {
      await renewal.pass(4 * MINUTE)
      assert.equal(renewal.events, [])
      assert.is(await renewal.stop(), 0)
      assert.equal(renewal.events, [])
    },
    ({ env }) => (env['START_SPREAD'] = '600'),
  ),
)

renewing.run()

const last = suite('the end of renew')

last('without ever a credential leaves the reason in the termination log, and is no failure', () =>
  renew(
    async (renewal) => {
      await renewal.said(/no credentials yet/)
      assert.is(await renewal.stop(), 0)
      const text = readFileSync(renewal.env['TERMINATION_LOG'] ?? '', 'utf8')
      assert.match(text, /^identity: [^\n]+\nhint: [^\n]+$/)
    },
    (rehearsal) => {
      writeFileSync(rehearsal.env['TERMINATION_LOG'] ?? '', '')
      rehearsal.meddle = (step) => (step === 'login' ? NO : undefined)
    },
  ),
)

last('after credentials leaves that log alone', () =>
  renew(
    async (renewal) => {
      await renewal.said(/credentials written/)
      renewal.meddle = (step) => (step === 'login' ? NO : undefined)
      await renewal.pass(30 * MINUTE)
      await renewal.said(/renewal failed/)
      assert.is(await renewal.stop(), 0)
      assert.is(readFileSync(renewal.env['TERMINATION_LOG'] ?? '', 'utf8'), '')
    },
    ({ env }) => writeFileSync(env['TERMINATION_LOG'] ?? '', ''),
  ),
)

last('in the middle of a run revokes what that run holds, and leaves no file', () =>
  renew(async (renewal) => {
    const hanging = new Promise<void>((resolve) => {
      renewal.meddle = (step) => {
        if (step !== 'exchange') return undefined
        setImmediate(resolve)
        return 'hang'
      }
    })
    await hanging
    assert.is(await renewal.stop(), 0)
    assert.is(renewal.stage.vaultEmulator.liveTokens(), 0)
    assert.not.ok(existsSync(renewal.credentialsFile))
    assert.not.match(renewal.stderr(), /warning|no credentials/)
  }),
)

last('by a bug exits 70', () =>
  renew(async (renewal) => {
    await renewal.said(/credentials written/)
    assert.is(await renewal.stop(new IamRaError('INTERNAL', 'internal', 'a bug')), 70)
  }),
)

last.run()
