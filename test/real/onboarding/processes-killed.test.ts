/** Processes of `iam-ra` that are killed after any one of their calls, or do not get its answer: all calls, so run only when named. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIFE, startScene } from './killed.ts'

const killed = suite('a process that ends in its middle, after every call')
const scene = await startScene()
killed.after(() => scene.close())

for (const line of LIFE) {
  killed(`is finished by the next one: ${line}`, async () => {
    assert.ok((await scene.disturb(line, 'killed', 'every call')) > 5)
  })
}

killed.run()
