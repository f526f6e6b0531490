import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { groupsOf, startInside, traces } from './namespaces.ts'

const leftovers = suite('what a node leaves behind')

const REHEARSAL = join(import.meta.dirname, 'rehearsal.ts')

leftovers('nothing, where the node is stopped', async () => {
  const before = traces()
  const node = startInside(REHEARSAL, ['stop'])
  assert.is(await node.ended, 0, node.output())
  assert.match(node.output(), /a pod runs/)
  assert.equal(traces(), before)
  assert.equal([node.processes(), groupsOf(node.name)], [[], []])
})

leftovers(
  'nothing, where it is killed while a pod runs, and the next one starts as the first did',
  async () => {
    const before = traces()
    const node = startInside(REHEARSAL, ['stay'])
    try {
      await node.shows('a pod runs')
      assert.ok(node.processes().length > 8, 'its processes are seen')
      assert.ok(groupsOf(node.name).length > 0, 'its control groups are seen')
      process.kill(node.pid ?? 0, 'SIGKILL')
      assert.is(await node.ended, null)
      assert.equal(traces(), before)
      assert.equal([node.processes(), groupsOf(node.name)], [[], []])
    } finally {
      node.kill()
    }
  },
)

leftovers.run()
