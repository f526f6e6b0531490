import { suite } from 'uvu'
import { startStage } from '../rig/emulators/stage.ts'
import { driveShipped, startAll } from './drive.ts'
import { MATRIX } from './matrix.ts'
import { logVerdict, verdict } from './verdict.ts'

const network = suite('faults of the connection, on the shipped file')

const runs = MATRIX.filter(({ driven }) => driven === 'shipped').flatMap((cell) => [
  { cell, log: 'text' as const },
  { cell, log: 'all as JSON' as const },
])
// Most of them wait for DEADLINE, so that more go at once than the machine has cores.
const stages = await Promise.all(Array.from({ length: 6 }, () => startStage()))
const outcomeOf = startAll(runs, stages, ({ cell, log }, stage) => driveShipped(stage, cell, { log }))

for (const run of runs) {
  const { cell, log } = run
  network(`${cell.step}: ${cell.fault}${log === 'text' ? '' : ', logged in full'}`, async () => {
    const judge = log === 'text' ? verdict : logVerdict
    judge(cell, await outcomeOf(run))
  })
}

network.after(async () => {
  // Where a test has failed, some may still run.
  await Promise.allSettled(runs.map(outcomeOf))
  await Promise.all(stages.map((stage) => stage.close()))
})

network.run()
