/**
 * Runs every test that needs no external server. Ends with a line `N passed, N failed`. Arguments are parts of paths:
 * `npm test -- sink` runs the files with `sink` in their path.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build.ts'
import { ROOT } from './checks/files.ts'
import { runTests, testFiles } from './test-runner.ts'

try {
  const paths = testFiles((path) => !/^test\/(?:real|node)\//.test(path), process.argv.slice(2))
  const checks = spawnSync(process.execPath, [join(ROOT, 'scripts/check.ts')], { stdio: 'inherit' })
  build()
  const { passed, failed } = await runTests(paths, { longestMs: 100_000 })
  const all = failed + (checks.status === 0 ? 0 : 1)
  process.stdout.write(
    `\nNot run here: the tests against real servers and third-party clients (npm run test:real), and those on a real node (npm run test:e2e).\n${passed} passed, ${all} failed\n`,
  )
  process.exitCode = all === 0 ? 0 : 1
} catch (error) {
  process.stderr.write(`test: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
