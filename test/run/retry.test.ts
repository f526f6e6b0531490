import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError, type ErrorOptions } from '../../src/errors.ts'
import { ATTEMPT_MS, pauseMs, retry, type RetryContext } from '../../src/run/retry.ts'
import { rejectsWithCode } from '../support/assert.ts'
import {
  fakeBounds,
  fakeClock,
  recordingLogger,
  type FakeClock,
  type RecordingLogger,
} from '../support/fake-runtime.ts'
import { fc } from '../support/generated.ts'

const attempts = suite('retry')

function later(options: ErrorOptions = {}): IamRaError {
  return new IamRaError('UNAVAILABLE', 'identity', 'Vault answered 500', { retryable: true, ...options })
}

interface Stage {
  readonly clock: FakeClock
  readonly logger: RecordingLogger
  readonly context: RetryContext
}

function stage(
  options: { random?: number; deadlineMs?: number; signal?: AbortSignal; clock?: FakeClock } = {},
): Stage {
  const clock = options.clock ?? fakeClock()
  const logger = recordingLogger()
  const runtime = { clock, random: () => options.random ?? 0.5 }
  return {
    clock,
    logger,
    context: { runtime, bounds: fakeBounds(clock, options.deadlineMs, options.signal), logger },
  }
}

/** An attempt that plays `script` and then succeeds. */
function failing(script: readonly Error[]): {
  attempt: (timeoutMs: number) => Promise<string>
  given: number[]
} {
  const given: number[] = []
  return {
    given,
    attempt: async (timeoutMs) => {
      given.push(timeoutMs)
      const error = script[given.length - 1]
      if (error !== undefined) throw error
      return 'done'
    },
  }
}

attempts('end with the first success', async () => {
  const { clock, context, logger } = stage()
  const { attempt, given } = failing([])
  assert.is(await retry('login', 'identity', context, attempt), 'done')
  assert.equal(given, [ATTEMPT_MS])
  assert.equal(clock.sleeps, [])
  assert.equal(logger.lines, [])
})

attempts('that had but a moment for an answer leave the word to the failure before them', async () => {
  const timedOut = new IamRaError('TIMEOUT', 'identity', 'no complete answer', { retryable: true })
  for (const [deadlineMs, says] of [
    [1000, /^Vault answered 500 \(gave up after 2 attempts: DEADLINE of 1 s is used up\)$/],
    [4000, /^no complete answer/],
  ] as const) {
    const { context, clock } = stage({ deadlineMs })
    const { attempt, given } = failing([later(), timedOut])
    const lasting = async (timeoutMs: number): Promise<string> => {
      if (given.length === 1) clock.advance(timeoutMs)
      return await attempt(timeoutMs)
    }
    const error = await rejectsWithCode(retry('login', 'identity', context, lasting), 'DEADLINE')
    assert.match(error.message, says)
  }
})

attempts('follow one another with a ceiling that doubles up to 15 s', async () => {
  const { clock, context, logger } = stage({ random: 1, deadlineMs: 600_000 })
  const { attempt } = failing(Array.from({ length: 8 }, () => later()))
  assert.is(await retry('login', 'identity', context, attempt), 'done')
  assert.equal(clock.sleeps, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
  assert.is(logger.messages('step')[1], 'login failed, next attempt in 1 s: Vault answered 500')
  assert.equal(logger.lines[1]?.fields, { stage: 'identity', attempt: 2 })
})

attempts('are a step each, and a warning at the one that the caller names', async () => {
  const failures = Array.from({ length: 5 }, () => later())
  const quiet = stage({ random: 0 })
  await retry('login', 'identity', quiet.context, failing([...failures]).attempt)
  assert.is(quiet.logger.messages('warn').length, 0)
  const early = stage({ random: 0 })
  await retry('login', 'identity', { ...early.context, warnAt: 3 }, failing([...failures]).attempt)
  assert.equal(
    early.logger.lines.map(({ level, fields }) => [level, fields['attempt']]),
    [
      ['step', 1],
      ['step', 2],
      ['warn', 3],
      ['step', 4],
      ['step', 5],
    ],
  )
})

attempts('are never without a pause', async () => {
  const { clock, context } = stage({ random: 0 })
  await retry('login', 'identity', context, failing([later(), later()]).attempt)
  assert.equal(clock.sleeps, [50, 50])
})

attempts('wait anywhere between nothing and the ceiling, after what the server asks', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.option(fc.nat({ max: 1e9 }), { nil: undefined }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempt, asked, random) => {
        const pause = pauseMs(attempt, asked, random)
        assert.ok(pause >= (asked ?? 0) + 50)
        assert.ok(pause <= (asked ?? 0) + Math.min(15_000, 500 * 2 ** (attempt - 1)))
      },
    ),
  )
  assert.is(pauseMs(3, undefined, 0.25), 500)
  assert.is(pauseMs(3, undefined, 0.75), 1500)
})

attempts('wait as long as the server asks', async () => {
  const { clock, context } = stage({ random: 0.5 })
  await retry('login', 'identity', context, failing([later({ retryAfterMs: 7000 })]).attempt)
  assert.equal(clock.sleeps, [7250])
})

attempts('end a moment before the deadline, so that their error says what did not answer', async () => {
  const { context } = stage({ random: 1, deadlineMs: 10_000 })
  const { attempt, given } = failing([later(), later({ retryAfterMs: 5000 })])
  await retry('login', 'identity', context, attempt)
  assert.equal(given, [9950, 9450, 3450])
})

attempts('end at once where the wait is longer than the deadline, with what was said last', async () => {
  const { clock, context } = stage({ deadlineMs: 60_000 })
  const said = later({ retryAfterMs: 90_000, hint: 'look at Vault' })
  const error = await rejectsWithCode(
    retry('login', 'identity', context, failing([said]).attempt),
    'DEADLINE',
  )
  assert.equal(clock.sleeps, [])
  assert.is(
    error.message,
    'Vault answered 500 (gave up after one attempt: DEADLINE of 60 s is used up; the server asked to wait 90 s)',
  )
  assert.equal(
    [error.stage, error.exitCode, error.hint, error.cause === said],
    ['identity', 3, 'look at Vault', true],
  )
  // For who comes back later.
  assert.is(error.retryAfterMs, 90_000)
})

attempts('do not say again what the server asked before an answer that did not come', async () => {
  const { context } = stage({ random: 1, deadlineMs: 2800 })
  const said = later({ retryAfterMs: 1900 })
  const none = new IamRaError('TIMEOUT', 'identity', 'no answer', { retryable: true })
  const running = retry('login', 'identity', context, failing([said, none, none, none]).attempt)
  const error = await rejectsWithCode(running, 'DEADLINE')
  assert.match(error.message, /^Vault answered 500 \(/)
  assert.not.match(error.message, /asked to wait/)
})

attempts('end with the deadline after many', async () => {
  const { clock, context } = stage({ random: 1, deadlineMs: 5000 })
  const { attempt, given } = failing(Array.from({ length: 100 }, () => later()))
  const error = await rejectsWithCode(retry('login', 'identity', context, attempt), 'DEADLINE')
  assert.equal(clock.sleeps, [500, 1000, 2000, 1250])
  assert.is(given.length, 5)
  assert.is(error.message, 'Vault answered 500 (gave up after 5 attempts: DEADLINE of 5 s is used up)')
})

attempts('are made once more while the deadline leaves a quarter of a second for an answer', async () => {
  const { clock, context } = stage({ random: 1, deadlineMs: 5000 })
  const { attempt } = failing(Array.from({ length: 4 }, () => later()))
  assert.is(await retry('login', 'identity', context, attempt), 'done')
  assert.is(clock.elapsed(), 4750)
})

attempts('begin a quarter of a second before the deadline at the latest, whenever it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 600, max: 600_000 }),
      fc.constantFrom('THROTTLED', 'TIMEOUT', 'UNAVAILABLE'),
      fc.integer({ min: 1, max: 1000 }),
      async (deadlineMs, code, draws) => {
        let drawn = draws
        const { clock, context } = stage({ deadlineMs, clock: fakeClock(600_000) })
        const random = (): number => ((drawn = (drawn * 16_807) % 2_147_483_647) % 1000) / 1000
        const begun: number[] = []
        const running = retry('login', 'identity', { ...context, runtime: { clock, random } }, async () => {
          begun.push(clock.elapsed())
          throw new IamRaError(code, 'identity', 'not now', { retryable: true })
        })
        await rejectsWithCode(running, 'DEADLINE')
        const last = begun.at(-1) ?? 0
        assert.ok(last <= deadlineMs - 250, 'the last had time for an answer')
        assert.ok(last > deadlineMs - 250 - 50, 'no time for another was left')
      },
    ),
    { numRuns: 200 },
  )
})

for (const code of ['THROTTLED', 'TIMEOUT'] as const) {
  attempts(
    `that are one of many (${code}) wait up to a quarter of the time, between 15 s and 2 min`,
    async () => {
      for (const [deadlineMs, longestMs] of [
        [60_000, 15_000],
        [3_600_000, 120_000],
      ] as const) {
        const { clock, context } = stage({ random: 1, deadlineMs, clock: fakeClock(600_000) })
        const many = Array.from(
          { length: 9 },
          () => new IamRaError(code, 'exchange', '', { retryable: true }),
        )
        await retry('CreateSession', 'exchange', context, failing(many).attempt).catch(() => undefined)
        assert.is(Math.max(...clock.sleeps), longestMs)
      }
      const { clock, context } = stage({ random: 1, deadlineMs: 200_250, clock: fakeClock(600_000) })
      const many = Array.from({ length: 8 }, () => new IamRaError(code, 'exchange', '', { retryable: true }))
      await retry('CreateSession', 'exchange', context, failing(many).attempt)
      // The seventh would be 32 s; of the 200 s, 63.5 were waited and 136.5 are left.
      assert.equal(clock.sleeps.slice(5), [16_000, 32_000, 136_500 / 4])
    },
  )
}

attempts('do not come before the server asks, though the deadline leaves no jitter', async () => {
  for (const [deadlineMs, sleeps] of [
    [8000, [7250]],
    [7310, [7050]],
    [7290, []],
  ] as const) {
    const { clock, context } = stage({ deadlineMs })
    const { attempt } = failing([later({ retryAfterMs: 7000 })])
    await retry('login', 'identity', context, attempt).catch(() => undefined)
    assert.equal(clock.sleeps, sleeps)
  }
})

attempts('end at once with what no repetition mends', async () => {
  const { clock, context } = stage()
  const refused = new IamRaError('REFUSED', 'identity', 'permission denied')
  const error = await rejectsWithCode(
    retry('login', 'identity', context, failing([later(), refused]).attempt),
    'REFUSED',
  )
  assert.is(error, refused)
  assert.is(clock.sleeps.length, 1)
})

attempts('end at once with an error that is not ours', async () => {
  const { context } = stage()
  const bug = new TypeError('a bug')
  const { attempt, given } = failing([bug])
  await retry('login', 'identity', context, attempt).then(
    () => assert.unreachable(),
    (error: unknown) => assert.is(error, bug),
  )
  assert.is(given.length, 1)
})

attempts('stop in a pause when a signal asks', async () => {
  const stop = new AbortController()
  const clock = fakeClock(0)
  const { context } = stage({ clock, signal: stop.signal })
  const { attempt, given } = failing([later()])
  const running = retry('login', 'identity', context, attempt)
  const stopped = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })
  setImmediate(() => stop.abort(stopped))
  assert.is(await rejectsWithCode(running, 'INTERRUPTED'), stopped)
  assert.is(clock.sleeps.length, 1)
  assert.is(given.length, 1)
})

attempts('stop with the signal though the last word asks for more time than there is', async () => {
  const stop = new AbortController()
  const { context } = stage({ signal: stop.signal })
  const stopped = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })
  const running = retry('login', 'identity', context, async () => {
    stop.abort(stopped)
    throw later({ retryAfterMs: 3_600_000 })
  })
  assert.is(await rejectsWithCode(running, 'INTERRUPTED'), stopped)
})

attempts('say what was said last when the deadline passes in a pause or in an attempt', async () => {
  const ranOut = new IamRaError('DEADLINE', 'internal', 'DEADLINE of 60 s ran out', {
    hint: 'raise DEADLINE',
  })
  const stop = new AbortController()
  const clock = fakeClock(0)
  const { context } = stage({ clock, signal: stop.signal })
  const inPause = retry('login', 'identity', context, failing([later()]).attempt)
  setImmediate(() => stop.abort(ranOut))
  assert.match(
    (await rejectsWithCode(inPause, 'DEADLINE')).message,
    /^Vault answered 500 \(gave up after one attempt: DEADLINE of 60 s is used up\)$/,
  )

  const inAttempt = retry('login', 'identity', stage().context, failing([later(), ranOut]).attempt)
  const error = await rejectsWithCode(inAttempt, 'DEADLINE')
  assert.match(
    error.message,
    /^Vault answered 500 \(gave up after 2 attempts: DEADLINE of 60 s is used up\)$/,
  )
})

attempts('say what had no answer where nothing was said before', async () => {
  const ranOut = new IamRaError('DEADLINE', 'internal', 'DEADLINE of 60 s ran out', {
    hint: 'raise DEADLINE',
  })
  const error = await rejectsWithCode(
    retry('CreateSession', 'exchange', stage().context, failing([ranOut]).attempt),
    'DEADLINE',
  )
  assert.equal(
    [error.message, error.hint, error.stage, error.exitCode],
    ['no complete answer to CreateSession: DEADLINE of 60 s ran out', 'raise DEADLINE', 'exchange', 5],
  )
})

attempts.run()
