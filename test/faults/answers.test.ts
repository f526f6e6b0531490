import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { driveInProcess, openTheatre, type Theatre } from './drive.ts'
import { MATRIX, type Cell } from './matrix.ts'
import { logVerdict, verdict } from './verdict.ts'

const answers = suite('faults of the answer')

let theatre: Theatre
answers.before(async () => {
  theatre = await openTheatre()
})
answers.after(() => theatre.stage.close())

const cells = MATRIX.filter(({ driven }) => driven === 'in process')

for (const cell of cells) {
  answers(`${cell.step}: ${cell.fault}`, async () => {
    verdict(cell, await driveInProcess(theatre, cell))
    logVerdict(cell, await driveInProcess(theatre, cell, { log: 'all as JSON' }))
  })
}

for (const cell of cells.filter(({ meaning }) => meaning.ending === 'again')) {
  answers(`${cell.step}: ${cell.fault}, once: the second attempt succeeds`, async () => {
    const recovered: Cell = { ...cell, meaning: { ending: 'passes', says: '', requests: 2 } }
    const driven = await driveInProcess(theatre, cell, { times: 1 })
    verdict(recovered, driven)
    assert.is(driven.proxy.count(cell.step), 2)
  })
}

answers.run()
