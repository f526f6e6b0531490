import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { misreading, warnOfObstacles } from '../../src/sink/readers.ts'
import { readAsRuby } from '../../src/sink/ruby-reading.ts'
import { recordingLogger } from '../support/fake-runtime.ts'
import { fc } from '../support/generated.ts'

const VALUES = { aws_access_key_id: 'ID', aws_session_token: 'a+/b==' }
const OWN = '[app]\naws_access_key_id = ID\naws_session_token = a+/b==\n'

function warnings(text: string, kind: 'credentials' | 'config' = 'credentials'): string[] {
  const log = recordingLogger()
  warnOfObstacles(Buffer.from(text).toString('latin1'), 'F', kind, log)
  return log.messages('warn').map((each) => each.replace('; correct that line', ''))
}

const obstacles = suite('what readers cannot read')

for (const [text, said] of [
  [OWN, []],
  [`[b]\n\n# c\n; c\nx = 1 # c\n  more\ns3 =\n  y = 1\n${OWN}`, []],
  [
    `[b]\n  x = 1\n${OWN}`,
    [
      'the AWS SDKs for Java, Rust and Ruby and the AWS CRT cannot read F: line 2 is indented without a setting above it',
    ],
  ],
  [`[b]\nx: 1\n${OWN}`, ['the AWS SDKs for Java and Rust cannot read F: line 2 has no equals sign']],
  [
    `${OWN}[b] junk\n`,
    ['the AWS SDKs for Java and Rust cannot read F: line 4 has text after the closing bracket of its header'],
  ],
  [
    `[b]\ns3 =\n  y = 1\n  # c\n${OWN}`,
    [
      'the AWS SDKs for Java and Rust and the AWS CRT cannot read F: line 4 is not a sub-setting, although it is indented below a setting without a value',
    ],
  ],
  [
    `[b]\ns3 = \n# c\n  y = 1\n${OWN}`,
    ['the AWS SDK for Ruby cannot read F: line 4 is indented without a setting above it'],
  ],
  [
    `[b c]\n  y = 1\n${OWN}`,
    [
      'the AWS SDKs for Rust and Ruby and the AWS CRT cannot read F: line 2 is indented without a setting above it',
    ],
  ],
  [
    `\ufeff${OWN}`,
    [
      'the AWS CLI and boto3 cannot read F: line 1 begins with a byte order mark',
      'the AWS SDKs for Java, Rust and Ruby and the AWS CRT cannot read F: line 1 begins with a byte order mark',
    ],
  ],
] as const) {
  obstacles(`warns of ${JSON.stringify(text)} ${said.length} times`, () => {
    assert.equal(warnings(text), said)
  })
}

obstacles('takes the sections of a config file for what they are', () => {
  const sections =
    '[default]\nx = 1\n[profile b]\ns3 =\n  y = 1\n[sso-session s]\nx =\n  y = 1\n[services t]\ns3 =\n  z = 1\n'
  assert.equal(warnings(sections, 'config'), [])
  assert.equal(warnings('[b]\nx = 1\n  more\n', 'config'), [
    'the AWS CRT cannot read F: line 3 is indented without a setting above it',
  ])
})

obstacles('says of any file the number of a line and nothing of its content', () => {
  const part = fc.constantFrom('[', ']', 'secret', '=', ':', ' ', '\n', '\r', '#', ';', '\xe9', '\x0b')
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const log = recordingLogger()
      const text = parts.join('')
      warnOfObstacles(text, 'F', 'credentials', log)
      for (const message of log.messages('warn')) {
        assert.match(message, /cannot read F: line \d+ /)
        assert.not.match(message, 'secret')
      }
    }),
  )
})

const ruby = suite('the reading of the SDK for Ruby')

for (const [what, text] of [
  ['what was written', OWN],
  ['another profile below', `${OWN}[b] # x\naws_access_key_id = B\n`],
  ['a [profile app] without keys', `${OWN}[profile app]\nregion = x\n`],
  ['a [profile app] above', `[profile app]\naws_access_key_id = B\n${OWN}`],
  ['a sub-setting of the same name', `${OWN}s3 =\n  aws_access_key_id = B\n`],
] as const) {
  ruby(`agrees on ${what}`, () => {
    assert.is(misreading(text, 'app', 'app', VALUES), undefined)
  })
}

for (const [what, text] of [
  ['keys in a later [profile app]', `${OWN}[profile app]\naws_access_key_id = B\n`],
  ['a header without a name', `${OWN}[]\naws_access_key_id = B\n`],
  ['a header with a bracket in it', `${OWN}[b[c]\naws_access_key_id = B\n`],
  ['an empty remark behind a header', `${OWN}[b] #\naws_access_key_id = B\n`],
] as const) {
  ruby(`differs for ${what}`, () => {
    assert.equal(misreading(text, 'app', 'app', VALUES), { reader: 'Ruby', key: 'aws_access_key_id' })
  })
}

ruby('is of no account where the profile is not found or the file not read', () => {
  assert.is(readAsRuby(OWN, 'b').values.size, 0)
  assert.is(
    misreading(`[b]\ns3 = \n# c\n  y = 1\n${OWN}[]\naws_access_key_id = B\n`, 'app', 'app', VALUES),
    undefined,
  )
})

obstacles.run()
ruby.run()
