/**
 * The files of a release: dist/release/aws-iam-ra-linux-x64 and -arm64, both for glibc, and SHA256SUMS. It is not made
 * where a second build elsewhere gives other bytes, or where a file is too large or asks for more than is promised.
 */
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { ROOT } from '../checks/files.ts'
import { compile, ENTRY } from './compile.ts'
import { difference } from './difference.ts'
import { compareVersions, readElf, type ElfFacts } from './elf.ts'
import { npm } from './npm.ts'
import { extractRuntime } from './runtime.ts'
import { measureSizes, megabytes, sizeProblems } from './sizes.ts'

export interface Target {
  readonly name: string
  /** Bun's name, and its runtime's package. */
  readonly bun: string
  readonly runtime: string
  readonly machine: ElfFacts['machine']
  readonly interpreter: string
}

const TARGETS: readonly Target[] = [
  {
    name: 'linux-x64',
    bun: 'bun-linux-x64-baseline',
    runtime: '@oven/bun-linux-x64',
    machine: 'x86-64',
    interpreter: '/lib64/ld-linux-x86-64.so.2',
  },
  {
    name: 'linux-arm64',
    bun: 'bun-linux-arm64',
    runtime: '@oven/bun-linux-aarch64',
    machine: 'arm64',
    interpreter: '/lib/ld-linux-aarch64.so.1',
  },
]

/** All in glibc's own package, so an image with the C library alone will do. */
const LIBRARIES = ['libc.so.6', 'libdl.so.2', 'libm.so.6', 'libpthread.so.0']
/** Of 2012: RHEL 7 and everything younger. */
const GLIBC = '2.17'

/** What a file asks of the machine beyond what is promised. */
export function elfProblems(facts: ElfFacts, target: Target): string[] {
  const loader = target.interpreter.slice(target.interpreter.lastIndexOf('/') + 1)
  const others = facts.libraries.filter((name) => name !== loader && !LIBRARIES.includes(name))
  return [
    ...(facts.machine === target.machine ? [] : [`it is for ${facts.machine}`]),
    ...(facts.interpreter === target.interpreter ? [] : [`its loader is ${facts.interpreter}`]),
    ...(others.length === 0 ? [] : [`it needs ${others.join(', ')}`]),
    ...(compareVersions(facts.glibc, GLIBC) <= 0 ? [] : [`it needs glibc ${facts.glibc}`]),
  ].map((problem) => `${target.name}: ${problem}`)
}

/** @param local the executable of this machine that the tests run @throws Error that says what does not hold */
export async function release(local: string): Promise<void> {
  const aside = mkdtempSync(join(ROOT, 'dist/build-'))
  // Deeper than this one, with packages fresh from the registry.
  const elsewhere = mkdtempSync(join(tmpdir(), 'iam-ra-second-'))
  try {
    const second = copyProject(join(elsewhere, 'a/deeper/folder'))
    const files = TARGETS.map((target) => ({ target, file: buildTwice(target, aside, elsewhere, second) }))
    const problems = files.flatMap(({ target, file }) => [
      ...elfProblems(readElf(file), target),
      ...notTheTested(target, file, local),
    ])
    const sizes = await Promise.all(files.map(({ file }) => measureSizes(file)))
    files.forEach(({ target, file }, at) => {
      const { raw, zstd, gzip } = sizes[at] ?? { raw: file.length, zstd: 0, gzip: 0 }
      problems.push(...sizeProblems(target.name, { raw, zstd, gzip }))
      const packed = `zstd -19 ${megabytes(zstd)}, gzip -6 ${megabytes(gzip)}`
      process.stdout.write(
        `aws-iam-ra-${target.name}: ${megabytes(raw)}, ${packed}, glibc ${readElf(file).glibc}\n`,
      )
    })
    if (problems.length > 0) throw new Error(problems.join('\n'))
    publish(
      join(aside, 'release'),
      files.map(({ target, file }) => [`aws-iam-ra-${target.name}`, file]),
    )
  } finally {
    rmSync(aside, { recursive: true, force: true })
    rmSync(elsewhere, { recursive: true, force: true })
  }
}

/** What a build reads, and no more. */
function copyProject(to: string): string {
  for (const path of [
    'src',
    'scripts/bundle.ts',
    'scripts/build/asn1-rsa.ts',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ])
    cpSync(join(ROOT, path), join(to, path), { recursive: true })
  npm(['ci', '--omit=dev', '--ignore-scripts', '--no-progress'], to)
  return to
}

function buildTwice(target: Target, aside: string, elsewhere: string, second: string): Buffer {
  const folder = mkdtempSync(join(aside, `${target.name}-`))
  const runtime = extractRuntime(target.runtime, folder)
  // A file's name is among its bytes: all have that of the executable of this machine.
  const outfile = join(folder, 'aws-iam-ra')
  compile({ entry: ENTRY, target: target.bun, runtime, outfile })
  const again = join(elsewhere, target.name, 'aws-iam-ra')
  mkdirSync(dirname(again))
  compile({ entry: ENTRY, target: target.bun, runtime, outfile: again, project: second })
  const file = readFileSync(outfile)
  const found = difference(file, readFileSync(again))
  if (found !== undefined)
    throw new Error(`${target.name}: a second build in another folder is another: ${found}`)
  return file
}

/** The end-to-end tests run dist/aws-iam-ra: it has to be the file that ships. */
function notTheTested(target: Target, file: Buffer, local: string): string[] {
  if (target.name !== `${process.platform}-${process.arch}`) return []
  const found = difference(file, readFileSync(local))
  return found === undefined ? [] : [`${target.name} is not the file that the tests run: ${found}`]
}

function publish(draft: string, files: readonly (readonly [string, Buffer])[]): void {
  mkdirSync(draft)
  const sums = files.map(([name, file]) => {
    writeFileSync(join(draft, name), file, { mode: 0o755 })
    return `${createHash('sha256').update(file).digest('hex')}  ${name}\n`
  })
  writeFileSync(join(draft, 'SHA256SUMS'), sums.join(''))
  const final = join(ROOT, 'dist/release')
  rmSync(final, { recursive: true, force: true })
  renameSync(draft, final)
}
