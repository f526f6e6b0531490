/**
 * The released files of the operator's program: on arm64 by QEMU's user mode, and the one for macOS as far as it can be read. No
 * Mac has run it.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readMachO } from '../../scripts/build/mach-o.ts'
import { ROOT } from '../../scripts/checks/files.ts'
import { VERSION } from '../../src/version.ts'
import { cleanEnv } from '../rig/processes/clean-env.ts'

const RELEASE = join(ROOT, 'dist/release-operator')
const MAC = 'iam-ra-darwin-arm64'
if (!existsSync(RELEASE))
  throw new Error('dist/release-operator is missing: run npm run build -- --operator --release')

const released = (name: string): Buffer => readFileSync(join(RELEASE, name))

const operator = suite('real: the released files of iam-ra')

operator('are the package and three executables, with the sums of these', () => {
  const names = [`iam-ra-${VERSION}.tgz`, ...[MAC, 'iam-ra-linux-arm64', 'iam-ra-linux-x64']]
  assert.equal(readdirSync(RELEASE).toSorted(), ['SHA256SUMS', ...names])
  const sums = names.map((name) => `${createHash('sha256').update(released(name)).digest('hex')}  ${name}`)
  const said = released('SHA256SUMS').toString().trimEnd().split('\n')
  assert.equal(said.toSorted(), sums.toSorted())
})

operator('run on arm64', () => {
  const run = (...args: readonly string[]) =>
    spawnSync(
      'qemu-aarch64-static',
      ['-L', '/usr/aarch64-linux-gnu', join(RELEASE, 'iam-ra-linux-arm64'), ...args],
      { encoding: 'utf8', env: cleanEnv({}) },
    )
  assert.is(run('--version').stdout, `iam-ra ${VERSION}\n`)
  assert.match(run('--help').stdout, /^USAGE\n/)
  const refused = run('vault', 'setup')
  assert.is(refused.status, 2, refused.stderr)
  assert.match(refused.stderr, 'VAULT_ADDR')
})

operator('have for macOS a signature of every page', () => {
  const file = released(MAC)
  assert.ok(readMachO(file).pages > 20_000)
  for (const at of [0x8000, file.length >> 1]) {
    const other = Buffer.from(file)
    other[at] = (other[at] ?? 0) ^ 1
    assert.throws(() => readMachO(other), '1 of ')
  }
})

operator.run()
