import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Launcher } from '../../scripts/bench/launcher.ts'
import { measure, type Place } from '../../scripts/bench/measure.ts'
import type { Subject } from '../../scripts/bench/subjects.ts'

const folder = mkdtempSync(join(tmpdir(), 'iam-ra-bench-test-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const SERVERS = {
  kind: 'emulated',
  vault: { http: 'http://127.0.0.1:1', https: 'https://127.0.0.1:2' },
  rolesAnywhere: { http: 'http://127.0.0.1:3', https: 'https://127.0.0.1:4' },
  caFile: '/ca',
  tokenFile: '/token',
  holdsLatest: () => false,
  liveTokens: () => Promise.resolve(0),
  close: () => Promise.resolve(),
} as const

function subject(name: Subject['name'], every = 1): Subject {
  return { name, argv: [`/bin/${name}`], files: [`/bin/${name}`], does: 'start', every }
}

/** Writes down what is asked of it. */
function place(code = 0): Place & { readonly asked: string[] } {
  const asked: string[] = []
  const launcher: Launcher = {
    run(command) {
      asked.push(basename(command.argv[0] ?? ''))
      writeFileSync(command.stderr, 'why\n')
      return Promise.resolve({ code, wallMs: asked.length, cpuMs: 1.26, peakKiB: 2048, readKiB: 0 })
    },
    evict(paths) {
      asked.push(`evict ${paths.join(' ')}`)
      return Promise.resolve('drop_caches')
    },
    close: () => Promise.resolve(),
  }
  return { launcher, servers: SERVERS, folder, asked }
}

const WARM = { scheme: 'http', key: 'ec-p256', cold: false } as const

const measuring = suite('rounds of the bench')

measuring('each subject begins a round in its turn, and the first round is thrown away', async () => {
  const there = place()
  const taken = await measure([subject('ours'), subject('floor')], { ...WARM, rounds: 2 }, there)
  assert.equal(there.asked, ['ours', 'floor', 'floor', 'ours', 'ours', 'floor'])
  assert.equal(taken.ours?.wallMs, [4, 5])
  assert.equal(taken.floor?.wallMs, [3, 6])
  assert.equal(taken.ours?.peakMiB, [2, 2])
  assert.equal(taken.ours?.cpuMs, [1.3, 1.3])
})

measuring('a slow subject runs in the first of so many rounds', async () => {
  const taken = await measure([subject('ours'), subject('python', 3)], { ...WARM, rounds: 7 }, place())
  assert.is(taken.ours?.wallMs.length, 7)
  assert.is(taken.python?.wallMs.length, 3)
  assert.is(taken.python?.every, 3)
})

measuring("before a cold run the subject's own files are named", async () => {
  const there = place()
  await measure([subject('floor')], { ...WARM, rounds: 1, cold: true }, there)
  assert.equal(there.asked, ['evict /bin/floor', 'floor', 'evict /bin/floor', 'floor'])
})

measuring('a run that fails ends the bench, with its name', async () => {
  const run = measure([subject('version')], { ...WARM, rounds: 1 }, place(5))
  const said = await run.then(
    () => '',
    (error: unknown) => (error as Error).message,
  )
  assert.match(said, /^version exited with 5: why$/)
})

measuring.run()
