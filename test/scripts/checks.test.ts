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
  ['src/identity/login.ts', './refusal.ts'],
  ['src/identity/login.ts', '../vault/client.ts'],
  ['src/identity/login.ts', 'node:crypto'],
  ['src/vault/client.ts', 'node-vault'],
  ['src/certificate/x509.ts', '@peculiar/x509'],
  ['src/sources/pipeline.ts', '../sink/credentials-file.ts'],
  ['src/endpoint/health.ts', '../renewal/status.ts'],
  ['src/settings/read.ts', '../certificate/settings.ts'],
  ['src/commands/once.ts', '../sources/pipeline.ts'],
  ['src/commands/once.ts', '../settings/read.ts'],
  ['src/commands/long-lived/child-run.ts', '../once.ts'],
  ['src/onboarding/vault/plan.ts', '../../vault/path.ts'],
  ['src/onboarding/aws/iam.ts', '@aws-sdk/client-iam'],
  ['src/aws-iam-ra.ts', './commands/once.ts'],
  ['src/run/deadline.ts', './retry.ts'],
  ['test/rig/emulators/vault.ts', './jwt.ts'],
  ['test/rig/emulators/vault.ts', '@peculiar/asn1-schema'],
  ['test/rig/emulators/vault.test.ts', '../../../src/credentials.ts'],
  ['test/run/retry.test.ts', '../../src/run/retry.ts'],
  ['scripts/build.ts', './checks/files.ts'],
] as const) {
  imports(`lets ${path} import ${target}`, () => {
    assert.equal(checkImports(importing(path, target)), [])
  })
}

for (const [path, target, why] of [
  ['src/identity/login.ts', '../sink/profile.ts', 'stand in one layer and know nothing of one another'],
  ['src/vault/client.ts', '../aws/sigv4.ts', 'stand in one layer and know nothing of one another'],
  ['src/exchange/refusal.ts', '../settings/arn.ts', 'settings stands above exchange'],
  ['src/identity/login.ts', '../sources/pipeline.ts', 'sources stands above identity'],
  ['src/run/retry.ts', '../sources/pipeline.ts', 'sources stands above run'],
  ['src/net/http.ts', '../run/runtime.ts', 'run stands above net'],
  ['src/sources/pipeline.ts', '../settings/read.ts', 'settings stands above sources'],
  ['src/onboarding/vault/plan.ts', '../../commands/once.ts', 'commands stands above onboarding'],
  ['src/errors.ts', './run/log.ts', 'run stands above errors.ts'],
  ['src/settings/read.ts', '../aws-iam-ra.ts', 'aws-iam-ra.ts stands above settings'],
  ['src/attic/old.ts', '../errors.ts', 'attic has no layer'],
  ['src/sink/profile.ts', '../attic/old.ts', 'attic has no layer'],
  ['src/run/retry.ts', '../../test/assert.ts', 'src knows nothing outside of src'],
  ['src/run/retry.ts', '../../scripts/build.ts', 'src knows nothing outside of src'],
  ['src/run/retry.ts', './deadline.js', 'the ending .ts'],
  ['src/run/retry.ts', './deadline', 'the ending .ts'],
  ['src/run/retry.ts', 'bun', 'src runs on Node too'],
  ['src/run/retry.ts', 'bun:ffi', 'src runs on Node too'],
  ['src/run/retry.ts', 'left-pad', 'no package that the shipped file may hold'],
  ['src/sink/profile.ts', '@aws-sdk/client-s3/deep', 'no package'],
  ['src/sink/profile.ts', '@aws-sdk/client-rolesanywhere/deep', 'belongs to src/onboarding/aws'],
  ['src/onboarding/vault/plan.ts', '@aws-sdk/client-iam', 'belongs to src/onboarding/aws'],
  ['src/exchange/create-session.ts', '@peculiar/x509', '@peculiar/x509 belongs to src/certificate'],
  ['src/vaultx/client.ts', 'node-vault', 'node-vault belongs to src/vault'],
  ['test/rig/emulators/vault.ts', '../../../src/credentials.ts', 'know nothing of ours'],
  ['test/rig/emulators/vault.ts', '../../support/assert.ts', 'know nothing of ours'],
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
  assert.ok(files.some((file) => file.path === 'src/run/retry.ts'))
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
