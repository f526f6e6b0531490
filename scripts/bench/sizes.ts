/** The sizes of files in a registry. Compressing takes a minute each, so results are kept under the digest of the bytes. */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measureSizes, type Sizes } from '../build/sizes.ts'
import { ROOT } from '../checks/files.ts'
import type { FileSize } from './results.ts'

const CACHE = join(ROOT, '.cache/bench-sizes')

/** @param files description → path */
export async function fileSizes(files: Readonly<Record<string, string>>): Promise<FileSize[]> {
  return await Promise.all(
    Object.entries(files).map(async ([what, path]) => ({ what, ...(await sizesOf(path)) })),
  )
}

async function sizesOf(path: string): Promise<Sizes> {
  const bytes = readFileSync(path)
  const kept = join(CACHE, `${createHash('sha256').update(bytes).digest('hex')}.json`)
  try {
    return JSON.parse(readFileSync(kept, 'utf8')) as Sizes
  } catch {
    // Not seen before.
  }
  const sizes = await measureSizes(bytes)
  mkdirSync(CACHE, { recursive: true })
  writeFileSync(kept, JSON.stringify(sizes))
  return sizes
}
