/**
 * Bun's runtime for a machine of another kind, from npm and with the digest that package-lock.json pins. Since Bun 1.4
 * there is one for x86-64, made for Nehalem: it needs no AVX2 (oven-sh/bun#36465).
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { ROOT } from '../checks/files.ts'
import { npm } from './npm.ts'

const CACHE = join(ROOT, '.cache/bun')

export interface PinnedPackage {
  readonly name: string
  readonly version: string
  /** As npm writes it: `sha512-` and base64. */
  readonly integrity: string
}

/** What package-lock.json says of a package. @throws Error where it says nothing */
export function pinned(name: string): PinnedPackage {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity?: string }>>
  }
  const found = lock.packages[`node_modules/${name}`]
  if (found?.integrity === undefined) throw new Error(`package-lock.json pins no digest of ${name}`)
  return { name, version: found.version, integrity: found.integrity }
}

/**
 * Lays the runtime into the folder. The archive is kept in the project's cache folder, and checked each time.
 * @returns its path
 * @throws Error where it cannot be had, or is not what was pinned
 */
export function extractRuntime(name: string, folder: string): string {
  const archive = fetchPackage(pinned(name))
  const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', folder, 'package/bin/bun'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '' },
  })
  if (status !== 0) throw new Error(`tar cannot read ${basename(archive)}: ${stderr}`)
  return join(folder, 'package/bin/bun')
}

function fetchPackage(wanted: PinnedPackage): string {
  mkdirSync(CACHE, { recursive: true })
  const kept = join(CACHE, `${wanted.name.replace('/', '-').replace('@', '')}-${wanted.version}.tgz`)
  if (!existsSync(kept)) {
    const aside = mkdtempSync(join(CACHE, 'fetching-'))
    try {
      const name = npm(['pack', '--silent', `${wanted.name}@${wanted.version}`], aside).trim()
      renameSync(join(aside, basename(name)), kept)
    } finally {
      rmSync(aside, { recursive: true })
    }
  }
  try {
    verify(readFileSync(kept), wanted)
  } catch (error) {
    // Or it would stand in the way for ever.
    rmSync(kept)
    throw error
  }
  return kept
}

/** @throws Error where these are not the bytes that were pinned */
export function verify(archive: Buffer, { name, version, integrity }: PinnedPackage): void {
  const found = `sha512-${createHash('sha512').update(archive).digest('base64')}`
  if (found !== integrity)
    throw new Error(`${name} ${version} has another digest than package-lock.json pins: ${found}`)
}
