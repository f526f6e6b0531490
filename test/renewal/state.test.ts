import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../src/errors.ts'
import type { Moment } from '../../src/renewal/moment.ts'
import { hold, INITIAL, step, type Event, type Held, type State } from '../../src/renewal/state.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
/** The other clock began with the machine, the wall clock did not. */
const START_MS = Date.parse('2026-11-21T12:00:00Z')
const AWAY = new IamRaError('UNREACHABLE', 'identity', 'away')

function at(ms: number): Moment {
  return { epochMs: START_MS + ms, elapsedMs: ms }
}

function held(atMs: number, random = 0): Held {
  const credentials = {
    accessKeyId: 'example',
    secretAccessKey: 'example',
    sessionToken: 'example',
    expiresAtMs: START_MS + atMs + HOUR,
  }
  return hold({ credentials }, at(atMs), random)
}

function after(...events: readonly Event[]): State {
  return events.reduce(step, INITIAL)
}

function stored(atMs: number): readonly Event[] {
  return [
    { kind: 'hold', held: held(atMs) },
    { kind: 'succeed', at: at(atMs) },
  ]
}

const failed = (atMs: number): Event => ({ kind: 'fail', failure: AWAY, pauseMs: MINUTE, at: at(atMs) })

const state = suite('the state of renewals')

state('holds credentials with their end and a moment to renew them, by both clocks', () => {
  const { obtainedAtMs, lifeMs, renewAt, endsAt } = held(MINUTE, 0.5)
  assert.is(obtainedAtMs, START_MS + MINUTE)
  assert.is(lifeMs, HOUR)
  assert.equal(renewAt, at(31 * MINUTE))
  assert.equal(endsAt, at(61 * MINUTE))
})

state('is due when it was told at the start', () => {
  assert.equal(after({ kind: 'start', firstAt: at(MINUTE) }).due, at(MINUTE))
})

state('has what was obtained in use once it is stored, and not before', () => {
  const first = held(0)
  const second = held(MINUTE)
  const unstored = after(
    { kind: 'hold', held: first },
    { kind: 'succeed', at: at(0) },
    { kind: 'hold', held: second },
  )
  assert.equal([unstored.inUse, unstored.latest], [first, second])
  const { inUse, due } = step(unstored, { kind: 'succeed', at: at(2 * MINUTE) })
  assert.is(inUse, second)
  assert.equal(due, second.renewAt)
})

state('counts what succeeds and what fails, and what failed in a row', () => {
  const failing = after(failed(0), ...stored(MINUTE), failed(2 * MINUTE), failed(3 * MINUTE))
  assert.equal([failing.succeeded, failing.failed, failing.failedInARow], [1, 3, 2])
  assert.is(failing.failure, AWAY)
  const {
    succeeded,
    failed: all,
    failedInARow,
    failure,
  } = step(failing, { kind: 'succeed', at: at(4 * MINUTE) })
  assert.equal([succeeded, all, failedInARow, failure], [2, 3, 0, undefined])
})

state('is due a pause after a failure, with what was in use and what is to be stored as before', () => {
  const before = after(...stored(0), { kind: 'hold', held: held(MINUTE) })
  const { due, inUse, latest } = step(before, failed(2 * MINUTE))
  assert.equal(due, at(3 * MINUTE))
  assert.is(inUse, before.inUse)
  assert.is(latest, before.latest)
})

state('is due at once for who asks, but a second after the last run at the soonest', () => {
  const ended = after(...stored(0))
  const asked = step(ended, { kind: 'ask' })
  assert.equal(step(asked, { kind: 'look', at: at(100) }).due, at(1000))
  assert.equal(step(asked, { kind: 'look', at: at(MINUTE) }).due, at(MINUTE))
  assert.equal(step(ended, { kind: 'look', at: at(MINUTE) }).due, ended.due)
  assert.equal(after({ kind: 'ask' }, { kind: 'look', at: at(5) }).due, at(5))
  assert.equal(after(failed(0), { kind: 'ask' }, { kind: 'look', at: at(100) }).due, at(1000))
})

state('does not move a run that is due sooner for who asks', () => {
  const asked = after(failed(0), { kind: 'start', firstAt: at(500) }, { kind: 'ask' })
  assert.equal(step(asked, { kind: 'look', at: at(100) }).due, at(500))
})

state('takes a run that begins for all that were asked for, and one asked for during it for another', () => {
  const began = after({ kind: 'ask' }, { kind: 'ask' }, { kind: 'begin' })
  assert.is(began.isAsked, false)
  assert.is([{ kind: 'ask' } as const, ...stored(0)].reduce(step, began).isAsked, true)
})

state('comes back after a jump, with what is in use in place of what is to be stored', () => {
  const first = held(0)
  const before = after(
    { kind: 'hold', held: first },
    { kind: 'succeed', at: at(0) },
    { kind: 'hold', held: held(MINUTE) },
  )
  const { latest, due } = step(before, { kind: 'jump', comeBackAt: at(2 * MINUTE) })
  assert.is(latest, first)
  assert.equal(due, at(2 * MINUTE))
})

state('comes back after a jump when it is due, where that is sooner', () => {
  const { due } = after({ kind: 'start', firstAt: at(MINUTE) }, { kind: 'jump', comeBackAt: at(2 * MINUTE) })
  assert.equal(due, at(MINUTE))
})

state.run()
