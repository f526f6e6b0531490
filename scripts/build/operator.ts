/** What the operator's program ships as: a package for npm that needs nothing beside it, and one executable. */
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

const NAME = 'iam-ra'
const ENTRY = 'src/iam-ra.ts'
/** @clack/prompts asks for the most, and the tests run it on Node 20. */
const NODE = '>=20.12.0'

/** @returns the file, whose name has the version @throws Error if bun or npm fails */
export function packOperator(folder: string): string {
  const { version, license } = packageJson()
  return aside(folder, (work) => {
    const laid = join(work, 'package')
    runBun('scripts/bundle-package.ts', [ENTRY, laid])
    const manifest = {
      name: NAME,
      version,
      description: 'AWS roles for workloads on Kubernetes, by IAM Roles Anywhere: what operators run',
      license,
      type: 'module',
      bin: { [NAME]: `${NAME}.js` },
      engines: { node: NODE },
    }
    writeFileSync(join(laid, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
    copyFileSync(join(ROOT, 'LICENSE'), join(laid, 'LICENSE'))
    writeFileSync(join(laid, 'README.md'), withoutLinks(readFileSync(join(ROOT, 'docs/cli.md'), 'utf8')))
    writeFileSync(join(laid, 'NOTICES'), notices(laid))
    npm(['pack', '--silent', '--pack-destination', work], laid)
    return `${NAME}-${version}.tgz`
  })
}

/** @returns the file @throws Error if bun fails */
export function compileOperator(folder: string): string {
  return aside(folder, (work) => {
    compile({ entry: ENTRY, target: localTarget(), outfile: join(work, NAME) })
    return NAME
  })
}

/** Made on the side and moved in one step, so that nobody sees half a file. */
function aside(folder: string, make: (work: string) => string): string {
  mkdirSync(folder, { recursive: true })
  const work = mkdtempSync(join(folder, 'build-'))
  try {
    const name = make(work)
    renameSync(join(work, name), join(folder, name))
    return join(folder, name)
  } finally {
    rmSync(work, { recursive: true })
  }
}

/** Other documents of this repository are not in the package. */
function withoutLinks(page: string): string {
  return page.replace(/\[([^\]]+)\]\((?!https:)[^)]*\)/g, '$1')
}

/** The licences of the packages within, which the bundler's comments name. */
function notices(laid: string): string {
  const modules = readdirSync(laid).filter((name) => name.endsWith('.js'))
  const found = modules.flatMap((name) => [
    ...readFileSync(join(laid, name), 'utf8').matchAll(/^\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm),
  ])
  const names = [...new Set(found.map(([, name = '']) => name))].sort()
  return names.map(notice).join(`\n${'-'.repeat(80)}\n\n`)
}

/** @throws Error if a package has no text of its licence, and the licence is not ours, whose text is in LICENSE */
function notice(name: string): string {
  const folder = join(ROOT, 'node_modules', name)
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly version: string
    readonly license: string
  }
  const head = `${name} ${version} (${license})\n`
  const file = readdirSync(folder).find((one) => /^licen[sc]e(\.|$)/i.test(one))
  if (file !== undefined) return `${head}\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
  if (license === packageJson().license) return `${head}\nSee LICENSE.\n`
  throw new Error(`${name} has no text of its licence`)
}
