import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { pythonObstacle } from '../../src/sink/python-reading.ts'
import { fc } from '../support/generated.ts'

const reading = suite('the reading of the AWS CLI and boto3')

function bytes(text: string): string {
  return Buffer.from(text).toString('latin1')
}

for (const [what, text] of [
  ['an empty file', ''],
  ['comments and blank lines before the first section', '\n# a\n  ; b\n\u3000\n[a]\nx = 1\n'],
  ['a colon, capitals, an empty value', '[a]\nX: 1\ny =\nz ='],
  ['the same key in two profiles', '[a]\nx = 1\n[b]\nx = 1\n'],
  ['a setting indented below another, which it continues', '[a]\nx = 1\n  x = 2\n\n  whatever\n'],
  ['sub-settings', '[a]\ns3 =\n  x = 1\n\n  # c\n  x = 2\nx = 3\n'],
  ['sub-settings with nothing between two ends of a line', '[a]\ns3 =\n  x = 1\v\vy = 2\n'],
  ['several [DEFAULT]', '[DEFAULT]\nx = 1\n[a]\n[DEFAULT]\ny = 1\n'],
  ['names that differ in blanks alone', '[a]\n[ a ]\n[a ]\n'],
  ['a key with a bracket that looks like another section and key', '[a]b]\nx = 1\n[a]\nb]x = 1\n'],
  ['CR alone', '[a]\rx = 1\r[b]\rx = 1\r'],
  ['text beyond ASCII', '[ä]\nö = 日本😀\n'],
] as const) {
  reading(`takes ${what}`, () => {
    assert.is(pythonObstacle(bytes(text)), undefined)
  })
}

for (const [text, obstacle] of [
  ['\ufeff# a\n[a]\n', 'line 1 begins with a byte order mark'],
  ['# a\r\nx = 1\r\n[a]\r\n', 'line 2 comes before the first section'],
  ['[a]\nx = 1\rodd\n', 'line 3 is neither a section nor a setting'],
  ['[a]\n[]\n', 'line 2 is neither a section nor a setting'],
  ['[a]\n  = 1\n', 'line 2 is a setting without a name'],
  ['[a]\n[b]\n[a] # again\n', 'line 3 opens a section that already appeared above'],
  ['[a]\nx = 1\nX: 2\n', 'line 3 repeats a setting of its section'],
  ['[DEFAULT]\nx = 1\n[DEFAULT]\nx = 2\n', 'line 4 repeats a setting of its section'],
  ['[a]\ns3 =\n  x = 1\n  odd\n', 'line 4 is not a sub-setting: it has no equals sign'],
  ['[a]\ns3 =\n  x = 1\u2028odd\n', 'line 3 is not a sub-setting: it has no equals sign'],
  ['[a]\nx = 1\n[b]\n  odd\n', 'line 4 is neither a section nor a setting'],
  ['[a]\nodd\n[a]\n', 'line 2 is neither a section nor a setting'],
] as const) {
  reading(`stops at ${JSON.stringify(text)}`, () => {
    assert.is(pythonObstacle(bytes(text)), obstacle)
  })
}

reading(
  'stops at bytes that are no UTF-8, in a comment too, and goes on over what is a blank in Latin-1 only',
  () => {
    assert.is(pythonObstacle('[a]\n# caf\xe9\n'), 'line 2 has bytes that are not UTF-8')
    assert.is(pythonObstacle('[a]\nx = \xc3\xa0\n'), undefined)
  },
)

reading('says of any file the number of a line and nothing of its content', () => {
  const part = fc.constantFrom('[', ']', 'secret', '=', ':', ' ', '\n', '\r', '#', '\xe9', '\xc3\xa0', '\x85')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const text = parts.join('')
      const obstacle = pythonObstacle(text) ?? 'line 1 '
      assert.not.match(obstacle, 'secret')
      const number = Number(/^line (\d+) /.exec(obstacle)?.[1])
      assert.ok(number >= 1 && number <= text.split(/\r\n|\r|\n/).length)
    }),
  )
})

reading.run()
