import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { paintsFor } from '../../src/terminal/colour.ts'

const colour = suite('colour')

colour('is for terminals alone, and not where NO_COLOR or TERM says no', () => {
  assert.is(paintsFor(true, {}).red('a'), '\u001b[31ma\u001b[39m')
  assert.is(paintsFor(true, { NO_COLOR: '' }).on, true)
  for (const [live, env] of [
    [false, {}],
    [true, { NO_COLOR: '1' }],
    [true, { TERM: 'dumb' }],
  ] as const) {
    const { on, red, green, yellow } = paintsFor(live, env)
    assert.is(on, false)
    assert.is(red('a') + green('b') + yellow('c'), 'abc')
  }
})

colour.run()
