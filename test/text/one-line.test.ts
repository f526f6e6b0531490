/** Text that others wrote, on a terminal. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { oneLine, plainJson } from '../../src/text/one-line.ts'

const lines = suite('text that others wrote')
const HOSTILE = 'a\u001B[2Jb\u009B31mc\u202Ed\u2028e\nf\u{E0041}g\u200B'
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u

lines('has no character that a terminal obeys', () => {
  assert.not.match(oneLine(HOSTILE), UNSEEN)
  assert.is(oneLine('ä ☃ 日本'), 'ä ☃ 日本')
})

lines('has them escaped in JSON, which says the same', () => {
  const value = { [HOSTILE]: [HOSTILE, 1, null] }
  const text = plainJson(value, 2)
  assert.not.match(text.replaceAll('\n', ''), UNSEEN)
  assert.equal(JSON.parse(text), value)
})

lines.run()
