import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asIamRaError, IamRaError } from '../../src/errors.ts'
import { createFailureLog, type FailureLog } from '../../src/renewal/failure-log.ts'
import {
  FAKE_NOW_MS,
  fakeClock,
  recordingLogger,
  type FakeClock,
  type RecordingLogger,
} from '../support/fake-runtime.ts'

const MINUTE = 60_000
const LIVE = { expiresAtMs: FAKE_NOW_MS + 20 * MINUTE, leftMs: 20 * MINUTE }
const DEAD = { expiresAtMs: FAKE_NOW_MS, leftMs: -1 }
const refused = new IamRaError('REFUSED', 'exchange', 'AWS does not trust the certificate', {
  hint: 'look at the trust anchor',
  status: 403,
})

function logged(): { clock: FakeClock; logger: RecordingLogger; log: FailureLog } {
  const clock = fakeClock()
  const logger = recordingLogger()
  return { clock, logger, log: createFailureLog(clock, logger) }
}

const log = suite('the log of failures')

log('says what failed, why, what to do, and when the next run is', () => {
  const { logger, log } = logged()
  log.failed(refused, 41_800, LIVE)
  assert.equal(logger.lines, [
    {
      level: 'warn',
      message: 'renewal failed, next run in 41.8 s: AWS does not trust the certificate',
      fields: {
        stage: 'exchange',
        code: 'REFUSED',
        failures: 1,
        expires: '2026-11-21T12:20:00.000Z',
        hint: 'look at the trust anchor',
      },
    },
  ])
})

log('says a failure again to who asked for the run', () => {
  const { logger, log } = logged()
  log.failed(refused, 1000, LIVE)
  log.failed(refused, 1000, LIVE)
  log.failed(refused, 1000, LIVE, true)
  assert.is(logger.messages('warn').length, 2)
})

log('says what it means for the apps', () => {
  const { logger, log } = logged()
  log.failed(refused, 1000)
  log.failed(refused, 1000, LIVE)
  log.failed(refused, 1000, DEAD)
  assert.equal(
    logger.messages('warn').map((message) => message.split(',')[0]),
    ['no credentials yet', 'renewal failed', 'renewal failed and the credentials have expired'],
  )
})

log('says the same failure once an hour, and each time with --verbose', () => {
  const { clock, logger, log } = logged()
  const minutes: number[] = []
  for (let minute = 0; minute < 150; minute += 1) {
    const before = logger.messages('warn').length
    log.failed(refused, 1000)
    if (logger.messages('warn').length > before) minutes.push(minute)
    clock.advance(MINUTE)
  }
  assert.equal(minutes, [0, 60, 120])
  assert.is(logger.messages('step').length, 147)
  assert.is(logger.lines.at(-1)?.fields['failures'], 150)
})

log('takes failures that differ by a number in the sentence for one', () => {
  const { logger, log } = logged()
  for (const attempts of [4, 5]) {
    log.failed(new IamRaError('DEADLINE', 'identity', `no time left after ${attempts} attempts`), 1000)
  }
  assert.is(logger.messages('warn').length, 1)
})

log('says one that is not like the others at once, and two that alternate once each', () => {
  const { logger, log } = logged()
  const away = new IamRaError('DEADLINE', 'exchange', 'no time left', {
    cause: new IamRaError('UNREACHABLE', 'exchange', 'away'),
  })
  const throttled = new IamRaError('DEADLINE', 'exchange', 'no time left', {
    cause: new IamRaError('THROTTLED', 'exchange', 'slow down', { status: 429 }),
  })
  for (const failure of [refused, away, throttled, away, throttled, refused]) log.failed(failure, 1000)
  assert.is(logger.messages('warn').length, 3)
})

log('says which settings are wrong, and at once where others are', () => {
  const { logger, log } = logged()
  const wrong = (...problems: string[]): IamRaError =>
    new IamRaError('SETTINGS_INVALID', 'settings', 'the settings have 1 problem', { problems })
  for (const one of ['VAULT_CACERT: no such file', 'ROLE_ARN: no role', 'VAULT_CACERT: no such file'])
    log.failed(wrong(one), 1000)
  assert.equal(
    logger.lines.map(({ level, fields }) => [level, fields['problems']]),
    [
      ['warn', ['VAULT_CACERT: no such file']],
      ['warn', ['ROLE_ARN: no role']],
      ['step', ['VAULT_CACERT: no such file']],
    ],
  )
})

log('says each time with --verbose what caused it, and no text of that', () => {
  const { logger, log } = logged()
  const canary = Object.assign(new Error('canary'), { code: 'ECONNREFUSED' })
  const away = new IamRaError('UNAVAILABLE', 'identity', 'canary', { status: 503, cause: canary })
  const failure = new IamRaError('DEADLINE', 'identity', 'no time left', { cause: away })
  log.failed(failure, 1000)
  log.failed(failure, 1000)
  assert.equal(
    logger.lines.map(({ level, message }) => [level, message.replace(/.*: /, '')]),
    [
      ['warn', 'no time left'],
      ['step', 'caused by IamRaError UNAVAILABLE 503, by Error ECONNREFUSED'],
      ['step', 'no time left'],
      ['step', 'caused by IamRaError UNAVAILABLE 503, by Error ECONNREFUSED'],
    ],
  )
  assert.not.match(JSON.stringify(logger.lines), 'canary')
})

log('comes to the end of a failure that caused itself', () => {
  const { logger, log } = logged()
  const failure = new IamRaError('UNREACHABLE', 'identity', 'away')
  failure.cause = failure
  log.failed(failure, 1000)
  assert.is(logger.messages('step')[0]?.match(/UNREACHABLE/g)?.length, 5)
})

log('begins anew after a success, which it tells', () => {
  const { logger, log } = logged()
  log.succeeded()
  assert.equal(logger.lines, [])
  log.failed(refused, 1000)
  log.failed(refused, 1000)
  log.succeeded()
  log.succeeded()
  assert.equal(logger.lines.at(-1), {
    level: 'info',
    message: 'renewals succeed again',
    fields: { failures: 2 },
  })
  log.failed(refused, 1000)
  assert.is(logger.messages('warn').length, 2)
  assert.is(logger.lines.at(-1)?.fields['failures'], 1)
})

log('hands a bug to where its stack is shown, once', () => {
  const { logger, log } = logged()
  const bug = asIamRaError(new TypeError('canary'))
  log.failed(bug, 1000)
  log.failed(bug, 1000)
  assert.equal(logger.errors, [bug])
  assert.equal(logger.messages('warn'), [
    'no credentials yet, next run in 1 s: unexpected TypeError inside aws-iam-ra',
  ])
})

log.run()
