import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { editsBetween, nearest } from '../../src/text/did-you-mean.ts'
import { fc } from '../support/generated.ts'

const words = suite('text: did you mean')

const KNOWN = ['serve', 'renew', 'credential-process', 'check', '--vault-addr', '--vault-role'] as const

for (const [typed, meant] of [
  ['chek', 'check'],
  ['cehck', 'check'],
  ['checkk', 'check'],
  ['CHECK', 'check'],
  ['credentials-process', 'credential-process'],
  ['--vault-adr', '--vault-addr'],
  ['vault-role', '--vault-role'],
  ['rotate', undefined],
  ['app', undefined],
  ['--vault-token', undefined],
  ['', undefined],
] as const) {
  words(`${JSON.stringify(typed)} is near ${meant ?? 'nothing'}`, () =>
    assert.is(nearest(typed, KNOWN), meant),
  )
}

words('the nearest is named, and of equals the first', () => {
  assert.is(nearest('abcdef', ['abcdxx', 'abcdex']), 'abcdex')
  assert.is(nearest('abcdef', ['abcdex', 'abcdxf']), 'abcdex')
})

words('a short word is not taken for another', () => {
  assert.is(nearest('ab', ['cb']), undefined)
  assert.is(nearest('abcd', ['abxy']), undefined)
  assert.is(nearest('abcx', ['abcd']), 'abcd')
})

words('an edit is a letter more, less, exchanged or swapped', () => {
  assert.is(editsBetween('renew', 'renew'), 0)
  for (const typed of ['renews', 'renw', 'renex', 'rneew', 'enew'])
    assert.is(editsBetween(typed, 'renew'), 1, typed)
  assert.is(editsBetween('', 'renew'), 5)
  assert.is(editsBetween('kitten', 'sitting'), 3)
})

words('edits are the same in both directions, and few where one was made', () => {
  const word = fc.string({ maxLength: 12 })
  fc.assert(
    fc.property(word, word, (a, b) => {
      const edits = editsBetween(a, b)
      assert.is(edits, editsBetween(b, a))
      assert.is(edits === 0, a === b)
      assert.ok(edits >= Math.abs(a.length - b.length) && edits <= Math.max(a.length, b.length))
    }),
  )
  fc.assert(
    fc.property(word, fc.nat(12), fc.string({ minLength: 1, maxLength: 1 }), (a, at, letter) => {
      assert.ok(editsBetween(a, a.slice(0, at) + letter + a.slice(at)) <= 1)
    }),
  )
})

words.run()
