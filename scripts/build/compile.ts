/** One executable by Bun, in an environment in which nothing of this machine changes its bytes. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../checks/files.ts'

export interface Compilation {
  /** Relative to the project's folder. */
  readonly entry: string
  /** Bun's name of it, such as `bun-linux-x64-baseline`. */
  readonly target: string
  /** Its last part is among the bytes. */
  readonly outfile: string
  /** Bun's executable for the target. Default the one that compiles, which is this machine's. */
  readonly runtime?: string
  /** The project's folder. Default this one. */
  readonly project?: string
}

export const ENTRY = 'src/aws-iam-ra.ts'

/** Bun's name of this machine's kind. */
export function localTarget(): string {
  return `bun-${process.platform}-${process.arch}`
}

/** @throws Error where bun fails */
export function compile({ entry, target, outfile, runtime, project = ROOT }: Compilation): void {
  runBun('scripts/bundle.ts', [entry, target, outfile, ...(runtime === undefined ? [] : [runtime])], project)
}

/** Runs a program of ours that needs Bun's bundler. @throws Error if bun fails */
export function runBun(program: string, args: readonly string[], project = ROOT): void {
  // Bun looks for runtimes, a bunfig.toml and caches in a home; this one is empty.
  const home = mkdtempSync(join(tmpdir(), 'iam-ra-build-'))
  try {
    const result = spawnSync(join(ROOT, 'node_modules/.bin/bun'), [join(project, program), ...args], {
      cwd: project,
      encoding: 'utf8',
      env: {
        HOME: home,
        TMPDIR: home,
        // Bun checks no digest of a runtime that it downloads (oven-sh/bun#36173). So it gets none to download.
        BUN_COMPILE_TARGET_TARBALL_URL: 'http://127.0.0.1:1/none.tgz',
      },
    })
    if (result.error !== undefined) {
      throw new Error(
        `bun cannot be started (${result.error.message}): run npm ci, with install scripts allowed`,
      )
    }
    if (result.status !== 0) throw new Error(`bun build failed:\n${result.stdout}${result.stderr}`)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
