/**
 * The files of a release with their SHA256SUMS. It is not made if a second build elsewhere gives other bytes, or if a file
 * is too large, needs more than is promised, or has a wrong signature.
 */
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { ROOT } from '../checks/files.ts'
import { compile, ENTRY } from './compile.ts'
import { difference } from './difference.ts'
import { npm } from './npm.ts'
import { OPERATOR } from './operator.ts'
import { extractRuntime } from './runtime.ts'
import { gzipSize, measureSizes, megabytes, OPERATOR_LIMITS, sizeProblems, type Sizes } from './sizes.ts'
import { LINUX, MAC, requirements, type Target } from './targets.ts'

interface Program {
  readonly name: string
  readonly entry: string
  readonly targets: readonly Target[]
  /** For npm ci: the packages that it is built of. */
  readonly packages: readonly string[]
  readonly isPartOfImage: boolean
  readonly limits?: typeof OPERATOR_LIMITS
  /** In dist. */
  readonly directory: string
}

export const PODS_RELEASE: Program = {
  ...{ name: 'aws-iam-ra', entry: ENTRY, targets: LINUX },
  ...{ packages: ['--omit=dev'], directory: 'release', isPartOfImage: true },
}

export const OPERATOR_RELEASE: Program = {
  ...{ ...OPERATOR, targets: [...LINUX, MAC] },
  // Of the optional ones all are other machines' executables.
  ...{ packages: ['--omit=optional'], directory: 'release-operator', isPartOfImage: false },
  limits: OPERATOR_LIMITS,
}

/**
 * @param local the executable of this machine that the tests run
 * @param more further files of the release
 * @throws Error that says what does not hold
 */
export async function release(program: Program, local: string, more: readonly string[] = []): Promise<void> {
  const aside = mkdtempSync(join(ROOT, 'dist/build-'))
  // Deeper than this one, with packages fresh from the registry.
  const elsewhere = mkdtempSync(join(tmpdir(), 'iam-ra-second-'))
  try {
    const second = copyProject(program, join(elsewhere, 'a/deeper/folder'))
    const places = { aside, elsewhere, second }
    const files = program.targets.map((target) => ({ target, file: buildTwice(program, target, places) }))
    const sizes = await Promise.all(files.map(({ file }) => sizesOf(program, file)))
    const problems = files.flatMap(({ target, file }, at) => {
      const size = sizes[at] ?? {}
      const { needs, problems } = requirements(file, target)
      process.stdout.write(`${program.name}-${target.name}: ${inWords(size)}, ${needs}\n`)
      return [
        ...problems,
        ...notTheTested(target, file, local),
        ...sizeProblems(target.name, size, program.limits),
      ]
    })
    if (problems.length > 0) throw new Error(problems.join('\n'))
    publish(join(aside, 'release'), program.directory, [
      ...files.map(({ target, file }) => ({ name: `${program.name}-${target.name}`, file, mode: 0o755 })),
      ...more.map((path) => ({ name: basename(path), file: readFileSync(path), mode: 0o644 })),
    ])
  } finally {
    rmSync(aside, { recursive: true, force: true })
    rmSync(elsewhere, { recursive: true, force: true })
  }
}

/** Images are packed by zstd too. */
async function sizesOf({ isPartOfImage }: Program, file: Buffer): Promise<Partial<Sizes>> {
  return isPartOfImage ? measureSizes(file) : { raw: file.length, gzip: await gzipSize(file) }
}

function inWords({ raw = 0, zstd, gzip = 0 }: Partial<Sizes>): string {
  const small = zstd === undefined ? '' : `zstd -19 ${megabytes(zstd)}, `
  return `${megabytes(raw)}, ${small}gzip -6 ${megabytes(gzip)}`
}

/** What a build reads, and no more. */
function copyProject({ packages }: Program, to: string): string {
  for (const path of [
    'src',
    'scripts/bundle.ts',
    'scripts/build/asn1-rsa.ts',
    'scripts/build/leave-out.ts',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
  ])
    cpSync(join(ROOT, path), join(to, path), { recursive: true })
  npm(['ci', ...packages, '--ignore-scripts', '--no-progress'], to)
  return to
}

interface Places {
  readonly aside: string
  readonly elsewhere: string
  /** The copy of the project. */
  readonly second: string
}

function buildTwice({ name, entry }: Program, target: Target, { aside, elsewhere, second }: Places): Buffer {
  const work = mkdtempSync(join(aside, `${target.name}-`))
  const runtime = extractRuntime(target.runtime, work)
  // A file's name is among its bytes: all have that of the executable of this machine.
  const outfile = join(work, name)
  compile({ entry, target: target.bun, runtime, outfile })
  const again = join(elsewhere, target.name, name)
  mkdirSync(dirname(again))
  compile({ entry, target: target.bun, runtime, outfile: again, project: second })
  const file = readFileSync(outfile)
  const found = difference(file, readFileSync(again))
  if (found !== undefined) throw new Error(`${target.name}: a second build elsewhere is another: ${found}`)
  return file
}

/** The tests run this machine's executable in dist: it has to be the file that ships. */
function notTheTested(target: Target, file: Buffer, local: string): string[] {
  if (target.name !== `${process.platform}-${process.arch}`) return []
  const found = difference(file, readFileSync(local))
  return found === undefined ? [] : [`${target.name} is not the file that the tests run: ${found}`]
}

interface Released {
  readonly name: string
  readonly file: Buffer
  readonly mode: number
}

function publish(draft: string, directory: string, files: readonly Released[]): void {
  mkdirSync(draft)
  const sums = files.map(({ name, file, mode }) => {
    writeFileSync(join(draft, name), file, { mode })
    return `${createHash('sha256').update(file).digest('hex')}  ${name}\n`
  })
  writeFileSync(join(draft, 'SHA256SUMS'), sums.join(''))
  const final = join(ROOT, 'dist', directory)
  rmSync(final, { recursive: true, force: true })
  renameSync(draft, final)
}
