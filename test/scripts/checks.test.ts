import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sourceFiles, type SourceFile } from '../../scripts/checks/files.ts'
import { checkImports } from '../../scripts/checks/imports.ts'
import { checkTests } from '../../scripts/checks/tests.ts'
import { checkVersion } from '../../scripts/checks/version.ts'

const imports = suite('the check of imports')

function importing(path: string, target: string): SourceFile[] {
  return [{ path, text: `import { a } from '${target}'\n` }]
}

for (const [path, target] of [
  ['src/identity/login.ts', '../errors.ts'],
  ['src/identity/login.ts', './vault-client.ts'],
  ['src/identity/login.ts', 'node:crypto'],
  ['src/identity/vault-client.ts', 'node-vault'],
  ['src/certificate/x509.ts', '@peculiar/x509'],
  ['src/pipeline.ts', './sink/credentials-file.ts'],
  ['src/commands/once.ts', '../pipeline.ts'],
  ['src/commands/once.ts', '../settings/read.ts'],
  ['src/aws-iam-ra.ts', './commands/once.ts'],
  ['src/bounds.ts', './retry.ts'],
  ['test/emulators/vault.ts', './jwt.ts'],
  ['test/emulators/vault.ts', '@peculiar/asn1-schema'],
  ['test/emulators/vault.test.ts', '../../src/types.ts'],
  ['test/retry.test.ts', '../src/retry.ts'],
  ['scripts/build.ts', './checks/files.ts'],
] as const) {
  imports(`lets ${path} import ${target}`, () => {
    assert.equal(checkImports(importing(path, target)), [])
  })
}

for (const [path, target, why] of [
  ['src/identity/login.ts', '../sink/profile.ts', 'a step imports nothing of another folder'],
  ['src/exchange/refusal.ts', '../settings/arn.ts', 'a step imports nothing of another folder'],
  ['src/identity/login.ts', '../pipeline.ts', 'only a command or an entry point'],
  ['src/retry.ts', './pipeline.ts', 'only a command or an entry point'],
  ['src/retry.ts', './sink/profile.ts', 'only pipeline.ts and the entry points'],
  ['src/pipeline.ts', './settings/read.ts', 'only pipeline.ts and the entry points'],
  ['src/aws-iam-ra.ts', './sink/profile.ts', 'only pipeline.ts and the entry points'],
  ['src/retry.ts', '../test/assert.ts', 'src knows nothing outside of src'],
  ['src/retry.ts', '../scripts/clean-env.ts', 'src knows nothing outside of src'],
  ['src/retry.ts', './errors.js', 'the ending .ts'],
  ['src/retry.ts', './errors', 'the ending .ts'],
  ['src/retry.ts', 'bun', 'src runs on Node too'],
  ['src/retry.ts', 'bun:ffi', 'src runs on Node too'],
  ['src/retry.ts', 'left-pad', 'no package that the shipped file may hold'],
  ['src/sink/profile.ts', '@aws-sdk/client-rolesanywhere/deep', 'no package'],
  ['src/exchange/create-session.ts', '@peculiar/x509', '@peculiar/x509 belongs to src/certificate'],
  ['src/identityx/login.ts', 'node-vault', 'node-vault belongs to src/identity'],
  ['test/emulators/vault.ts', '../../src/types.ts', 'know nothing of ours'],
  ['test/emulators/vault.ts', '../assert.ts', 'know nothing of ours'],
] as const) {
  imports(`does not let ${path} import ${target}`, () => {
    const [problem, ...more] = checkImports(importing(path, target))
    assert.match(problem ?? '', `${path} imports ${target}: `)
    assert.match(problem ?? '', why)
    assert.equal(more, [])
  })
}

imports('sees every form of an import', () => {
  for (const form of [
    `import type { A } from '../sink/profile.ts'`,
    `import '../sink/profile.ts'`,
    `export { a } from '../sink/profile.ts'`,
    `const { a } = await import('../sink/profile.ts')`,
    `type A = import('../sink/profile.ts').A`,
    `import {\n  a,\n  b,\n} from '../sink/profile.ts'`,
  ]) {
    assert.is(checkImports([{ path: 'src/identity/login.ts', text: `${form}\n` }]).length, 1, form)
  }
  const quoted = `// import { a } from '../sink/profile.ts'\nconst text = "import '../sink/profile.ts'"\n`
  assert.equal(checkImports([{ path: 'src/identity/login.ts', text: quoted }]), [])
})

imports('finds nothing in what stands', () => {
  const files = sourceFiles(['src', 'test', 'scripts'])
  assert.ok(files.some((file) => file.path === 'src/retry.ts'))
  assert.equal(checkImports(files), [])
})

const tests = suite('the check of tests')

const HEAD = `import { suite } from 'uvu'\n`
const GOOD = `${HEAD}const a = suite('a')\na('does', () => {})\na.run()\n`
const only = 'only'
const skip = 'skip'

tests('accepts a file whose suites have tests and run', () => {
  assert.equal(checkTests([{ path: 'test/a.test.ts', text: GOOD }]), [])
  const typed = `${HEAD}const a = suite<{ b: string }>('a')\nfor (const b of c) a(b, () => {})\na.run()\n`
  assert.equal(checkTests([{ path: 'test/a.test.ts', text: typed }]), [])
  const handed = `${HEAD}const a = suite('a')\nconst scenario = onBoth(a)\na.run()\n`
  assert.equal(checkTests([{ path: 'test/a.test.ts', text: handed }]), [])
})

tests('accepts a helper without a suite', () => {
  const helpers = ['', `import * as assert from 'uvu/assert'\n`, `import type { Test } from 'uvu'\n`]
  for (const text of helpers) assert.equal(checkTests([{ path: 'test/help.ts', text }]), [])
})

for (const [text, problem] of [
  [`${HEAD}const a = suite('a')\na('does', () => {})\n`, 'the suite a is never run'],
  [`${HEAD}const a = suite('a')\na('does', () => {})\n// a.run()\n`, 'the suite a is never run'],
  [`${HEAD}const a = suite('a')\na.run()\n`, 'the suite a has no test'],
  [`${GOOD}const b = suite('b')\nb('does', () => {})\n`, 'the suite b is never run'],
  [`${GOOD}a.${only}('this', () => {})\n`, 'leaves tests out'],
  [`${GOOD}a.${skip}('this', () => {})\n`, 'leaves tests out'],
  [HEAD, 'has no suite'],
  [`import { test } from 'uvu'\ntest('does', () => {})\ntest.run()\n`, 'has no suite'],
  ['', 'a test file without a suite'],
] as const) {
  tests(`refuses a file: ${problem} (${text.length} characters)`, () => {
    const problems = checkTests([{ path: 'test/a.test.ts', text }])
    assert.is(problems.length, 1)
    assert.match(problems[0] ?? '', /^test\/a\.test\.ts: /)
    assert.match(problems[0] ?? '', problem)
  })
}

tests('refuse a suite in a file that is not run', () => {
  assert.equal(checkTests([{ path: 'test/a.ts', text: GOOD }]), [
    'test/a.ts: holds a suite, but only *.test.ts files are run',
  ])
})

tests('find nothing in what stands', () => {
  const files = sourceFiles(['test'])
  assert.ok(files.some((file) => file.path === 'test/scripts/checks.test.ts'))
  assert.equal(checkTests(files), [])
})

const version = suite('the check of the version')

version('wants the version of package.json', () => {
  assert.equal(checkVersion(), [])
  const [problem] = checkVersion('9.9.9')
  assert.match(problem ?? '', /^src\/version\.ts says 9\.9\.9, package\.json says \d/)
})

imports.run()
tests.run()
version.run()
