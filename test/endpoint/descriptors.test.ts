import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withinDescriptors } from '../../src/endpoint/descriptors.ts'

const descriptors = suite('room for connections')

const limits = { connections: 128, burst: 512, most: Infinity }

const cases: readonly [free: number, connections: number, burst: number, most: number][] = [
  [Infinity, 128, 512, Infinity],
  [3 * 640 + 24, 128, 512, 640],
  [1000, 128, 197, 325],
  [240, 36, 36, 72],
  [40, 3, 2, 5],
  [24, 1, 1, 2],
  [0, 1, 1, 2],
]
for (const [free, connections, burst, most] of cases) {
  descriptors(`${free} files: ${connections} connections and ${burst} more, never more than ${most}`, () => {
    assert.equal(withinDescriptors(limits, free), { connections, burst, most })
  })
}

descriptors.run()
