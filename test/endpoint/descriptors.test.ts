import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { withinDescriptors } from '../../src/endpoint/descriptors.ts'

const descriptors = suite('room for connections')

const limits = { connections: 128, burst: 512, most: Infinity }

const cases: readonly [free: number, connections: number, burst: number, most: number][] = [
  [Infinity, 128, 512, Infinity],
  [4 * 640 + 24, 128, 512, 640],
  [1000, 122, 122, 244],
  [240, 27, 27, 54],
  [40, 2, 2, 4],
  [24, 1, 1, 2],
  [0, 1, 1, 2],
]
for (const [free, connections, burst, most] of cases) {
  descriptors(`${free} files: ${connections} connections and ${burst} more, never more than ${most}`, () => {
    assert.equal(withinDescriptors(limits, undefined, free), { connections, burst, most })
  })
}

descriptors('what a process needs besides, and each address that it listens on, has its share', () => {
  const use = { addresses: 3, reserved: 80 }
  assert.is(withinDescriptors(limits, use, 680).most, 200)
})

descriptors.run()
