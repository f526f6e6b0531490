/** What a registry stores and a node pulls of a file: images are packed by gzip or zstd. */
import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'

export interface Sizes {
  readonly raw: number
  readonly zstd: number
  readonly gzip: number
}

/** In bytes: 45 MB as zstd -19, 56 MB as gzip -6. Bun's runtime alone takes 41 and 52 of it. */
const LIMITS = { zstd: 45_000_000, gzip: 56_000_000 } as const

/** Of the operator's program, which brings the clients of AWS. */
export const OPERATOR_LIMITS = { ...LIMITS, gzip: 60_000_000 } as const

/** Takes about a minute for each 100 MB. */
export async function measureSizes(file: Buffer): Promise<Sizes> {
  const [zstdPacked, gzipPacked] = await Promise.all([
    promisify(zstdCompress)(file, { params: { [constants.ZSTD_c_compressionLevel]: 19 } }),
    promisify(gzip)(file, { level: 6 }),
  ])
  return { raw: file.length, zstd: zstdPacked.length, gzip: gzipPacked.length }
}

/** Of what is part of no image. */
export async function gzipSize(file: Buffer): Promise<number> {
  return (await promisify(gzip)(file, { level: 6 })).length
}

/** One sentence for each limit that it passes. */
export function sizeProblems(
  name: string,
  sizes: Partial<Sizes>,
  limits: Readonly<Record<'zstd' | 'gzip', number>> = LIMITS,
): string[] {
  return (['zstd', 'gzip'] as const).flatMap((kind) => {
    const size = sizes[kind] ?? 0
    return size > limits[kind]
      ? [`${name} takes ${megabytes(size)} as ${kind}, and ${megabytes(limits[kind])} at most`]
      : []
  })
}

/** MB of a million bytes, as registries count. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}
