import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withinDescriptors } from '../../src/endpoint/descriptors.ts'

const descriptors = suite('room for connections')

const limits = { connections: 128, burst: 512 }

const cases: readonly [free: number, connections: number, burst: number][] = [
  [Infinity, 128, 512],
  [3 * 640 + 24, 128, 512],
  [1000, 128, 197],
  [240, 36, 36],
  [40, 3, 2],
  [24, 1, 1],
  [0, 1, 1],
]
for (const [free, connections, burst] of cases) {
  descriptors(`${free} files: ${connections} connections and ${burst} more`, () => {
    assert.equal(withinDescriptors(limits, free), { connections, burst })
  })
}

descriptors.run()
