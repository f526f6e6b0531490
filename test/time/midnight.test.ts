/** Midnight UTC while a run goes on: the date in the scope is X-Amz-Date's, whenever the day ends. */
import { writeFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'
import { HOUR, withSkew, type Skewed } from './skewed.ts'

const DAY = 24 * HOUR
const MIDNIGHT = Math.ceil(FAKE_NOW_MS / DAY) * DAY
/** More looks at the clock than a run takes. */
const LOOKS = 30

/** Another time of day, with a token of then. */
function startAt(skewed: Skewed, epochMs: number): void {
  skewed.clock.setNow(epochMs)
  writeFileSync(skewed.env['SERVICE_ACCOUNT_TOKEN_FILE'] ?? '', skewed.stage.token())
}

/** Date of the scope and of X-Amz-Date, for each request of CreateSession. */
function datesOf({ wire }: Skewed): string[][] {
  return wire.requests
    .filter(({ url }) => url.pathname === '/sessions')
    .map(({ headers }) => [
      /Credential=\d+\/(\d{8})\//.exec(headers['authorization'] ?? '')?.[1] ?? 'none',
      (headers['x-amz-date'] ?? '').slice(0, 8),
    ])
}

const midnight = suite('midnight UTC')

midnight('between any two looks at the clock is no matter', async () => {
  const seen = new Set<string>()
  for (let look = 1; look <= LOOKS; look += 1) {
    await withSkew(0, async (skewed) => {
      startAt(skewed, MIDNIGHT + 1)
      let looks = 0
      // The last milliseconds of the day up to one look, then the first of the next day.
      Object.defineProperty(skewed, 'offsetMs', { get: () => ((looks += 1) < look ? -2 : 0) })
      const { code, stderr } = await skewed.run()
      assert.is(code, 0, stderr)
      const [dates = []] = datesOf(skewed)
      assert.is(dates[0], dates[1], `the scope is of ${dates[0]}, the date of ${dates[1]}`)
      seen.add(dates[0] ?? '')
      if (look === LOOKS) assert.ok(looks < LOOKS, 'there are more looks than the test tries')
    })
  }
  assert.equal([...seen].sort(), ['20261121', '20261122'])
})

midnight('between signing and the answer: AWS judges on the next day, and takes it', () =>
  withSkew(0, async (skewed) => {
    startAt(skewed, MIDNIGHT - 1000)
    skewed.meddle = (step) => {
      if (step === 'exchange') skewed.clock.advance(2000)
      return undefined
    }
    const { code, stderr } = await skewed.run()
    assert.is(code, 0, stderr)
    assert.equal(datesOf(skewed), [['20261121', '20261121']])
  }),
)

midnight('between two attempts: the second is signed for the new day', () =>
  withSkew(0, async (skewed) => {
    startAt(skewed, MIDNIGHT - 1000)
    skewed.meddle = (step, nth) =>
      step === 'exchange' && nth === 1 ? { status: 503, headers: { 'retry-after': '2' } } : undefined
    const { code, stderr } = await skewed.run()
    assert.is(code, 0, stderr)
    assert.equal(datesOf(skewed), [
      ['20261121', '20261121'],
      ['20261122', '20261122'],
    ])
  }),
)

midnight.run()
