import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { listenerErrors } from '../../../src/commands/long-lived/listener-errors.ts'
import {
  fakeClock,
  recordingLogger,
  type FakeClock,
  type RecordingLogger,
} from '../../support/fake-runtime.ts'

const errors = suite('errors of a listener')
const MINUTE = 60_000

interface Said {
  readonly clock: FakeClock
  readonly logger: RecordingLogger
  readonly onError: (error: unknown) => void
}

function said(): Said {
  const clock = fakeClock()
  const logger = recordingLogger()
  return { clock, logger, onError: listenerErrors(logger, clock) }
}

/** As a server of Node has it where a connection could not be accepted. */
function atAccept(code: string): Error {
  return Object.assign(new Error(`accept ${code}`), { code, syscall: 'accept' })
}

errors('what the system refuses is a warning with its code and what to do, and no bug', () => {
  const { logger, onError } = said()
  onError(atAccept('EMFILE'))
  assert.equal(logger.lines, [
    {
      level: 'warn',
      message: 'a connection could not be accepted: this process has too many files open',
      fields: { code: 'EMFILE', hint: 'raise its limit of open files (ulimit -n)' },
    },
  ])
})

errors('a code of the system that nobody foresaw is named', () => {
  const { logger, onError } = said()
  onError(atAccept('EPROTO'))
  assert.equal(logger.messages('warn'), ['a connection could not be accepted: EPROTO'])
  assert.equal(logger.errors, [])
})

errors("a handler's error is a bug, whether it has a code of Node or none", () => {
  const { logger, onError } = said()
  onError(new RangeError('a bug'))
  onError(Object.assign(new TypeError('another'), { code: 'ERR_INVALID_CHAR' }))
  onError('what is no error')
  assert.equal(
    logger.errors.map(({ code, message }) => `${code} ${message}`),
    [
      'INTERNAL unexpected RangeError inside aws-iam-ra',
      'INTERNAL unexpected TypeError inside aws-iam-ra',
      'INTERNAL unexpected string inside aws-iam-ra',
    ],
  )
  assert.equal(logger.messages('warn'), [])
})

for (const [what, error] of [
  ['a code', atAccept('EMFILE')],
  ['a bug', new RangeError('a bug')],
] as const) {
  errors(`${what} is said once a minute, however often it comes`, () => {
    const { clock, logger, onError } = said()
    for (let count = 0; count < 1000; count += 1) onError(error)
    assert.is(logger.lines.length, 1)
    clock.advance(MINUTE - 1)
    onError(error)
    assert.is(logger.lines.length, 1)
    clock.advance(1)
    onError(error)
    onError(error)
    assert.is(logger.lines.length, 2)
  })
}

errors('another code is said at once', () => {
  const { logger, onError } = said()
  for (const code of ['EMFILE', 'ENFILE', 'EMFILE', 'ENFILE']) onError(atAccept(code))
  assert.equal(
    logger.lines.map(({ fields }) => fields['code']),
    ['EMFILE', 'ENFILE'],
  )
})

errors.run()
