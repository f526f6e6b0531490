import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import ts from 'typescript'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { compile, ENTRY, localTarget } from '../../scripts/build/compile.ts'
import { difference } from '../../scripts/build/difference.ts'
import { pinned, verify } from '../../scripts/build/runtime.ts'
import { measureSizes, megabytes, sizeProblems } from '../../scripts/build/sizes.ts'
import { ROOT } from '../../scripts/checks/files.ts'

const work = mkdtempSync(join(tmpdir(), 'iam-ra-build-test-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))

const compilation = suite('the compilation')

compilation('gives the same bytes twice', () => {
  const files = ['one', 'a/deeper/one'].map((folder) => {
    mkdirSync(join(work, folder), { recursive: true })
    const outfile = join(work, folder, 'aws-iam-ra')
    compile({ entry: ENTRY, target: localTarget(), outfile })
    return readFileSync(outfile)
  })
  assert.is(difference(files[0] ?? Buffer.of(), files[1] ?? Buffer.of()), undefined)
})

compilation('downloads no runtime: what it is not handed is missing', () => {
  // No machine of ours is of this kind.
  const make = (): void =>
    compile({ entry: ENTRY, target: 'bun-windows-x64', outfile: join(work, 'other.exe') })
  assert.throws(make, /bun build failed:\n.*[Ff]ailed to download/)
})

const containerfile = suite("the image's Containerfile")

containerfile('copies all that its first stage imports', () => {
  const text = readFileSync(join(ROOT, 'images/aws-iam-ra/Containerfile'), 'utf8')
  const copied = [...text.matchAll(/^COPY (\w+) \.\/\1$/gm)].map(([, folder]) => `${folder}/`)
  const seen = new Set(['scripts/build.ts', 'scripts/images/files.ts'])
  for (const path of seen) {
    assert.ok(
      copied.some((folder) => path.startsWith(folder)),
      path,
    )
    for (const { fileName } of ts.preProcessFile(readFileSync(join(ROOT, path), 'utf8'), true, true)
      .importedFiles)
      if (fileName.startsWith('.')) seen.add(posix.join(posix.dirname(path), fileName))
  }
  assert.ok(seen.has('scripts/images/bill.ts'))
})

containerfile.run()

const runtime = suite('the runtime')

for (const name of ['@oven/bun-linux-x64', '@oven/bun-linux-aarch64']) {
  runtime(`${name} is pinned at the version of Bun that compiles`, () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>
    }
    const { version, integrity } = pinned(name)
    assert.is(version, devDependencies['bun'])
    assert.match(integrity, /^sha512-[\w+/]{86}==$/)
  })
}

runtime('what nothing pins is not fetched', () => {
  assert.throws(() => pinned('@oven/bun-none'), /pins no digest of @oven\/bun-none/)
})

runtime('of an archive every byte counts', () => {
  const archive = Buffer.from('archive')
  const wanted = {
    name: 'a',
    version: '1.0.0',
    integrity:
      'sha512-sRU36Ok1DOcSWqYvA3z8E7szGJ0jPd3ewR+Oo3NRdlDSb053ZXua6gAZX/g3UdaiFCZ0yyF+PzssiRO+IXhDRA==',
  }
  verify(archive, wanted)
  assert.throws(() => verify(Buffer.from('Archive'), wanted), /a 1\.0\.0 has another digest/)
})

const sizes = suite('the sizes')

sizes('are those of packed files', async () => {
  const file = Buffer.from('the same again and again, '.repeat(1000))
  const found = await measureSizes(file)
  assert.is(found.raw, file.length)
  assert.ok(found.zstd > 0 && found.zstd < 200, `${found.zstd}`)
  assert.ok(found.gzip > found.zstd && found.gzip < 400, `${found.gzip}`)
})

sizes('have limits, each with a sentence of its own', () => {
  const raw = 100_000_000
  assert.equal(sizeProblems('x', { raw, zstd: 45_000_000, gzip: 56_000_000 }), [])
  assert.equal(sizeProblems('x', { raw, zstd: 45_100_000, gzip: 56_000_000 }), [
    'x takes 45.1 MB as zstd, and 45.0 MB at most',
  ])
  assert.is(sizeProblems('x', { raw, zstd: 45_000_001, gzip: 56_000_001 }).length, 2)
  assert.is(megabytes(1_550_000), '1.6 MB')
})

const differences = suite('the difference of two builds')

differences('is none for equal ones, and else says where', () => {
  const one = Buffer.from('0123456789abcdef')
  assert.is(difference(one, Buffer.from(one)), undefined)
  assert.is(difference(one, one.subarray(1)), 'one has 16 bytes and the other 15')
  const other = Buffer.from('0123456789abcdXf')
  assert.is(difference(one, other), '1 of 16 bytes differ:\n  at 14: "6789abcdef" and "6789abcdXf"')
})

compilation.run()
runtime.run()
sizes.run()
differences.run()
