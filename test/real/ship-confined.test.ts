/**
 * The shipped file as the strictest pod runs it: read-only root without /tmp and passwd, no HOME, any uid, no capability
 * and no way to new privileges, system calls filtered, 64 MiB.
 */
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import { makeFolder, put, run, type Run, type RunOptions } from '../e2e/harness.ts'
import { failed, succeeded } from '../e2e/outcome.ts'
import { startStage, type Stage } from '../rig/emulators/stage.ts'
import { confined, POD, type Confinement, type Report } from './confinement.ts'
import { requireTools } from './sink-tools.ts'

requireTools('unshare')

const BINARY = join(import.meta.dirname, '../../dist/aws-iam-ra')
const MIB = 1024 * 1024
const STRICT = { uid: 65_532, memory: 64 * MIB } as const

const ship = suite('real: the shipped file, confined')

const stage = await startStage()
const secure = await startStage({ tls: true })
ship.after(async () => {
  await Promise.all([stage.close(), secure.close()])
})

async function runConfined(
  on: Stage,
  how: Confinement,
  options: Pick<RunOptions, 'args' | 'env' | 'folder'> = {},
): Promise<{ readonly done: Run; readonly report: Report }> {
  const folder = options.folder ?? makeFolder()
  const { under, env, report, end } = confined(how, folder)
  try {
    const done = await run(on, { ...options, folder, under, env: { ...env, ...options.env } })
    return { done, report: report() }
  } finally {
    end()
  }
}

ship('is confined indeed', async () => {
  const { report } = await runConfined(stage, STRICT, { args: ['--version'] })
  const { Uid, Gid, Groups, CapPrm, CapEff, CapBnd, NoNewPrivs, Seccomp } = report.status
  assert.is(Uid, '65532\t65532\t65532\t65532')
  assert.is(Gid, Uid)
  assert.is(Groups?.trim(), '')
  assert.equal(
    [CapPrm, CapEff, CapBnd],
    Array.from({ length: 3 }, () => '0'.repeat(16)),
  )
  assert.equal([NoNewPrivs, Seccomp], ['1', '2'])
})

ship('a limit that is too small ends it: the limit counts', async () => {
  const { report } = await runConfined(stage, { ...STRICT, memory: 4 * MIB }, { args: ['--help'] })
  assert.is(report.signal, 9)
})

for (const uid of [0, 65_532, 65_534, 12_345_678]) {
  ship(`the whole one-shot as uid ${uid} in 64 MiB`, async () => {
    const { done, report } = await runConfined(stage, { ...STRICT, uid })
    succeeded(stage, done)
    process.stdout.write(`note: the limit counts ${(report.peakBytes / MIB).toFixed(1)} MiB at most\n`)
    assert.is(done.stderr.split('\n').length, 2, done.stderr)
    assert.is(statSync(done.folder.credentials).uid, uid)
    assert.equal(done.files, ['.aws/credentials'])
  })
}

for (const keyType of ['ec-p384', 'rsa-2048', 'rsa-3072']) {
  ship(`KEY_TYPE=${keyType} in 64 MiB`, async () => {
    succeeded(stage, (await runConfined(stage, STRICT, { env: { KEY_TYPE: keyType } })).done)
  })
}

ship('https on both sides in 64 MiB', async () => {
  const folder = makeFolder()
  put(folder, 'ca.pem', secure.tlsAuthority ?? '')
  const env = { VAULT_CACERT: `${POD}/ca.pem`, AWS_CA_BUNDLE: `${POD}/ca.pem` }
  succeeded(secure, (await runConfined(secure, STRICT, { folder, env })).done)
})

ship('a failure is told on stderr and in the termination log, at its usual place', async () => {
  const { done } = await runConfined(stage, STRICT, { env: { VAULT_ROLE: 'nobody' } })
  failed(done, 3, /nobody/)
  assert.equal(done.files, [])
})

ship('the root is read-only: no credentials file there', async () => {
  const env = { AWS_SHARED_CREDENTIALS_FILE: '/credentials' }
  failed((await runConfined(stage, STRICT, { env })).done, 6, /read-only/)
})

ship('--help peaks at 48 MiB at most, all that it maps counted', () => {
  // Cached, since a page that another process left in memory counts to the peak of one that maps it. The launcher is
  // small, for a child's peak begins with its parent's.
  const script =
    'import os, sys; os.spawnve(os.P_WAIT, sys.argv[1], sys.argv[1:], {}); import resource; ' +
    'print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)'
  const { stdout } = spawnSync('python3', ['-c', script, BINARY, '--help'], {
    encoding: 'utf8',
    env: cleanEnv({}),
  })
  assert.match(stdout, /^aws-iam-ra: /)
  const peak = Number(stdout.trimEnd().split('\n').at(-1)) / 1024
  process.stdout.write(`note: --help peaks at ${peak.toFixed(1)} MiB\n`)
  assert.ok(peak > 10 && peak <= 48, `${peak.toFixed(1)} MiB`)
})

ship.run()
