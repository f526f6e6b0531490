/** The two tables as docs/faults.md has them. Run to write them there; a test checks that they are. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/checks/files.ts'
import { between, markdownTable } from '../../scripts/generated.ts'
import { STEPS, type Step } from '../support/rehearsal.ts'
import { EXITS, MATRIX, type Cell } from './matrix.ts'
import { AFTERWARDS, SINK_ROWS, SINK_ROWS_HERE, type SinkRow } from './sink.ts'

export const FAULTS_PAGE = join(ROOT, 'docs/faults.md')

const HEADS: Readonly<Record<Step, string>> = {
  login: 'login',
  sign: 'sign',
  revoke: 'revoke',
  exchange: 'CreateSession',
}

export function faultTable(): string {
  const faults = [...new Set(MATRIX.map(({ fault }) => fault))]
  const rows = faults.map((fault) => {
    const cells = MATRIX.filter((cell) => cell.fault === fault)
    const columns = STEPS.map((step) => inWords(cells.find((cell) => cell.step === step)))
    return [fault, ...columns, wordsOf(cells).join('<br>')]
  })
  return markdownTable(['fault', ...STEPS.map((step) => HEADS[step]), 'words of the sentence'], rows)
}

export function sinkTable(): string {
  const rows = SINK_ROWS.map(({ fault, exit, file, says, tested }) => [
    fault,
    exit === 0 && says !== '' ? '0, a warning' : String(exit),
    AFTERWARDS[file],
    quoted(says),
    tested.join('<br>'),
  ])
  return markdownTable(['fault', 'exit', 'the file afterwards', 'words of the sentence', 'tested in'], rows)
}

export function cellsOf(rows: readonly SinkRow[]): number {
  return rows.reduce((sum, { cells }) => sum + cells, 0)
}

export function withTables(page: string): string {
  const sink = `${cellsOf(SINK_ROWS)} cells, ${cellsOf(SINK_ROWS_HERE)} of them in \`npm test\`.`
  const matrix = `${MATRIX.length} cells.`
  return between(between(page, 'faults', `${matrix}\n\n${faultTable()}`), 'sink', `${sink}\n\n${sinkTable()}`)
}

function inWords(cell: Cell | undefined): string {
  if (cell === undefined) return '–'
  const { step, meaning } = cell
  if (meaning.ending === 'passes') return meaning.requests > 1 ? '0, followed' : '0'
  const exit = step === 'revoke' ? '0, a warning' : String(EXITS[step])
  return meaning.ending === 'again' ? `${exit}, again` : exit
}

/** Each but once, of the servers whose words differ. */
function wordsOf(cells: readonly Cell[]): string[] {
  const words = cells.map(({ meaning }) => meaning.says).filter((says) => says !== '')
  return [...new Set(words)].map(quoted)
}

function quoted(words: string): string {
  return words === '' ? '' : `“${words.replaceAll('|', '\\|')}”`
}

if (import.meta.main) writeFileSync(FAULTS_PAGE, withTables(readFileSync(FAULTS_PAGE, 'utf8')))
