/** What vault-setup takes for the same, and what for different. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { differences } from '../../../src/onboarding/vault/difference.ts'
import { parseDuration } from '../../../src/onboarding/vault/duration.ts'

const comparison = suite('the comparison of vault-setup')

comparison('compares durations, lists in any order and texts without the space around them', () => {
  const wanted = { ttl: '1h', names: ['b', 'a'], policy: 'path "a" {}\n', none: [], flag: false }
  assert.equal(
    differences(wanted, { ttl: 3600, names: ['a', 'b'], policy: 'path "a" {}', none: null, flag: false }),
    [],
  )
  assert.equal(differences(wanted, { ...wanted, ttl: 3601, names: ['a', 'c'] }), [
    { name: 'ttl', before: '3601', after: '"1h"' },
    { name: 'names', before: '["c"]', after: '["b"]' },
  ])
})

comparison('sees a policy whose lines are the same in another order', () => {
  const [one, other] = [
    'path "a" {\nread\n}\npath "b" {\nwrite\n}',
    'path "a" {\nwrite\n}\npath "b" {\nread\n}',
  ]
  assert.equal(differences({ policy: one }, { policy: other }), [
    { name: 'policy', before: 'the same lines', after: 'in another order, or with other comments' },
  ])
})

comparison('reads durations as Vault writes them', () => {
  assert.equal(['90', '30s', '5m', '2h', '1d'].map(parseDuration), [90, 30, 300, 7200, 86_400])
  for (const text of ['', '5x', '-1', '1.5h', '1h30m', ' 5m']) assert.is(parseDuration(text), undefined, text)
})

comparison.run()
