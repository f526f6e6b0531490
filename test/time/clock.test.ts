/** A node's clock that is wrong, or is set right while the run goes on. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FAKE_NOW_MS, type ScriptedAnswer } from '../support/fake-runtime.ts'
import { STEPS, type Step } from '../support/rehearsal.ts'
import { HOUR, MINUTE, withSkew, type Skewed } from './skewed.ts'

const clock = suite('a clock that is')

for (const [ahead, by, offsetMs] of [
  ['ahead of', '10 min', 10 * MINUTE],
  ['behind', '10 min', -10 * MINUTE],
] as const) {
  clock(`10 minutes ${ahead} AWS's is named where AWS says Invalid signature`, () =>
    withSkew(
      offsetMs,
      async (skewed) => {
        const { code, stderr } = await skewed.run()
        assert.is(code, 5)
        assert.match(stderr, new RegExp(`Invalid signature: this node's clock is ${by} ${ahead} AWS`))
        assert.match(stderr, /\nhint: set the node's clock \(NTP\)\n/)
        isTidy(skewed)
      },
      // Valid on the node's clock too, so that AWS is the first to mind.
      { pkiRole: { notBeforeSeconds: 3600 } },
    ),
  )

  clock(`10 minutes ${ahead} Vault's is named where the certificate is not of this time`, () =>
    withSkew(
      offsetMs,
      async (skewed) => {
        const { code, stderr } = await skewed.run()
        assert.is(code, 4)
        assert.match(
          stderr,
          offsetMs < 0
            ? /is not valid before 2026-11-21T11:59:30Z, and it is 2026-11-21T11:50:00Z here/
            : /expired at 2026-11-21T12:05:00Z, and it is 2026-11-21T12:10:00Z here/,
        )
        assert.match(stderr, new RegExp(`: this machine's clock is ${by} ${ahead} Vault's`))
        assert.match(stderr, /\nhint: set this machine's clock \(NTP\)/)
        assert.not.ok(skewed.events.includes('exchange'))
        isTidy(skewed)
      },
      { pkiRole: { ttlSeconds: 300 } },
    ),
  )
}

for (const offsetMs of [4 * MINUTE, -20_000]) {
  clock(`${offsetMs / 1000} s off is nobody's business`, () =>
    withSkew(offsetMs, async (skewed) => {
      assert.is((await skewed.run()).code, 0)
      isTidy(skewed)
    }),
  )
}

clock.run()

const set = suite('a clock that is set during')

const LATER: ScriptedAnswer = { status: 503, headers: { 'retry-after': '5' }, body: { errors: ['busy'] } }

for (const step of STEPS.filter((one) => one !== 'revoke')) {
  for (const fromMs of [30 * MINUTE, -30 * MINUTE]) {
    set(
      `a wait at ${step}, from ${fromMs / MINUTE} minutes off to right: the run goes on and ends well`,
      () =>
        // On the node's clock the certificate, too, must have been of that time.
        withSkew(
          fromMs,
          async (skewed) => {
            setRightAt(skewed, step)
            const { code, stderr } = await skewed.run()
            assert.is(code, 0, stderr)
            assert.is(skewed.offsetMs, 0)
            // Five seconds were waited for and nothing more: no time of the deadline is lost or won.
            assert.is(skewed.clock.elapsed(), 5250)
            assert.equal(
              [skewed.stage.vaultEmulator.logins.length, countOf(skewed, 'sign')],
              [1, step === 'sign' ? 2 : 1],
            )
            isTidy(skewed)
          },
          { pkiRole: { notBeforeSeconds: 3600 } },
        ),
    )
  }

  set(`a wait at ${step}, to hours ahead: no DEADLINE is said`, () =>
    withSkew(0, async (skewed) => {
      skewed.meddle = (at, nth) => {
        if (at !== step || nth > 1) return undefined
        skewed.offsetMs = 6 * HOUR
        return LATER
      }
      const { code, stderr } = await skewed.run()
      assert.is(code, 4)
      assert.match(stderr, /this machine's clock is 6 h ahead of Vault's/)
      isTidy(skewed)
    }),
  )
}

set('a wait for a Retry-After that is a date: it is counted on the clock of the server', () =>
  withSkew(-10 * MINUTE, async (skewed) => {
    const until = new Date(FAKE_NOW_MS + 7000).toUTCString()
    skewed.meddle = (at, nth) => {
      if (at !== 'login' || nth > 1) return undefined
      return { status: 503, headers: { 'retry-after': until }, body: { errors: ['busy'] } }
    }
    const running = skewed.run()
    const { stderr } = await running
    assert.equal(
      skewed.clock.sleeps.filter((ms) => ms > 5000 && ms < 60_000),
      [7250],
      stderr,
    )
  }),
)

set.run()

function setRightAt(skewed: Skewed, step: Step): void {
  skewed.meddle = (at, nth) => {
    if (at !== step || nth > 1) return undefined
    skewed.offsetMs = 0
    return LATER
  }
}

function countOf({ events }: Skewed, step: Step): number {
  return events.filter((event) => event === step).length
}

function isTidy({ stage, wire }: Skewed): void {
  assert.is(stage.vaultEmulator.liveTokens(), 0, 'no token lives on')
  assert.is(wire.open(), 0, 'every client is closed')
}
