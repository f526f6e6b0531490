import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdDecompressSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { writeArchive, type Descriptor, type Manifest } from '../../scripts/images/archive.ts'

const folder = mkdtempSync(join(tmpdir(), 'iam-ra-archive-test-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const MACHINES = ['amd64', 'arm64'] as const
const LAYERS = {
  amd64: Buffer.from('files of one'.repeat(99)),
  arm64: Buffer.from('files of two'.repeat(99)),
}

const file = join(folder, 'image.oci.tar')
const images = MACHINES.map((architecture) => ({ architecture, layout: layout(architecture) }))
const sizes = await writeArchive(images, 'aws-iam-ra', file)
const unpacked = join(folder, 'unpacked')
mkdirSync(unpacked)
spawnSync('tar', ['-xf', file, '-C', unpacked])

const archive = suite('archive of images')

archive('a registry finds the image of each machine under one name', () => {
  const top = JSON.parse(readFileSync(join(unpacked, 'index.json'), 'utf8')) as {
    readonly manifests: readonly (Descriptor & { readonly annotations: Readonly<Record<string, string>> })[]
  }
  assert.is(top.manifests.length, 1)
  assert.is(top.manifests[0]?.annotations['org.opencontainers.image.ref.name'], 'aws-iam-ra')
  assert.equal(
    machines().map(({ platform }) => platform),
    MACHINES.map((architecture) => ({ architecture, os: 'linux' })),
  )
})

archive(
  'layers are packed by zstd, hold what they held, and have the digest and size that is said of them',
  () => {
    for (const descriptor of machines()) {
      const manifest = JSON.parse(blob(descriptor).toString()) as Manifest
      assert.is(manifest.layers.length, 1)
      for (const layer of manifest.layers) {
        assert.is(layer.mediaType, 'application/vnd.oci.image.layer.v1.tar+zstd')
        assert.equal(zstdDecompressSync(blob(layer)), LAYERS[descriptor.platform.architecture])
      }
      assert.equal(JSON.parse(blob(manifest.config).toString()), { of: descriptor.platform.architecture })
      const pulled = [manifest.config, ...manifest.layers].reduce((sum, { size }) => sum + size, 0)
      assert.is(sizes[descriptor.platform.architecture], pulled)
    }
  },
)

archive('the same images give the same bytes', async () => {
  const again = join(folder, 'again.oci.tar')
  await writeArchive(images, 'aws-iam-ra', again)
  assert.ok(readFileSync(again).equals(readFileSync(file)))
})

archive.run()

function machines() {
  const top = JSON.parse(readFileSync(join(unpacked, 'index.json'), 'utf8')) as {
    readonly manifests: readonly [Descriptor]
  }
  return (
    JSON.parse(blob(top.manifests[0]).toString()) as {
      manifests: readonly (Descriptor & {
        platform: { architecture: (typeof MACHINES)[number]; os: string }
      })[]
    }
  ).manifests
}

/** Checked as a registry does. */
function blob({ digest, size }: Descriptor): Buffer {
  const content = readFileSync(join(unpacked, 'blobs', digest.replace(':', '/')))
  assert.is(`sha256:${createHash('sha256').update(content).digest('hex')}`, digest)
  assert.is(content.length, size)
  return content
}

/** As buildah pushes one. */
function layout(architecture: (typeof MACHINES)[number]): string {
  const path = join(folder, architecture)
  mkdirSync(join(path, 'blobs/sha256'), { recursive: true })
  const put = (mediaType: string, content: Buffer): Descriptor => {
    const hex = createHash('sha256').update(content).digest('hex')
    writeFileSync(join(path, 'blobs/sha256', hex), content)
    return { mediaType, digest: `sha256:${hex}`, size: content.length }
  }
  const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))
  const config = put('application/vnd.oci.image.config.v1+json', json({ of: architecture }))
  const layers = [put('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(LAYERS[architecture]))]
  const manifest = put('application/vnd.oci.image.manifest.v1+json', json({ config, layers }))
  writeFileSync(join(path, 'index.json'), json({ manifests: [manifest] }))
  return path
}
