/** Builds the operator's program: an npm package without dependencies, and an executable. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { packageJson, ROOT } from '../checks/files.ts'
import { compile, localTarget, runBun } from './compile.ts'
import { npm } from './npm.ts'

export const OPERATOR = { name: 'iam-ra', entry: 'src/iam-ra.ts' } as const
/** What @clack/prompts needs, which is the newest of all packages; the tests run it on Node 20. */
const NODE = '>=20.12.0'

/** @returns the file, whose name has the version @throws Error if bun or npm fails */
export function packOperator(directory: string): string {
  const { version, license } = packageJson()
  return aside(directory, (work) => {
    const laid = join(work, 'package')
    runBun('scripts/bundle-package.ts', [OPERATOR.entry, laid])
    const manifest = {
      name: OPERATOR.name,
      version,
      description:
        'AWS roles for Kubernetes workloads with IAM Roles Anywhere: the program that operators run',
      license,
      type: 'module',
      bin: { [OPERATOR.name]: `${OPERATOR.name}.js` },
      engines: { node: NODE },
    }
    writeFileSync(join(laid, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
    copyFileSync(join(ROOT, 'LICENSE'), join(laid, 'LICENSE'))
    writeFileSync(join(laid, 'README.md'), withoutLinks(readFileSync(join(ROOT, 'docs/cli.md'), 'utf8')))
    writeFileSync(join(laid, 'NOTICES'), notices(laid))
    npm(['pack', '--silent', '--pack-destination', work], laid)
    return `${OPERATOR.name}-${version}.tgz`
  })
}

/** @returns the file @throws Error if bun fails, or makes none that would start */
export function compileOperator(directory: string, target = localTarget()): string {
  // 75 of its pages are not those that were signed, with Bun 1.4.5: https://github.com/oven-sh/bun/issues/39764
  if (target === 'bun-darwin-x64')
    throw new Error(
      'there is no executable for Macs with Intel processors, because Bun leaves it a signature that macOS refuses: install the package with npm instead',
    )
  return aside(directory, (work) => {
    compile({ entry: OPERATOR.entry, target, outfile: join(work, OPERATOR.name) })
    return OPERATOR.name
  })
}

/** Built in a temporary directory and moved in one step, so that no reader sees half a file. */
function aside(directory: string, make: (work: string) => string): string {
  mkdirSync(directory, { recursive: true })
  const work = mkdtempSync(join(directory, 'build-'))
  try {
    const name = make(work)
    renameSync(join(work, name), join(directory, name))
    return join(directory, name)
  } finally {
    rmSync(work, { recursive: true })
  }
}

/** Other documents of this repository are not in the package. */
function withoutLinks(page: string): string {
  return page.replace(/\[([^\]]+)\]\((?!https:)[^)]*\)/g, '$1')
}

/** The licences of the bundled packages, whose directories are in the bundler's comments. */
function notices(laid: string): string {
  const modules = readdirSync(laid).filter((name) => name.endsWith('.js'))
  const found = modules.flatMap((name) => [
    // A package may have others of its own below it.
    ...readFileSync(join(laid, name), 'utf8').matchAll(/^\/\/ (.*node_modules\/(?:@[^/]+\/)?[^/]+)\//gm),
  ])
  const directories = new Set(found.map(([, directory = '']) => directory))
  return [...new Set([...directories].map(notice))].toSorted().join(`\n${'-'.repeat(80)}\n\n`)
}

/** @throws Error if a package contains no licence text, unless it has our licence, whose text is in LICENSE */
function notice(path: string): string {
  const directory = join(ROOT, path)
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly version: string
    readonly license: string
  }
  const head = `${name} ${version} (${license})\n`
  const file = readdirSync(directory).find((one) => /^licen[sc]e(\.|$)/i.test(one))
  if (file !== undefined) return `${head}\n${readFileSync(join(directory, file), 'utf8').trim()}\n`
  if (license === packageJson().license) return `${head}\nSee LICENSE.\n`
  throw new Error(`${name} contains no licence text`)
}
