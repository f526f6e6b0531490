/** Processes of `iam-ra` that are killed after any one of their writes, and the next one. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIFE, startScene } from './killed.ts'

const writes = suite('a process that is killed')
const scene = await startScene()
writes.after(() => scene.close())

for (const line of LIFE) {
  writes(`leaves what the next one completes: ${line}`, async () => {
    assert.ok((await scene.disturb(line, 'killed', 'writes')) > 1)
  })
}

writes.run()
