/**
 * `npm run bench:<name>`: builds first unless it measures nothing that is built; with --quick it does less and writes
 * nothing. A failure is one sentence.
 */
import { parseArgs } from 'node:util'
import { build } from '../build.ts'

export function report(text: string): void {
  process.stdout.write(`bench: ${text}\n`)
}

export async function benchCommand(
  main: (isQuick: boolean) => Promise<void>,
  { needsBuild = true } = {},
): Promise<void> {
  try {
    const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } })
    if (needsBuild) {
      report('building')
      build()
    }
    await main(values.quick)
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
