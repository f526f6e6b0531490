/** Builds dist/aws-iam-ra: one self-contained executable of this machine's kind. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './checks/files.ts'

const output = join(ROOT, 'dist/aws-iam-ra')

/** @throws Error where bun fails */
export function build(): void {
  mkdirSync(join(ROOT, 'dist'), { recursive: true })
  // The file's name is part of its bytes, so a build on the side keeps it.
  const aside = mkdtempSync(join(ROOT, 'dist/build-'))
  try {
    compile(join(aside, 'aws-iam-ra'))
    // In one step, so that a test that runs meanwhile never sees half a file.
    renameSync(join(aside, 'aws-iam-ra'), output)
  } finally {
    rmSync(aside, { recursive: true })
  }
}

function compile(to: string): void {
  const result = spawnSync(
    join(ROOT, 'node_modules/.bin/bun'),
    [
      'build',
      '--compile',
      '--minify',
      '--bytecode',
      '--format=esm',
      // A .env or bunfig.toml in the container's working folder must not change what the binary does.
      '--no-compile-autoload-dotenv',
      '--no-compile-autoload-bunfig',
      join(ROOT, 'src/aws-iam-ra.ts'),
      `--outfile=${to}`,
    ],
    { cwd: ROOT, encoding: 'utf8' },
  )
  if (result.error !== undefined) {
    throw new Error(
      `bun cannot be started (${result.error.message}): run npm ci, with install scripts allowed`,
    )
  }
  if (result.status !== 0) throw new Error(`bun build failed:\n${result.stdout}${result.stderr}`)
}

if (import.meta.main) {
  try {
    build()
    const megabytes = (statSync(output).size / 1e6).toFixed(1)
    process.stdout.write(`built dist/aws-iam-ra (${megabytes} MB)\n`)
  } catch (error) {
    process.stderr.write(`build: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
