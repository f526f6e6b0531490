/**
 * Builds the image of aws-iam-ra for amd64 and arm64 from dist/release, as dist/images/aws-iam-ra.oci.tar: one OCI
 * archive for both, as registries store it. Its bytes depend only on the release's files, the C library and the
 * commit's time.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { megabytes } from './build/sizes.ts'
import { ROOT } from './checks/files.ts'
import { between, markdownTable } from './generated.ts'
import { writeArchive, type MachineImage } from './images/archive.ts'
import { openBuildah, type Buildah } from './images/buildah.ts'
import { layOut } from './images/files.ts'

/** Limit on the download size, in bytes. */
const LIMIT = 45_000_000
const MACHINES = { amd64: 'linux-x64', arm64: 'linux-arm64' } as const

/** From a prebuilt executable. @param architecture Defaults to this machine's. */
export function buildImage(
  buildah: Buildah,
  {
    executable,
    tag,
    architecture,
  }: { readonly executable: string; readonly tag: string; readonly architecture?: string },
): void {
  const context = mkdtempSync(join(tmpdir(), 'iam-ra-image-'))
  try {
    layOut(executable, join(context, 'files'))
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
    buildah.build(
      {
        file: join(ROOT, 'images/aws-iam-ra/Containerfile'),
        tag,
        contexts: { files: context },
        args: { VERSION: version },
        ...(architecture === undefined ? {} : { architecture }),
      },
      commitSeconds(),
    )
  } finally {
    rmSync(context, { recursive: true, force: true })
  }
}

/** For docs/performance.md. @param sizes bytes by architecture */
function writeSizes(sizes: readonly (readonly [string, number])[]): void {
  const page = join(ROOT, 'docs/performance.md')
  const rows = sizes.map(([name, size]) => [name, (size / 1e6).toFixed(1)])
  const table = markdownTable(['image for', 'MB'], rows, { numbers: true })
  writeFileSync(page, between(readFileSync(page, 'utf8'), 'images', `\n${table}\n`))
}

/** The time of the last commit; 0 outside of a repository. */
function commitSeconds(): number {
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, encoding: 'utf8' })
  return status === 0 ? Number(stdout) : 0
}

/**
 * @param release the directory with a release's executables
 * @throws Error if one is missing, or an image is too large
 */
export async function buildArchive(release: string, file: string): Promise<void> {
  const buildah = openBuildah()
  const folder = mkdtempSync(join(tmpdir(), 'iam-ra-images-'))
  try {
    const images = Object.entries(MACHINES).map(([architecture, name]): MachineImage => {
      const executable = join(release, `aws-iam-ra-${name}`)
      if (!existsSync(executable)) {
        throw new Error(`aws-iam-ra-${name} is missing: run npm run build -- --release`)
      }
      const tag = `aws-iam-ra:${architecture}`
      buildImage(buildah, { executable, tag, architecture })
      const layout = join(folder, architecture)
      buildah.push(tag, `oci:${layout}`)
      return { architecture, layout }
    })
    process.stdout.write('images: compressing with zstd -19, which takes a minute or more\n')
    const sizes = Object.entries(await writeArchive(images, 'aws-iam-ra', file))
    const figures = sizes.map(([name, size]) => `${name} ${megabytes(size)}`)
    process.stdout.write(`built ${basename(file)} (download size: ${figures.join(', ')})\n`)
    writeSizes(sizes)
    const large = sizes.find(([, size]) => size > LIMIT)
    if (large !== undefined)
      throw new Error(`the image for ${large[0]} is ${megabytes(large[1])}; the limit is ${megabytes(LIMIT)}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    buildah.close()
  }
}

if (import.meta.main) {
  // Everything temporary is in one directory, which is removed in any case.
  const work = mkdtempSync(join(tmpdir(), 'iam-ra-images-'))
  process.env['TMPDIR'] = work
  process.on('exit', () => rmSync(work, { recursive: true, force: true }))
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => process.exit(128 + constants.signals[name]))
  try {
    await buildArchive(join(ROOT, 'dist/release'), join(ROOT, 'dist/images/aws-iam-ra.oci.tar'))
  } catch (error) {
    process.stderr.write(`images: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
