/** uvu runs nothing in a file that lacks `run()`, and reports nothing: so check that each suite is run. */
import type { SourceFile } from './files.ts'

export function checkTests(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => problemsOf(path, text).map((problem) => `${path}: ${problem}`))
}

function problemsOf(path: string, text: string): string[] {
  const usesUvu = /^import \{[^}]*\} from 'uvu'/m.test(text)
  const isTest = path.endsWith('.test.ts')
  const runsAnother = /^await import\('\.\.?\/.+\.test\.ts'\)$/m.test(text)
  if (!usesUvu) return isTest && !runsAnother ? ['a test file without a uvu suite'] : []
  if (!isTest) return ['has a suite, but only *.test.ts files are run']
  const suites = [...text.matchAll(/^const (\w+) = suite\b/gm)].map((found) => found[1] ?? '')
  const problems = suites.length === 0 ? ['has no suite'] : []
  for (const name of suites) {
    if (!new RegExp(`^${name}\\.run\\(\\)`, 'm').test(text)) problems.push(`the suite ${name} is never run`)
    // Called, or passed to a function that adds the tests.
    if (!new RegExp(`\\b${name}\\(|\\(${name}\\b`).test(text)) problems.push(`the suite ${name} has no test`)
  }
  if (/\b\w+\.(only|skip)\(/.test(text)) problems.push('skips tests with only() or skip()')
  return problems
}
