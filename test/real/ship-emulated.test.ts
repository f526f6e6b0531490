/**
 * The released files on processors that this machine does not have, by QEMU's user mode: arm64, and an x86-64 of 2008
 * that knows neither AVX nor AVX2.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { VERSION } from '../../src/version.ts'
import { run } from '../e2e/harness.ts'
import { failed, succeeded } from '../e2e/outcome.ts'
import { startStage } from '../rig/emulators/stage.ts'

const RELEASE = join(import.meta.dirname, '../../dist/release')

const PROCESSORS = {
  arm64: {
    file: 'aws-iam-ra-linux-arm64',
    emulator: ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'],
  },
  'x86-64 of 2008': { file: 'aws-iam-ra-linux-x64', emulator: ['qemu-x86_64-static', '-cpu', 'Nehalem'] },
} as const

requireAll()

const emulated = suite('real: the released files on other processors')

const stage = await startStage()
emulated.after(() => stage.close())

for (const [name, { file, emulator }] of Object.entries(PROCESSORS)) {
  // The harness's own executable stands first.
  const under = ['sh', '-c', `shift; exec ${emulator.join(' ')} '${join(RELEASE, file)}' "$@"`, 'sh']

  emulated(`${name}: --version and --help`, async () => {
    const version = await run(stage, { under, args: ['--version'] })
    assert.is(version.stdout, `aws-iam-ra ${VERSION}\n`, version.stderr)
    const help = await run(stage, { under, args: ['--help'] })
    assert.is(help.code, 0, help.stderr)
    assert.match(help.stdout, /\nVault:\n/)
  })

  for (const keyType of ['ec-p256', 'rsa-2048']) {
    emulated(`${name}: the whole one-shot with KEY_TYPE=${keyType}`, async () => {
      succeeded(stage, await run(stage, { under, env: { KEY_TYPE: keyType } }))
    })
  }

  emulated(`${name}: a refused login exits 3`, async () => {
    failed(await run(stage, { under, env: { VAULT_ROLE: 'nobody' } }), 3, /nobody/)
  })
}

emulated('SHA256SUMS is of these files', () => {
  const sums = Object.values(PROCESSORS).map(({ file }) => {
    const sum = createHash('sha256')
      .update(readFileSync(join(RELEASE, file)))
      .digest('hex')
    return `${sum}  ${file}`
  })
  const said = readFileSync(join(RELEASE, 'SHA256SUMS'), 'utf8').trimEnd().split('\n')
  assert.equal(said.toSorted(), sums.toSorted())
})

emulated('the file for this machine is the one that the other tests run', () => {
  const released = readFileSync(join(RELEASE, `aws-iam-ra-${process.platform}-${process.arch}`))
  const tested = readFileSync(join(import.meta.dirname, '../../dist/aws-iam-ra'))
  assert.ok(released.equals(tested), 'make it anew: npm run build -- --release')
})

/** @throws Error where something is missing, since a test that is left out proves nothing */
function requireAll(): void {
  for (const { file, emulator } of Object.values(PROCESSORS)) {
    if (!existsSync(join(RELEASE, file)))
      throw new Error(`dist/release/${file} is missing: run npm run build -- --release`)
    if (spawnSync(emulator[0], ['--version']).error !== undefined)
      throw new Error(`${emulator[0]} is missing: on Debian, apt-get install qemu-user-static`)
  }
  if (!existsSync('/usr/aarch64-linux-gnu/lib/libc.so.6'))
    throw new Error('the C library for arm64 is missing: on Debian, apt-get install libc6-arm64-cross')
}

emulated.run()
