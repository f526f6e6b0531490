import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { STEPS } from '../rehearsal.ts'
import { ANSWER_FAULTS, CONNECTION_FAULTS, SHAPE_FAULTS } from './faults.ts'
import { MATRIX } from './matrix.ts'
import { FAULTS_PAGE, faultTable, withTable } from './table.ts'

const table = suite('the matrix of faults')

table('has every fault at every step, each once', () => {
  const common = Object.keys({ ...CONNECTION_FAULTS, ...ANSWER_FAULTS })
  const names = (step: (typeof STEPS)[number]): string[] => [...common, ...Object.keys(SHAPE_FAULTS[step])]
  assert.equal(
    MATRIX.map(({ step, fault }) => `${step}: ${fault}`).sort(),
    STEPS.flatMap((step) => names(step).map((fault) => `${step}: ${fault}`)).sort(),
  )
  const faults = new Set(MATRIX.map(({ fault }) => fault)).size
  process.stdout.write(
    `\nnote: the matrix of faults has ${STEPS.length} steps, ${faults} faults, ${MATRIX.length} cells\n`,
  )
})

table('fails no run at the revocation, and lets only what the server may mend be tried again', () => {
  for (const { step, fault, meaning } of MATRIX) {
    if (step === 'revoke') assert.not.equal(meaning.ending, 'again', fault)
    if (meaning.ending === 'at once') assert.ok(meaning.requests <= 2, fault)
  }
})

table('is the one in docs/faults.md', () => {
  const page = readFileSync(FAULTS_PAGE, 'utf8')
  assert.ok(page.includes(faultTable()), 'run `node test/faults/table.ts`')
  assert.is(withTable(page), page, 'run `node test/faults/table.ts`')
})

table.run()
