import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { comeBack, meaningOf, retryAfterMs, type StatusMeaning } from '../../src/net/status.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'
import { fc } from '../support/generated.ts'

const meaning = suite('the meaning of a status')

const MEANINGS: Readonly<Record<StatusMeaning, readonly number[]>> = {
  success: [200, 201, 204, 299],
  redirect: [300, 301, 302, 303, 304, 307, 308],
  throttled: [429],
  unavailable: [408, 412, 500, 501, 502, 503, 504, 599],
  refused: [400, 401, 403, 404, 405, 409, 411, 413, 428, 430, 472, 499],
}

for (const [expected, statuses] of Object.entries(MEANINGS)) {
  meaning(`is ${expected} for ${statuses.join(', ')}`, () => {
    for (const status of statuses) assert.is(meaningOf(status), expected, String(status))
  })
}

meaning('is throttled for any error that says so, and for nothing else', () => {
  for (const status of [400, 403, 408, 412, 500, 503])
    assert.is(meaningOf(status, { isThrottled: true }), 'throttled', String(status))
  assert.is(meaningOf(200, { isThrottled: true }), 'success')
  assert.is(meaningOf(307, { isThrottled: true }), 'redirect')
})

meaning('is refused for a 5xx that another attempt does not change', () => {
  assert.is(meaningOf(500, { isLasting: true }), 'refused')
  for (const status of [408, 412]) assert.is(meaningOf(status, { isLasting: true }), 'unavailable')
  assert.is(meaningOf(429, { isLasting: true }), 'throttled')
})

meaning('of what may pass has what the server asks to wait, by its own clock', () => {
  const answered = (headers: Readonly<Record<string, string>>): ReturnType<typeof comeBack> =>
    comeBack({ status: 503, body: '', headers, header: (name) => headers[name] }, FAKE_NOW_MS)
  assert.equal(answered({}), { status: 503, retryable: true, retryAfterMs: undefined })
  assert.is(answered({ 'retry-after': '7' }).retryAfterMs, 7000)
  const serverMs = FAKE_NOW_MS - 3_600_000
  const headers = {
    date: new Date(serverMs).toUTCString(),
    'retry-after': new Date(serverMs + 5000).toUTCString(),
  }
  assert.is(answered(headers).retryAfterMs, 5000)
})

meaning.run()

const header = suite('Retry-After')

header('is read as seconds', () => {
  fc.assert(
    fc.property(fc.nat({ max: 999_999_999 }), (seconds) => {
      assert.is(retryAfterMs(` ${seconds}`, FAKE_NOW_MS), seconds * 1000)
    }),
  )
})

header('is read as a date of HTTP', () => {
  fc.assert(
    fc.property(fc.integer({ min: -86_400, max: 86_400 }), (seconds) => {
      const date = new Date(FAKE_NOW_MS + seconds * 1000).toUTCString()
      assert.is(retryAfterMs(date, FAKE_NOW_MS), Math.max(0, seconds * 1000))
    }),
  )
  assert.is(retryAfterMs('Saturday, 21-Nov-26 12:00:30 GMT', FAKE_NOW_MS), 30_000)
})

header('is as good as absent where it is neither', () => {
  assert.is(retryAfterMs(undefined, FAKE_NOW_MS), undefined)
  for (const other of [
    '',
    ' ',
    '-5',
    '1.5',
    '5s',
    '0x10',
    'soon',
    '1e3',

    '2026-11-21T12:00:30Z',
    '99999999999',
  ]) {
    assert.is(retryAfterMs(other, FAKE_NOW_MS), undefined, other)
  }
})

header.run()
