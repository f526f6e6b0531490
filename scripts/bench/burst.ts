/**
 * Many pods at once: the real source, retry() and renewal schedule on a virtual clock, against a limiter of ten a
 * second. Prints the tables and writes them into docs/large-jobs.md; all randomness comes from a seed, so the same code
 * gives the same page.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../checks/files.ts'
import { between } from '../generated.ts'
import { SEED } from './burst/job.ts'
import {
  burstTable,
  ceilingTable,
  certificateTable,
  deadlineTable,
  vaultTable,
  type Tell,
} from './burst/job-tables.ts'
import { agentTable } from './burst/agent-tables.ts'
import { renewalTable, scheduleTable } from './burst/renewal-tables.ts'

const PAGE = join(ROOT, 'docs/large-jobs.md')

const TABLES: Readonly<Record<string, (tell: Tell) => string | Promise<string>>> = {
  burst: (tell) => burstTable(tell, [100, 1000, 10_000]),
  ceilings: (tell) => ceilingTable(tell, [1000, 10_000]),
  deadlines: deadlineTable,
  vault: (tell) => vaultTable(tell, 10_000),
  certificates: (tell) => certificateTable(tell, 10_000),
  schedule: scheduleTable,
  renewals: renewalTable,
  agents: agentTable,
}

// A million errors are created; their stack traces are of no interest.
Error.stackTraceLimit = 0
process.stderr.write(`seed ${SEED}\n`)
const tell: Tell = (line) => void process.stderr.write(`${line}\n`)
let page = readFileSync(PAGE, 'utf8')
for (const [mark, table] of Object.entries(TABLES)) {
  const text = await table(tell)
  process.stdout.write(`\n${mark}\n\n${text}`)
  page = between(page, mark, `\n${text}\n`)
}
writeFileSync(PAGE, page)
