import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asIamRaError, IamRaError } from '../../src/errors.ts'
import { createLogger, errorText, type Logger, type Reporting } from '../../src/run/log.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'

const log = suite('log')

function written(reporting: Partial<Reporting>, speak: (logger: Logger) => void): string {
  let text = ''
  const all: Reporting = { format: 'text', verbosity: 'normal', terminationLog: '', ...reporting }
  const logger = createLogger(
    all,
    () => FAKE_NOW_MS,
    (part) => {
      text += part
    },
  )
  speak(logger)
  return text
}

function jsonLines(text: string): unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
}

const everything = (logger: Logger): void => {
  logger.step('a step', { stage: 'identity' })
  logger.info('the result', { role: 'r', count: 2, names: ['a', 'b'], absent: undefined })
  logger.warn('a warning')
  logger.error(failure)
}

const failure = new IamRaError('SETTINGS_INVALID', 'settings', '2 settings are wrong', {
  hint: 'see --help',
  problems: ['ROLE_ARN is missing', 'VAULT_ADDR is empty'],
})

log('is lines of text with the fields behind', () => {
  assert.is(
    written({}, everything),
    [
      'aws-iam-ra: the result  role=r count=2 names=a,b',
      'aws-iam-ra: warning: a warning',
      'aws-iam-ra: settings: 2 settings are wrong',
      '  ROLE_ARN is missing',
      '  VAULT_ADDR is empty',
      'hint: see --help',
      '',
    ].join('\n'),
  )
})

log('shows steps when verbose', () => {
  assert.match(written({ verbosity: 'verbose' }, everything), /^aws-iam-ra: a step {2}stage=identity\n/)
})

log('leaves the result out when quiet, but no warning and no failure', () => {
  const text = written({ verbosity: 'quiet' }, everything)
  assert.not.match(text, 'a step')
  assert.not.match(text, 'the result')
  assert.match(text, 'warning: a warning')
  assert.match(text, 'settings: 2 settings are wrong\n')
  assert.match(text, 'hint: see --help')
})

log('is one object a line in JSON', () => {
  const time = '2026-11-21T12:00:00.000Z'
  assert.equal(jsonLines(written({ format: 'json', verbosity: 'verbose' }, everything)), [
    { time, level: 'debug', message: 'a step', stage: 'identity' },
    { time, level: 'info', message: 'the result', role: 'r', count: 2, names: ['a', 'b'] },
    { time, level: 'warn', message: 'a warning' },
    {
      time,
      level: 'error',
      message: 'settings: 2 settings are wrong',
      stage: 'settings',
      code: 'SETTINGS_INVALID',
      hint: 'see --help',
      problems: ['ROLE_ARN is missing', 'VAULT_ADDR is empty'],
      cause: [],
    },
  ])
  assert.is(jsonLines(written({ format: 'json' }, everything)).length, 3)
  assert.is(jsonLines(written({ format: 'json', verbosity: 'quiet' }, everything)).length, 2)
})

log('says no more of a failure in JSON than it has', () => {
  const bare = new IamRaError('INTERRUPTED', 'internal', 'stopped by SIGTERM', { signal: 15 })
  assert.equal(jsonLines(written({ format: 'json' }, (logger) => logger.error(bare))), [
    {
      time: '2026-11-21T12:00:00.000Z',
      level: 'error',
      message: 'stopped by SIGTERM',
      stage: 'internal',
      code: 'INTERRUPTED',
    },
  ])
})

log('keeps what it is told on one line, whatever that holds', () => {
  const speak = (logger: Logger): void => {
    logger.step('two\nlines', { policies: ['a\naws-iam-ra: forged', '\u001b[2Kb'] })
  }
  assert.is(
    written({ verbosity: 'verbose' }, speak),
    'aws-iam-ra: two lines  policies="a aws-iam-ra: forged, [2Kb"\n',
  )
  assert.is(written({ verbosity: 'verbose', format: 'json' }, speak).split('\n').length, 2)
})

log('names the causes of a failure when verbose, never what they say', () => {
  const system = Object.assign(new Error('connect s3cr3t'), { code: 'ECONNREFUSED' })
  const cause = new TypeError('s3cr3t in a parser', { cause: system })
  const error = new IamRaError('UNREACHABLE', 'identity', 'no connection', { cause })
  const text = written({ verbosity: 'verbose' }, (logger) => logger.error(error))
  assert.is(
    text,
    'aws-iam-ra: identity: no connection\n  caused by: TypeError\n  caused by: Error ECONNREFUSED\n',
  )
  const json = written({ verbosity: 'verbose', format: 'json' }, (logger) => logger.error(error))
  assert.match(json, '"cause":["TypeError","Error ECONNREFUSED"]')
  assert.not.match(json, 's3cr3t')
  assert.not.match(
    written({}, (logger) => logger.error(error)),
    'caused by',
  )
})

log('says where a bug is, never what it says', () => {
  const cause = new RangeError('s3cr3t\n    at s3cr3t (s3cr3t.ts:1:1)')
  const bug = asIamRaError(cause)
  for (const format of ['text', 'json'] as const) {
    const text = written({ verbosity: 'verbose', format }, (logger) => logger.error(bug))
    assert.match(text, 'unexpected RangeError inside aws-iam-ra')
    assert.match(text, 'log.test.ts')
    assert.not.match(text, 's3cr3t')
  }
})

log('follows causes that go in a circle only so far', () => {
  const one = new Error('one')
  one.cause = one
  const error = new IamRaError('FILE', 'sink', 'no', { cause: one })
  const text = written({ verbosity: 'verbose' }, (logger) => logger.error(error))
  assert.is(text.match(/caused by/g)?.length, 5)
})

log('names the stage before the sentence, but not for what has none', () => {
  assert.is(errorText(new IamRaError('REFUSED', 'exchange', 'AWS said no')), 'exchange: AWS said no')
  assert.is(errorText(new IamRaError('INTERNAL', 'internal', 'a bug')), 'a bug')
})

log.run()
