/** The matrix as docs/faults.md has it. Run to write it there; a test checks that it is. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/checks/files.ts'
import { STEPS, type Step } from '../rehearsal.ts'
import { EXITS, MATRIX, type Cell } from './matrix.ts'

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
  const head = ['fault', ...STEPS.map((step) => HEADS[step]), 'words of the sentence']
  const lines = [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`)
  return `${lines.join('\n')}\n`
}

export function withTable(page: string): string {
  return page.replace(
    /(<!-- faults -->\n)[^]*?(<!-- \/faults -->)/,
    (_all, before: string, after: string) => `${before}${MATRIX.length} cells.\n\n${faultTable()}${after}`,
  )
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
  return [...new Set(words)].map((says) => `“${says.replaceAll('|', '\\|')}”`)
}

if (import.meta.main) writeFileSync(FAULTS_PAGE, withTable(readFileSync(FAULTS_PAGE, 'utf8')))
