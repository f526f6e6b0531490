import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { timestamp } from '../../src/text/time.ts'

const moments = suite('a timestamp')

moments('is in whole seconds, and never later', () => {
  assert.is(timestamp(Date.UTC(2026, 10, 21, 12) + 999), '2026-11-21T12:00:00Z')
})

moments.run()
