/** docs/lab/run.md: tables of the results of a bench run. */
import { factList, labPage } from './lab.ts'
import { summaryOf, timesBase, type Quantity, type Results } from './results.ts'
import { containerTable, factor, markdown, number, scenarioTable, sizeTable, wireTable } from './table.ts'

/** At most this many times the floor. */
export const GOALS = { wallMs: 1.7, peakMiB: 1.2 } as const

export const RUN_PAGE = labPage('run', (results: Results) => ({
  'bench-where': where(results),
  'bench-goal': goal(results),
  'bench-job': scenarioTable(results.scenarios.job),
  'bench-start': scenarioTable(results.scenarios.start),
  'bench-cold': scenarioTable(results.scenarios.cold, true),
  'bench-https': scenarioTable(results.scenarios.https),
  'bench-rsa': scenarioTable(results.scenarios.rsa),
  'bench-container': container(results),
  'bench-wire': wireTable(results.wire),
  'bench-sizes': sizeTable(results.sizes),
  'bench-pull': pull(results),
}))

function where({ date, servers, machine, eviction }: Results): string {
  return factList({
    measured: date,
    servers:
      servers === 'real'
        ? 'a real Vault that asks a real kube-apiserver (TokenReview); CreateSession is emulated'
        : '**emulators only**: no real Vault was measured',
    'cold starts by':
      eviction === 'drop_caches' ? '/proc/sys/vm/drop_caches' : 'posix_fadvise on their files',
    ...machine,
  })
}

function goal({ scenarios }: Results): string {
  const rows = Object.entries(scenarios).flatMap(([name, { samples, scheme, key }]) => {
    const { ours, floor } = samples
    if (ours === undefined || floor === undefined) return []
    const page = name === 'cold' ? 'cold' : 'warm'
    const times = (quantity: Quantity): string => factor(timesBase(ours, floor, quantity))
    return [[`${scheme}, ${key}, ${page} page cache`, times('wallMs'), times('peakMiB')]]
  })
  rows.push(['goal', GOALS.wallMs.toFixed(2), GOALS.peakMiB.toFixed(2)])
  return markdown(['one run', 'wall, × floor', 'memory, × floor'], rows)
}

function container({ containerMiB }: Results): string {
  return Object.keys(containerMiB).length === 0
    ? 'Not measured: it needs root and a memory control group.\n'
    : containerTable(containerMiB)
}

const FILES_OF_RUNTIMES = {
  bun: '`aws-iam-ra`',
  node: 'the same source as a Node single executable',
} as const
const MEGABYTES_A_SECOND = [20, 100, 500] as const

/** The files whose sizes the page lists, by description. */
export function filesToWeigh(paths: {
  readonly ours: string
  readonly node: string
  readonly bunRuntime: string
  readonly nodeRuntime: string
}): Readonly<Record<string, string>> {
  return {
    [FILES_OF_RUNTIMES.bun]: paths.ours,
    [FILES_OF_RUNTIMES.node]: paths.node,
    "Bun's runtime with an empty program": paths.bunRuntime,
    "Node's runtime": paths.nodeRuntime,
  }
}

/** How many starts on a node it takes to make up for Bun's larger runtime at the first pull. */
function pull({ sizes, scenarios }: Results): string {
  const { ours, 'node-executable': node } = scenarios.job.samples
  const bunFile = sizes.find(({ what }) => what === FILES_OF_RUNTIMES.bun)
  const nodeFile = sizes.find(({ what }) => what === FILES_OF_RUNTIMES.node)
  if (ours === undefined || node === undefined || bunFile === undefined || nodeFile === undefined) {
    return 'Not measured here.\n'
  }
  const savedMs = summaryOf(node, 'wallMs').median - summaryOf(ours, 'wallMs').median
  const rows = MEGABYTES_A_SECOND.map((speed) => {
    const cells = (['zstd', 'gzip'] as const).flatMap((compressed) => {
      const ms = ((bunFile[compressed] - nodeFile[compressed]) / 1e6 / speed) * 1000
      return [number(ms), savedMs > 0 ? String(Math.max(0, Math.ceil(ms / savedMs))) : 'never']
    })
    return [`${speed} MB/s`, ...cells]
  })
  const head = ['zstd -19: extra ms', 'amortized by start no.', 'gzip -6: extra ms', 'amortized by start no.']
  return `Each start saves ${number(savedMs)} ms.\n\n${markdown(['first pull at', ...head], rows)}`
}
