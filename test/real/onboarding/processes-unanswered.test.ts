/** Processes of `iam-ra` that do not get the answer to one of their writes, and the next one. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIFE, startScene } from './killed.ts'

const writes = suite('a process without an answer')
const scene = await startScene()
writes.after(() => scene.close())

for (const line of LIFE) {
  writes(`leaves what the next one completes: ${line}`, async () => {
    assert.ok((await scene.disturb(line, 'lost', 'writes')) > 1)
  })
}

writes.run()
