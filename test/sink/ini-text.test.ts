import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  joinSections,
  parseEntries,
  parseSetting,
  splitLines,
  splitSections,
  trimBlanks,
} from '../../src/sink/ini-text.ts'
import { fc } from '../support/generated.ts'

const text = suite('ini text')

text('splits any bytes into sections and joins them again unchanged', () => {
  const bytes = fc.array(
    fc.constantFrom('[', ']', 'a', '=', ' ', '\t', '#', '\r', '\n', '\r\n', '\xff', '\0'),
  )
  fc.assert(
    fc.property(bytes, (parts) => {
      const whole = parts.join('')
      assert.is(joinSections(splitSections(whole)), whole)
    }),
  )
})

text('knows the three line endings of the readers', () => {
  assert.equal(
    splitLines('a\r\nb\nc\rd').map(({ end }) => end),
    ['\r\n', '\n', '\r', ''],
  )
})

text('names a section without its blanks, and not where readers disagree on the name', () => {
  const names = (file: string): (string | undefined)[] =>
    splitSections(file)
      .slice(1)
      .map(({ name }) => name)
  assert.equal(names('[a]\n[ b\t]\n  [c.d] # note [1]\n[e]x\n[f]]\n[g'), ['a', 'b', 'c.d', 'e', undefined])
})

text('takes only ASCII blanks for blanks, since A0 ends a character such as à', () => {
  assert.is(trimBlanks(' \txc3\xa0 '), 'xc3\xa0')
  assert.is(trimBlanks('   '), '')
})

text('gives deeper indented lines to the setting above them', () => {
  const entries = parseEntries(splitLines('s3 =\n  a = 1\n\n  b = 2\n# end\nx = 1\ny = 2\n'))
  assert.equal(
    entries.map(({ key, continuation }) => [key, continuation.length]),
    [
      ['s3', 3],
      [undefined, 0],
      ['x', 0],
      ['y', 0],
    ],
  )
})

text('takes equally indented lines for settings of their own', () => {
  assert.equal(
    parseEntries(splitLines('  a = 1\n  b = 2\n')).map(({ key }) => key),
    ['a', 'b'],
  )
})

text('reads keys in any case and with either separator', () => {
  assert.equal(parseSetting('AWS_Session_Token : a=b'), { key: 'aws_session_token', opensGroup: false })
  assert.equal(parseSetting('  s3 = # nested'), { key: 's3', opensGroup: true })
  assert.equal(parseSetting('alone'), { key: 'alone', opensGroup: false })
  assert.equal(parseSetting('= '), { key: '', opensGroup: false })
  assert.equal(
    parseSetting('s3:'),
    { key: 's3', opensGroup: false },
    'the JavaScript SDK opens no group at a colon',
  )
})

text.run()
