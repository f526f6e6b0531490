import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readElf } from '../../scripts/build/elf.ts'
import { ROOT } from '../../scripts/checks/files.ts'

/** The image as it was built for the node, unpacked: its one layer and its configuration. */
const folder = mkdtempSync(join(tmpdir(), 'iam-ra-image-test-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
untar(join(process.env['IAM_RA_IMAGES'] ?? '', 'aws-iam-ra.tar'))
const [{ Config, Layers }] = read('manifest.json') as readonly [
  { readonly Config: string; readonly Layers: readonly string[] },
]
for (const layer of Layers) untar(join(folder, layer), join(folder, 'files'))
const image = read(Config) as {
  readonly config: {
    readonly User: string
    readonly Env?: readonly string[]
    readonly Entrypoint: readonly string[]
    readonly Cmd?: readonly string[]
    readonly Labels: Readonly<Record<string, string>>
  }
}
const files = readdirSync(join(folder, 'files'), { recursive: true, encoding: 'utf8', withFileTypes: true })
  .filter((entry) => !entry.isDirectory())
  .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, 'files').length))
  .toSorted()

const images = suite('image of aws-iam-ra')

images('it holds the executable, what that needs, and nothing else', () => {
  const { interpreter, libraries } = readElf(readFileSync(join(folder, 'files/usr/local/bin/aws-iam-ra')))
  const needed = libraries.filter((name) => name !== basename(interpreter))
  const found = files.filter((path) => path.includes('.so')).map((path) => basename(path))
  assert.equal(found.toSorted(), [...needed, basename(interpreter)].toSorted())
  assert.equal(
    files.filter((path) => !path.includes('.so')),
    [
      '/etc/group',
      '/etc/passwd',
      '/usr/local/bin/aws-iam-ra',
      '/usr/share/doc/aws-iam-ra/LICENSE',
      '/usr/share/doc/aws-iam-ra/sbom.cdx.json',
      '/usr/share/doc/libc6/copyright',
    ],
  )
})

images('it runs as 65532 without HOME, and knows the home of 65532 and 65534', () => {
  const { User, Env = [], Entrypoint, Cmd } = image.config
  assert.is(User, '65532:65532')
  assert.equal(Entrypoint, ['/usr/local/bin/aws-iam-ra'])
  assert.is(Cmd, undefined)
  assert.equal(
    Env.map((line) => line.split('=')[0]),
    ['PATH'],
  )
  const homes = readFileSync(join(folder, 'files/etc/passwd'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(':'))
    .map(([, , uid, , , home]) => [uid, home])
  assert.equal(homes, [
    ['65532', '/home/nobody'],
    ['65534', '/home/nobody'],
  ])
})

images('its labels say what it is', () => {
  const { version, license } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    version: string
    license: string
  }
  const label = (name: string): string | undefined => image.config.Labels[`org.opencontainers.image.${name}`]
  assert.is(label('title'), 'aws-iam-ra')
  assert.is(label('version'), version)
  assert.is(label('licenses'), license)
  assert.ok(label('description'))
})

images("the Containerfile's own version is package.json's, for those who build with it", () => {
  const text = readFileSync(join(ROOT, 'images/aws-iam-ra/Containerfile'), 'utf8')
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  assert.is(/^ARG VERSION=(.+)$/m.exec(text)?.[1], version)
})

images(
  'its bill of materials names every package of the lockfile that ships, the runtime and the C library',
  () => {
    const bill = JSON.parse(
      readFileSync(join(folder, 'files/usr/share/doc/aws-iam-ra/sbom.cdx.json'), 'utf8'),
    ) as {
      readonly bomFormat: string
      readonly components: readonly { readonly name: string; readonly version: string }[]
    }
    assert.is(bill.bomFormat, 'CycloneDX')
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
      packages: Readonly<
        Record<string, { readonly version: string; readonly dev?: boolean; readonly optional?: boolean }>
      >
    }
    const wanted = Object.entries(packages)
      .filter(([path, { dev }]) => path !== '' && dev !== true)
      .map(([path, { version }]) => `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`)
    const named = bill.components.map(({ name, version }) => `${name}@${version}`)
    assert.ok(wanted.length > 10)
    assert.equal(
      wanted.filter((one) => !named.includes(one)),
      [],
    )
    assert.ok(named.some((one) => one.startsWith('bun@')))
    assert.ok(named.some((one) => one.startsWith('libc6@')))
  },
)

images.run()

function untar(archive: string, to = folder): void {
  mkdirSync(to, { recursive: true })
  const { status, stderr } = spawnSync('tar', ['-xf', archive, '-C', to], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`tar cannot read ${archive}: ${stderr}`)
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(join(folder, name), 'utf8'))
}
