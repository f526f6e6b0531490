import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { misreadKey } from '../../src/sink/javascript-reading.ts'

const VALUES = { aws_access_key_id: 'ID', aws_session_token: 'a+/b==' }
const OWN = '[app]\naws_access_key_id = ID\naws_session_token = a+/b==\n'

const reading = suite('the reading of the SDK for JavaScript')

for (const [what, text] of [
  ['what was written', OWN],
  ['another profile below', `${OWN}[b]\naws_access_key_id = B\n`],
  ['a comment behind the next header', `${OWN}[b] # x\naws_access_key_id = B\n`],
  ['a setting below a key without a value', `${OWN}s3 =\n  aws_access_key_id = B\n`],
  ['a file that it does not find the profile in', `[ app ]\naws_access_key_id = B\n`],
] as const) {
  reading(`agrees on ${what}`, () => {
    assert.is(misreadKey(text, 'app', VALUES), undefined)
  })
}

for (const [what, text] of [
  ['something behind the next header', `${OWN}[b] x\naws_access_key_id = B\n`],
  ['a byte that is no character behind the next header', `${OWN}[b]\xa0\naws_access_key_id = B\n`],
  ['a byte order mark before a key', `${OWN}\xef\xbb\xbfaws_access_key_id = B\n`],
  ['a wide blank before a key', `${OWN}\xe2\x80\x83aws_access_key_id = B\n`],
] as const) {
  reading(`differs for ${what}`, () => {
    assert.is(misreadKey(text, 'app', VALUES), 'aws_access_key_id')
  })
}

reading.run()
