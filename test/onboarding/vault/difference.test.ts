/** What vault-setup takes for the same, and what for different. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { differences } from '../../../src/onboarding/vault/difference.ts'

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
  const isSame = (text: string, seconds: number): boolean =>
    differences({ ttl: text }, { ttl: seconds }).length === 0
  for (const [text, seconds] of [
    ['90', 90],
    ['30s', 30],
    ['5m', 300],
    ['2h', 7200],
    ['1d', 86_400],
    ['1.5h', 5400],
    ['1h30m', 5400],
    ['0', 0],
    ['0s', 0],
    ['', 0],
  ] as const) {
    assert.ok(isSame(text, seconds), text)
    assert.not.ok(isSame(text, seconds + 1), text)
  }
  for (const text of ['5x', '-1', ' 5m']) assert.not.ok(isSame(text, 300), text)
})

comparison.run()
