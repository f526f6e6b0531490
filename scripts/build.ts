/**
 * Builds dist/aws-iam-ra: one self-contained executable for this machine's platform. With `--operator` builds only the
 * operator's program: dist/iam-ra and its npm package. With `--release` also builds the published files of that program, in
 * dist/release or dist/release-operator.
 */
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { compile, ENTRY, localTarget } from './build/compile.ts'
import { compileOperator, packOperator } from './build/operator.ts'
import { OPERATOR_RELEASE, PODS_RELEASE, release } from './build/release.ts'
import { megabytes } from './build/sizes.ts'
import { ROOT } from './checks/files.ts'

const output = join(ROOT, 'dist/aws-iam-ra')

/** @throws Error if bun fails */
export function build(): void {
  mkdirSync(join(ROOT, 'dist'), { recursive: true })
  // The file's name is part of its bytes, so the temporary build keeps it.
  const aside = mkdtempSync(join(ROOT, 'dist/build-'))
  try {
    compile({ entry: ENTRY, target: localTarget(), outfile: join(aside, 'aws-iam-ra') })
    // Renamed in one step, so that a test running meanwhile never sees half a file.
    renameSync(join(aside, 'aws-iam-ra'), output)
  } finally {
    rmSync(aside, { recursive: true })
  }
}

/** Builds dist/release, once dist/aws-iam-ra exists. @throws Error that says which requirement is not met */
export async function buildRelease(): Promise<void> {
  await release(PODS_RELEASE, output)
}

function built(file: string): void {
  process.stdout.write(`built ${relative(ROOT, file)} (${megabytes(statSync(file).size)})\n`)
}

/** @param isReleased whether to build dist/release-operator too @throws Error as above */
export async function buildOperator(isReleased: boolean): Promise<void> {
  const dist = join(ROOT, 'dist')
  const tarball = packOperator(dist)
  built(tarball)
  const executable = compileOperator(dist)
  built(executable)
  if (isReleased) await release(OPERATOR_RELEASE, executable, [tarball])
}

if (import.meta.main) {
  try {
    const { values } = parseArgs({
      options: {
        release: { type: 'boolean', default: false },
        operator: { type: 'boolean', default: false },
      },
    })
    if (values.operator) await buildOperator(values.release)
    else {
      build()
      built(output)
      if (values.release) await buildRelease()
    }
    if (values.release)
      process.stdout.write(
        `built dist/${(values.operator ? OPERATOR_RELEASE : PODS_RELEASE).directory}: two builds are identical\n`,
      )
  } catch (error) {
    process.stderr.write(`build: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
