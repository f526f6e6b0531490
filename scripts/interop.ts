/**
 * Tests how third-party SDKs read the credentials in the shipped file, each with every variation of its methods, and
 * writes the results into docs/readers.md. Fails if they differ from those in test/real/interop/readers/readers.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { measure } from '../test/real/interop/readers/measure.ts'
import { KITS } from '../test/real/interop/readers/kits.ts'
import { prepareReaders } from '../test/real/interop/readers/prepare.ts'
import { READERS_PAGE, surprises, withResults } from '../test/real/interop/readers/table.ts'
import { build } from './build.ts'

try {
  prepareReaders(KITS)
  build()
  const results = await measure((what) => process.stdout.write(`interop: ${what}\n`))
  writeFileSync(READERS_PAGE, withResults(readFileSync(READERS_PAGE, 'utf8'), results))
  const unexpected = surprises(results)
  for (const line of unexpected) process.stdout.write(`interop: ${line}\n`)
  process.stdout.write(`interop: wrote docs/readers.md, ${unexpected.length} unexpected results\n`)
  process.exitCode = unexpected.length === 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`interop: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
