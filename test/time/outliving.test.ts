/** Waits that a certificate or a token does not live to see the end of, and the deadline over all of them. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { ScriptedAnswer } from '../support/fake-runtime.ts'
import { withSkew, type Skewed } from './skewed.ts'

function throttled(seconds: number): ScriptedAnswer {
  return { status: 429, headers: { 'retry-after': String(seconds) }, body: { message: 'Rate exceeded' } }
}

function busy(seconds: number): ScriptedAnswer {
  return { status: 503, headers: { 'retry-after': String(seconds) }, body: { errors: ['busy'] } }
}

function isTidy({ stage, wire }: Skewed): void {
  assert.is(stage.vaultEmulator.liveTokens(), 0, 'no token lives on')
  assert.is(wire.open(), 0, 'every client is closed')
}

const certificate = suite('a certificate that ends during the exchange')

const SHORT = { pkiRole: { ttlSeconds: 20 } }

certificate('throttled until it is past: log in and sign again, well within the deadline', () =>
  withSkew(
    0,
    async (skewed) => {
      skewed.meddle = (step, nth) => (step === 'exchange' && nth <= 2 ? throttled(12) : undefined)
      const { code, stderr } = await skewed.run()
      assert.is(code, 0, stderr)
      const { logins, signs } = skewed.stage.vaultEmulator
      assert.equal([logins.length, signs.length], [2, 2])
      assert.match(stderr, /warning: the certificate expired before AWS accepted it: logging in again/)
      assert.ok(skewed.clock.elapsed() < 30_000)
      assert.is(skewed.stage.rolesAnywhereEmulator.created.length, 1)
      isTidy(skewed)
    },
    SHORT,
  ),
)

certificate('throttled beyond DEADLINE: exit 5, with what AWS said and what it asked for', () =>
  withSkew(
    0,
    async (skewed) => {
      // A sleep of 30 s or less passes at once on this clock, a deadline too.
      skewed.env['DEADLINE'] = '31'
      skewed.meddle = (step) => (step === 'exchange' ? throttled(22) : undefined)
      const { code, stderr } = await skewed.run()
      assert.is(code, 5)
      assert.is(skewed.stage.vaultEmulator.logins.length, 2)
      assert.match(
        stderr,
        /\naws-iam-ra: exchange: Roles Anywhere at \S+ answered 429: Rate exceeded \(gave up after one attempt: DEADLINE of 31 s is used up; the server asked to wait 22 s\)\nhint: /,
      )
      assert.is(skewed.written(), undefined)
      isTidy(skewed)
    },
    SHORT,
  ),
)

certificate('on its way to AWS: log in and sign again, instead of what AWS says of an expired one', () =>
  withSkew(
    0,
    async (skewed) => {
      skewed.meddle = (step, nth) => {
        if (step === 'exchange' && nth === 1) skewed.clock.advance(21_000)
        return undefined
      }
      const { code, stderr } = await skewed.run()
      assert.is(code, 0, stderr)
      assert.is(skewed.stage.vaultEmulator.logins.length, 2)
      isTidy(skewed)
    },
    SHORT,
  ),
)

certificate('each time at once: pauses between the logins, and ends within DEADLINE', () =>
  withSkew(
    0,
    async (skewed) => {
      skewed.meddle = (step) => {
        if (step === 'revoke') skewed.clock.advance(1000)
        return undefined
      }
      const { code, stderr } = await skewed.run()
      // Which step time runs out in is by chance.
      assert.ok([3, 4, 5].includes(code), stderr)
      assert.ok(skewed.stage.vaultEmulator.logins.length < 20, 'it does not hammer Vault')
      isTidy(skewed)
    },
    { pkiRole: { ttlSeconds: 1 } },
  ),
)

certificate.run()

const token = suite('a Vault token that ends while sign is 503')

const BRIEF = { authRole: { ttlSeconds: 10 } }

token('begins again with a login', () =>
  withSkew(
    0,
    async (skewed) => {
      skewed.meddle = (step, nth) => (step === 'sign' && nth === 1 ? busy(11) : undefined)
      const { code, stderr } = await skewed.run()
      assert.is(code, 0, stderr)
      assert.is(skewed.stage.vaultEmulator.logins.length, 2)
      assert.match(stderr, /warning: the Vault token expired before Vault could sign: logging in again/)
      isTidy(skewed)
    },
    BRIEF,
  ),
)

token('on its way to Vault: begins again too', () =>
  withSkew(
    0,
    async (skewed) => {
      skewed.meddle = (step, nth) => {
        if (step === 'sign' && nth === 1) skewed.clock.advance(10_000)
        return undefined
      }
      const { code, stderr } = await skewed.run()
      assert.is(code, 0, stderr)
      assert.is(skewed.stage.vaultEmulator.logins.length, 2)
      isTidy(skewed)
    },
    BRIEF,
  ),
)

token('and goes on to be: exit 4 at DEADLINE, with what Vault said', () =>
  withSkew(
    0,
    async (skewed) => {
      skewed.env['DEADLINE'] = '31'
      skewed.meddle = (step) => (step === 'sign' ? busy(11) : undefined)
      const { code, stderr } = await skewed.run()
      assert.is(code, 4)
      assert.match(
        stderr,
        /\naws-iam-ra: certificate: Vault at \S+ answered 503 to the request to sign a certificate: busy \(gave up after one attempt: DEADLINE of 31 s is used up; the server asked to wait 11 s\)\nhint: /,
      )
      assert.is(skewed.stage.vaultEmulator.logins.length, 3)
      assert.is(skewed.written(), undefined)
      isTidy(skewed)
    },
    BRIEF,
  ),
)

token.run()
