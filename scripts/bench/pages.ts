/** Writes docs/lab and docs/performance.md. Run on its own, it regenerates all of them from the data in docs/lab. */
import { readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { ROOT } from '../checks/files.ts'
import { AGENT_PAGE } from './agent/page.ts'
import { FLOOD_PAGE } from './flood/page.ts'
import { INJECTION_PAGE } from './injection/page.ts'
import { resultsOf, withBlocks, type LabPage } from './lab.ts'
import { RUN_PAGE } from './page.ts'
import { SERVE_PAGE } from './serve/page.ts'
import { SUMMARY_PAGE, summaryBlocks, type Measured } from './summary.ts'

/**
 * Writes the data of a bench, its page, and the summary. @throws Error before anything is written if a table has no
 * section
 */
export async function publish<Results>(lab: LabPage<Results>, results: Results): Promise<void> {
  const page = withBlocks(readFileSync(lab.page, 'utf8'), lab.blocks(results))
  const style = await resolveConfig(lab.data)
  writeFileSync(lab.data, await format(JSON.stringify(results), { ...style, parser: 'json' }))
  writeFileSync(lab.page, page)
  writeBlocks(SUMMARY_PAGE, summaryBlocks(measured()))
  const written = [lab.page, lab.data, SUMMARY_PAGE].map((path) => relative(ROOT, path))
  process.stdout.write(`wrote ${written.join(', ')}\n`)
}

/** The data of each bench's last run. */
export function measured(): Measured {
  return {
    run: resultsOf(RUN_PAGE),
    serve: resultsOf(SERVE_PAGE),
    floods: resultsOf(FLOOD_PAGE),
    injection: resultsOf(INJECTION_PAGE),
  }
}

function writeBlocks(path: string, blocks: Readonly<Record<string, string>>): void {
  writeFileSync(path, withBlocks(readFileSync(path, 'utf8'), blocks))
}

if (import.meta.main) {
  const all = measured()
  writeBlocks(RUN_PAGE.page, RUN_PAGE.blocks(all.run))
  writeBlocks(SERVE_PAGE.page, SERVE_PAGE.blocks(all.serve))
  writeBlocks(FLOOD_PAGE.page, FLOOD_PAGE.blocks(all.floods))
  writeBlocks(INJECTION_PAGE.page, INJECTION_PAGE.blocks(all.injection))
  writeBlocks(AGENT_PAGE.page, AGENT_PAGE.blocks(resultsOf(AGENT_PAGE)))
  writeBlocks(SUMMARY_PAGE, summaryBlocks(all))
}
