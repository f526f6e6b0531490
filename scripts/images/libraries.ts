/** Finds the shared libraries of an executable: on this Debian machine, or in a Debian package for another platform. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ElfFacts } from '../build/elf.ts'

export interface Libraries {
  /** `/` for this machine's libraries, or a directory with the same paths below it. */
  readonly root: string
  /** Debian's library directory for such a machine. */
  readonly folder: string
  /** Debian's version of libc6. */
  readonly version: string
}

interface Kind {
  /** The platform's name in Debian and in images. */
  readonly architecture: 'amd64' | 'arm64'
  readonly folder: string
}

const KINDS: Readonly<Record<ElfFacts['machine'], Kind>> = {
  'x86-64': { architecture: 'amd64', folder: '/lib/x86_64-linux-gnu' },
  arm64: { architecture: 'arm64', folder: '/lib/aarch64-linux-gnu' },
}

/** @throws Error if this is not Debian, or the package is unavailable */
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
 * From the release and security archives that apt knows, whose signatures it checks; the packages installed on this
 * machine are left alone. Downloaded each time: a cached copy would miss a fix. @returns a directory that is removed
 * with the process
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
