/**
 * The part of docs/performance.md on `serve`, from docs/performance-serve.json. `node scripts/bench/serve/page.ts` makes it
 * anew from it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../checks/files.ts'
import { between } from '../../generated.ts'
import { goals } from './goals.ts'
import type { Results } from './results.ts'
import { childTable, goalTable, growthTable, memoryTable, otherTable, requestTable } from './tables.ts'

export const PAGE = join(ROOT, 'docs/performance.md')
export const DATA = join(ROOT, 'docs/performance-serve.json')

export function withServeResults(page: string, results: Results): string {
  const blocks = {
    where: where(results),
    goals: goalTable(goals(results)),
    requests: requestTable(results),
    memory: memoryTable(results),
    growth: growthTable(results),
    child: childTable(results),
    others: otherTable(results),
  }
  return Object.entries(blocks).reduce((text, [mark, block]) => between(text, `serve-${mark}`, block), page)
}

/** What a run prints at its end. */
export function summary(results: Results): string {
  const tables = [requestTable, memoryTable, growthTable, childTable, otherTable]
  return [...tables.map((table) => table(results)), goalTable(goals(results))].join('\n')
}

function where({ date, machine }: Results): string {
  return Object.entries({ measured: date, ...machine })
    .map(([name, value]) => `- ${name}: ${value}\n`)
    .join('')
}

export function writeServePage(results: Results): void {
  writeFileSync(PAGE, withServeResults(readFileSync(PAGE, 'utf8'), results))
}

if (import.meta.main) writeServePage(JSON.parse(readFileSync(DATA, 'utf8')) as Results)
