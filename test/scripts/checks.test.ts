import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { packageJson, sourceFiles, type SourceFile } from '../../scripts/checks/files.ts'
import { checkDependencies, checkImports, checkPod } from '../../scripts/checks/imports.ts'
import { checkTests } from '../../scripts/checks/tests.ts'
import { checkVersion } from '../../scripts/checks/version.ts'
import { checkedTexts, checkWords } from '../../scripts/checks/words.ts'

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
  ['src/iam-ra.ts', './operator/main.ts'],
  ['src/operator/main.ts', '../terminal/ask.ts'],
  ['src/operator/main.ts', '../onboarding/vault/run.ts'],
  ['src/operator/routes.ts', '@stricli/core'],
  ['src/terminal/ask.ts', '@clack/prompts'],
  ['src/onboarding/kubernetes/yaml.ts', 'yaml'],
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
  ['src/identity/login.ts', '../sink/profile.ts', 'are in one layer and must not import each other'],
  ['src/vault/client.ts', '../aws/sigv4.ts', 'are in one layer and must not import each other'],
  ['src/exchange/refusal.ts', '../settings/arn.ts', 'settings is in a layer above exchange'],
  ['src/identity/login.ts', '../sources/pipeline.ts', 'sources is in a layer above identity'],
  ['src/run/retry.ts', '../sources/pipeline.ts', 'sources is in a layer above run'],
  ['src/net/http.ts', '../run/runtime.ts', 'run is in a layer above net'],
  ['src/sources/pipeline.ts', '../settings/read.ts', 'settings is in a layer above sources'],
  ['src/onboarding/vault/plan.ts', '../../commands/once.ts', 'commands is in a layer above onboarding'],
  ['src/commands/once.ts', '../operator/main.ts', 'are in one layer and must not import each other'],
  ['src/onboarding/vault/plan.ts', '../../terminal/ask.ts', 'are in one layer'],
  ['src/aws-iam-ra.ts', './iam-ra.ts', 'are in one layer'],
  ['src/commands/once.ts', '@stricli/core', 'only src/operator may import @stricli/core'],
  ['src/operator/main.ts', '@clack/prompts', 'only src/terminal may import @clack/prompts'],
  ['src/errors.ts', './run/log.ts', 'run is in a layer above errors.ts'],
  ['src/settings/read.ts', '../aws-iam-ra.ts', 'aws-iam-ra.ts is in a layer above settings'],
  ['src/attic/old.ts', '../errors.ts', 'attic has no layer'],
  ['src/sink/profile.ts', '../attic/old.ts', 'attic has no layer'],
  ['src/run/retry.ts', '../../test/assert.ts', 'src must not import from outside src'],
  ['src/run/retry.ts', '../../scripts/build.ts', 'src must not import from outside src'],
  ['src/run/retry.ts', './deadline.js', 'must end in .ts'],
  ['src/run/retry.ts', './deadline', 'must end in .ts'],
  ['src/run/retry.ts', 'bun', 'src must run on Node too'],
  ['src/run/retry.ts', 'bun:ffi', 'src must run on Node too'],
  ['src/run/retry.ts', 'left-pad', 'not a package that the shipped file may contain'],
  ['src/sink/profile.ts', '@aws-sdk/client-s3/deep', 'not a package'],
  ['src/sink/profile.ts', '@aws-sdk/client-rolesanywhere/deep', 'only src/onboarding/aws may import'],
  ['src/onboarding/vault/plan.ts', '@aws-sdk/client-iam', 'only src/onboarding/aws may import'],
  ['src/exchange/create-session.ts', '@peculiar/x509', 'only src/certificate may import @peculiar/x509'],
  ['src/vaultx/client.ts', 'node-vault', 'only src/vault may import node-vault'],
  ['test/rig/emulators/vault.ts', '../../../src/credentials.ts', 'must not import our code'],
  ['test/rig/emulators/vault.ts', '../../support/assert.ts', 'must not import our code'],
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

const pod = suite("the check of the pod's program")

/** An entry that reaches `target` by way of a file between, with the import in the given form. */
function reaching(target: string, form = (to: string): string => `import { b } from '${to}'`): SourceFile[] {
  return [
    { path: 'src/aws-iam-ra.ts', text: `import { a } from './commands/once.ts'\n` },
    { path: 'src/commands/once.ts', text: `${form(target)}\n` },
    { path: 'src/operator/main.ts', text: '' },
    { path: 'src/onboarding/names.ts', text: '' },
    { path: 'src/sink/profile.ts', text: `import { c } from '../commands/once.ts'\n` },
  ]
}

for (const target of [
  '../operator/main.ts',
  '../terminal/ask.ts',
  '../onboarding/names.ts',
  '../iam-ra.ts',
  '@stricli/core',
  '@clack/prompts/deep',
  'yaml',
]) {
  pod(`does not let ${target} in, however it is imported`, () => {
    for (const form of [
      (to: string): string => `import { b } from '${to}'`,
      (to: string): string => `const { b } = await import('${to}')`,
      (to: string): string => `export { b } from '${to}'`,
    ]) {
      const [problem, ...more] = checkPod(reaching(target, form))
      assert.match(
        problem ?? '',
        "the pod's program must not contain a part of the operator's: src/aws-iam-ra.ts > ",
      )
      assert.match(problem ?? '', target.replace('..', 'src'))
      assert.equal(more, [])
    }
  })
}

pod('lets the rest in, a circle too, and looks at no file that the entry does not reach', () => {
  assert.equal(checkPod(reaching('../sink/profile.ts')), [])
  assert.equal(checkPod(reaching('node-vault')), [])
  const apart = { path: 'src/iam-ra.ts', text: `import { a } from './operator/main.ts'\n` }
  assert.equal(checkPod([...reaching('node:fs'), apart]), [])
})

pod("has its packages in package.json's dependencies, and no others", () => {
  for (const name of ['@stricli/core', '@clack/prompts', 'left-pad']) {
    assert.equal(checkDependencies(['node-vault', name]), [
      `package.json lists ${name} in dependencies, but the pod's program does not contain it: move it to devDependencies`,
    ])
  }
  assert.equal(checkDependencies(Object.keys(packageJson().dependencies)), [])
})

pod('needs an entry to begin with', () => {
  assert.match(checkPod([])[0] ?? '', /^src\/aws-iam-ra\.ts is missing/)
})

pod('finds nothing in what stands', () => {
  assert.equal(checkPod(sourceFiles(['src'])), [])
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

tests("accepts a file that runs another's suite", () => {
  const text = "chooseServer()\nawait import('../a.test.ts')\n"
  assert.equal(checkTests([{ path: 'test/other/a.test.ts', text }]), [])
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
  [`${GOOD}a.${only}('this', () => {})\n`, 'skips tests'],
  [`${GOOD}a.${skip}('this', () => {})\n`, 'skips tests'],
  [HEAD, 'has no suite'],
  [`import { test } from 'uvu'\ntest('does', () => {})\ntest.run()\n`, 'has no suite'],
  ['', 'test file without a uvu suite'],
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
    'test/a.ts: has a suite, but only *.test.ts files are run',
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
pod.run()
tests.run()
version.run()

const words = suite('the check of words')

words('names the line, the word and what to say instead', () => {
  const text = 'first\n// the file stands in a folder\n'
  assert.equal(checkWords([{ path: 'src/a.ts', text }]), [
    'src/a.ts:2: says "folder"; say directory',
    'src/a.ts:2: says "file stands"; say is or appears',
  ])
  assert.equal(checkWords([{ path: 'a.md', text: 'Read it anew, whoever you are.' }]).length, 2)
  assert.equal(checkWords([{ path: 'a.md', text: 'standard errors, understands' }]), [])
})

words('reads the documents and src', () => {
  const paths = checkedTexts().map(({ path }) => path)
  for (const path of ['README.md', 'docs/vault.md', 'docs/lab/run.md', 'src/run/retry.ts']) {
    assert.ok(paths.includes(path), path)
  }
})

words.run()
