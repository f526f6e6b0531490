/** The project's own checks, which no linter has. Prints each problem; exits with 1 if there are any. */
import { packageJson, sourceFiles } from './checks/files.ts'
import { checkDependencies, checkImports, checkPod } from './checks/imports.ts'
import { checkTests } from './checks/tests.ts'
import { checkVersion } from './checks/version.ts'
import { checkedTexts, checkWords } from './checks/words.ts'

const problems = [
  ...checkImports(sourceFiles(['src', 'test', 'scripts'])),
  ...checkPod(sourceFiles(['src'])),
  ...checkDependencies(Object.keys(packageJson().dependencies)),
  ...checkTests(sourceFiles(['test'])),
  ...checkVersion(),
  ...checkWords(checkedTexts()),
]
for (const problem of problems) process.stderr.write(`check: ${problem}\n`)
process.stdout.write(
  `checks: ${problems.length === 0 ? 'imports, tests, version and words are in order' : `${problems.length} problems`}\n`,
)
process.exitCode = problems.length === 0 ? 0 : 1
