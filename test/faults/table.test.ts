import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { STEPS } from '../support/rehearsal.ts'
import { ANSWER_FAULTS, CONNECTION_FAULTS, SHAPE_FAULTS } from './faults.ts'
import { MATRIX } from './matrix.ts'
import { SINK_ROWS, SINK_ROWS_HERE } from './sink.ts'
import { cellsOf, FAULTS_PAGE, faultTable, sinkTable, withTables } from './table.ts'

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
    `\nnote: the matrix of faults has ${STEPS.length} steps, ${faults} faults, ${MATRIX.length} cells; the sink has ${cellsOf(SINK_ROWS)} more, ${cellsOf(SINK_ROWS_HERE)} of them in npm test\n`,
  )
})

table('fails no run at the revocation, and lets only what the server may mend be tried again', () => {
  for (const { step, fault, meaning } of MATRIX) {
    if (step === 'revoke') assert.not.equal(meaning.ending, 'again', fault)
    if (meaning.ending === 'at once') assert.ok(meaning.requests <= 2, fault)
  }
})

table('has for each fault of the sink a test that takes its expectation from there', () => {
  for (const { fault, name, tested } of SINK_ROWS) {
    for (const file of tested) {
      const text = readFileSync(join(ROOT, `test/${file}.test.ts`), 'utf8')
      assert.match(text, /from '\.[./a-z]*\/sink\.ts'/, file)
      const wanted = name ?? (fault.startsWith('kill') ? 'of SCENES' : 'ANSWERS')
      assert.ok(text.includes(wanted), `${file} does not have: ${wanted}`)
    }
  }
})

table('is the one in docs/faults.md, as is that of the sink', () => {
  const page = readFileSync(FAULTS_PAGE, 'utf8')
  for (const one of [faultTable(), sinkTable()])
    assert.ok(page.includes(one), 'run `node test/faults/table.ts`')
  assert.is(withTables(page), page, 'run `node test/faults/table.ts`')
})

table.run()
