/** Where the shared libraries of an executable are: on this Debian, or in a package of Debian's for a machine of another kind. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ElfFacts } from '../build/elf.ts'

export interface Libraries {
  /** `/` for those of this machine, or a folder with the same paths below. */
  readonly root: string
  /** Where Debian has libraries for such a machine. */
  readonly folder: string
  /** Of libc6, as Debian counts. */
  readonly version: string
}

interface Kind {
  /** Debian's name of it, and the images'. */
  readonly architecture: 'amd64' | 'arm64'
  readonly folder: string
}

const KINDS: Readonly<Record<ElfFacts['machine'], Kind>> = {
  'x86-64': { architecture: 'amd64', folder: '/lib/x86_64-linux-gnu' },
  arm64: { architecture: 'arm64', folder: '/lib/aarch64-linux-gnu' },
}

/** @throws Error where this is no Debian, or the package cannot be had */
export function findLibraries(machine: ElfFacts['machine']): Libraries {
  const { architecture, folder } = KINDS[machine]
  if (run('dpkg', ['--print-architecture']).trim() === architecture) {
    return { root: '/', folder, version: run('dpkg-query', ['-W', '-f', '${Version}', 'libc6']) }
  }
  const root = fetchPackage(architecture)
  const version = run('dpkg-deb', ['-f', debianPackage(root), 'Version'], root).trim()
  return { root, folder, version }
}

/**
 * Of the release and security archives that apt knows, whose signatures it checks; what this machine has stays as it is.
 * Anew each time: what was kept would miss a fix. @returns a folder that goes with the process
 */
function fetchPackage(architecture: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'iam-ra-libc6-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const state = join(folder, 'apt')
  mkdirSync(state)
  const settings = [
    ...[`Dir::State=${state}`, `Dir::Cache=${state}`, 'Dir::State::status=/dev/null'],
    ...[`APT::Architecture=${architecture}`, `APT::Architectures=${architecture}`],
    'APT::Sandbox::User=root',
  ].flatMap((setting) => ['-o', setting])
  run('apt-get', ['-qq', ...settings, 'update'])
  run('apt-get', ['-qq', ...settings, 'download', 'libc6'], folder)
  run('dpkg-deb', ['-x', debianPackage(folder), '.'], folder)
  return folder
}

function debianPackage(folder: string): string {
  const name = readdirSync(folder).find((one) => one.endsWith('.deb'))
  if (name === undefined) throw new Error('apt-get download produced no package')
  return name
}

function run(command: string, args: readonly string[], cwd = '/'): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status === 0) return stdout
  throw new Error(`${command} failed (it needs Debian): ${error?.message ?? stderr}`)
}
