import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { goals } from '../../scripts/bench/injection/goals.ts'
import { INJECTION_PAGE, injectionTables } from '../../scripts/bench/injection/page.ts'
import { addedTo, patchOf, type Operation } from '../../scripts/bench/injection/patch.ts'
import { SUBJECTS, type Run, type Samples } from '../../scripts/bench/injection/results.ts'
import { resultsOf, withBlocks } from '../../scripts/bench/lab.ts'
import type { Pod } from '../real/injection/cluster.ts'

const patch = suite("the webhook's patch in the bench of injection")

const BEFORE: Pod = {
  metadata: { labels: { app: 'a' } },
  spec: {
    initContainers: [{ name: 'migrate' }],
    containers: [{ name: 'app', env: [{ name: 'A', value: '1' }] }],
    volumes: [{ name: 'own' }],
  },
}
const ENV = { name: 'B', value: '2' }
const MOUNT = { name: 'new', mountPath: '/new' }
const AFTER: Pod = {
  metadata: { labels: { app: 'a', 'iam-ra/x': 'true' }, annotations: { 'iam-ra/injected': 'arn' } },
  spec: {
    initContainers: [{ name: 'ours' }, { name: 'migrate', env: [ENV], volumeMounts: [MOUNT] }],
    containers: [{ name: 'app', env: [{ name: 'A', value: '1' }, ENV], volumeMounts: [MOUNT] }],
    volumes: [{ name: 'own' }, { name: 'new' }],
  },
}

function applied(pod: Pod, operations: readonly Operation[]): Pod {
  const copy = structuredClone(pod)
  for (const { path, value } of operations) {
    const keys = path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = keys.pop() ?? ''
    const at = keys.reduce((one, key) => one[key] as Record<string, unknown>, copy as object as Fields)
    if (Array.isArray(at)) at.splice(last === '-' ? at.length : Number(last), 0, value)
    else at[last] = value
  }
  return copy
}

type Fields = Record<string, unknown>

patch('gives the pod what the policies gave it', () => {
  assert.equal(applied(BEFORE, patchOf(BEFORE, addedTo(BEFORE, AFTER))), AFTER)
})

patch('adds nothing that a container has of its own', () => {
  const own = { name: 'B', value: 'own' }
  const [app] = BEFORE.spec['containers'] as object[]
  const pod = { ...BEFORE, spec: { ...BEFORE.spec, containers: [{ ...app, env: [own] }] } }
  const { spec } = applied(pod, patchOf(pod, addedTo(BEFORE, AFTER)))
  assert.equal(spec['containers'], [{ name: 'app', env: [own], volumeMounts: [MOUNT] }])
})

patch.run()

const page = suite('docs/lab/injection.md')

const SAMPLES: Samples = {
  medianMs: [10, 20, 30, 40, 50, 60],
  p99Ms: 99,
  perSecond: [100, 200, 300],
  cpuMs: [1, 1, 1, 1, 1, 1],
  webhookCpuMs: [0, 0, 0, 0, 0, 0],
}

function runWith(medianMs: readonly number[], cpuMs = SAMPLES.cpuMs): Run {
  const all = Object.fromEntries(SUBJECTS.map((name) => [name, SAMPLES])) as Run['samples']
  return { version: '1.2.3', samples: { ...all, 'policies plain': { ...SAMPLES, medianMs, cpuMs } } }
}

page('a goal is judged by the ratio in each round, and not if the rounds disagree', () => {
  const verdict = (factors: readonly number[]): string | undefined =>
    goals(runWith(factors.map((factor, round) => factor * (SAMPLES.medianMs[round] ?? 0))))[0]?.verdict
  assert.is(verdict([1, 1.02, 1.03, 1.04, 1.05, 1.09]), 'met')
  assert.is(verdict([1.2, 1.2, 1.2, 1.2, 1.2, 1.11]), 'missed')
  assert.is(verdict([1, 1, 1, 1, 1, 1.2]), 'not clear')
})

page('what costs exactly as much as its limit meets it', () => {
  assert.is(goals(runWith(SAMPLES.medianMs))[1]?.verdict, 'met')
})

page('a row has the spread, and a dash for a webhook that is not called', () => {
  const lines = injectionTables({ runs: [runWith(SAMPLES.medianMs)] }).split('\n')
  assert.is(lines[0], 'kube-apiserver 1.2.3:')
  assert.is(lines[4], '| no injection | 35.00 (10.00–60.00) | 99.0 | 200 | 1.00 (1.00–1.00) | – |')
})

page('its tables are those of docs/lab/injection.json', () => {
  const text = readFileSync(INJECTION_PAGE.page, 'utf8')
  assert.is(withBlocks(text, INJECTION_PAGE.blocks(resultsOf(INJECTION_PAGE))), text)
})

page.run()
