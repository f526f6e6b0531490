import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { expiry, failed, faultsOr, listed, ok, warning } from '../../../src/onboarding/doctor/finding.ts'

const NOW_MS = Date.UTC(2026, 10, 30, 12)
const inDays = (days: number): Date => new Date(NOW_MS + days * 86_400_000)

const finding = suite('a finding')

finding('says when a certificate expires, and from 60 days before that it is soon', () => {
  assert.equal(expiry(inDays(400), NOW_MS), { clause: 'expires on 2028-01-04', when: 'later' })
  assert.is(expiry(inDays(60), NOW_MS).when, 'later')
  assert.equal(expiry(inDays(59.5), NOW_MS), { clause: 'expires on 2027-01-29, in 59 days', when: 'soon' })
  assert.equal(expiry(inDays(-1), NOW_MS), { clause: 'expired on 2026-11-29', when: 'past' })
})

finding('lists two names and counts the others', () => {
  assert.equal([[], ['a'], ['a', 'b'], ['a', 'b', 'c', 'd']].map(listed), [
    '',
    'a',
    'a and b',
    'a, b and 2 more',
  ])
})

finding('says what is fine unless something failed', () => {
  const [soon, no] = [warning('soon', 'renew'), failed('no', 'do')]
  assert.equal(faultsOr([], 'fine'), [ok('fine')])
  assert.equal(faultsOr([soon], 'fine'), [soon, ok('fine')])
  assert.equal(faultsOr([soon, no], 'fine'), [soon, no])
})

finding.run()
