/** docs/lab/serve.md: tables of the results of the `serve` bench. */
import { factList, labPage } from '../lab.ts'
import { goals } from './goals.ts'
import type { Results } from './results.ts'
import { childTable, goalTable, growthTable, memoryTable, otherTable, requestTable } from './tables.ts'

export const SERVE_PAGE = labPage('serve', (results: Results) => ({
  'serve-where': factList({ measured: results.date, ...results.machine }),
  'serve-goals': goalTable(goals(results)),
  'serve-requests': requestTable(results),
  'serve-memory': memoryTable(results),
  'serve-growth': growthTable(results),
  'serve-child': childTable(results),
  'serve-others': otherTable(results),
}))

/** The output at the end of a run. */
export function summary(results: Results): string {
  const tables = [requestTable, memoryTable, growthTable, childTable, otherTable]
  return [...tables.map((table) => table(results)), goalTable(goals(results))].join('\n')
}
