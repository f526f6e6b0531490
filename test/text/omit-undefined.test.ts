import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { omitUndefined } from '../../src/text/omit-undefined.ts'

const members = suite('optional members')

members('are absent when they are undefined, and only then', () => {
  const given = omitUndefined({ absent: undefined, none: null, zero: 0, empty: '', no: false })
  assert.equal(Object.entries(given), [
    ['none', null],
    ['zero', 0],
    ['empty', ''],
    ['no', false],
  ])
})

members.run()
