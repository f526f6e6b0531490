/** Processes of `iam-ra` that are killed after any one of their calls, or do not get its answer: all calls, so run only when named. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LIFE, startScene } from './killed.ts'

const killed = suite('a process that is killed or unanswered, at each of its calls')
const scenes = { killed: await startScene(), lost: await startScene() }
killed.after(async () => {
  for (const scene of Object.values(scenes)) await scene.close()
})

for (const line of LIFE) {
  for (const end of ['killed', 'lost'] as const) {
    killed(`leaves what the next one completes: ${line} (${end})`, async () => {
      assert.ok((await scenes[end].disturb(line, end, 'every call')) > 5)
    })
  }
}

killed.run()
