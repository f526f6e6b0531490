import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { systemTerminal, type Streams } from '../../src/terminal/terminal.ts'

const terminals = suite('the terminal')

const streams = (columns: number | undefined): Streams => ({ stderr: { columns } }) as unknown as Streams

terminals('has somebody to ask if stdin and stderr are terminals, whatever stdout is', () => {
  for (const [fds, live, interactive] of [
    [[0, 2], true, true],
    [[0, 1, 2], true, true],
    [[2], true, false],
    [[0, 1], false, false],
    [[], false, false],
  ] as const) {
    const terminal = systemTerminal(streams(80), {}, (fd) => fds.some((one) => one === fd))
    assert.is(terminal.live, live)
    assert.is(terminal.interactive, interactive)
    assert.is(terminal.paints.on, live)
  }
})

terminals('has a width that is one', () => {
  for (const [columns, width] of [
    [120, 120],
    [0, 80],
    [undefined, 80],
  ] as const) {
    assert.is(systemTerminal(streams(columns), {}, () => true).columns, width)
  }
})

terminals.run()
