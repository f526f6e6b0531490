/**
 * docs/performance.md, the page for users: the parts of the lab book's data and of the manifests that help to decide
 * something.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../checks/files.ts'
import type { FloodResult } from '../../test/rig/flood/scene.ts'
import type { Watched } from '../../test/rig/flood/watch.ts'
import type { FloodResults } from './flood/page.ts'
import { injectionSummary } from './injection/page.ts'
import type { Results as InjectionResults } from './injection/results.ts'
import { summaryOf, type Quantity, type Results, type ScenarioName } from './results.ts'
import { MODE_LABELS } from './serve/goals.ts'
import { MODES } from './serve/load.ts'
import { QUESTIONS, type Results as ServeResults } from './serve/results.ts'
import type { SubjectName } from './subjects.ts'
import { markdown, number } from './table.ts'

export const SUMMARY_PAGE = join(ROOT, 'docs/performance.md')

export interface Measured {
  readonly run: Results
  readonly serve: ServeResults
  readonly floods: FloodResults
  readonly injection: InjectionResults
}

export function summaryBlocks({ run, serve, floods, injection }: Measured): Readonly<Record<string, string>> {
  return {
    measured: `Measured on ${run.machine['processors'] ?? 'unknown processors'}: one run ${run.date}, the sidecar ${serve.date}, floods ${floods.date}, injection ${injection.date}.\n`,
    start: startTable(run),
    memory: memoryTable(run, serve, floods),
    resources: resourceTable(),
    serve: serveTable(serve),
    floods: floodTable(floods),
    injection: injectionSummary(injection),
  }
}

const RUNS: Readonly<Partial<Record<ScenarioName, string>>> = {
  job: 'Vault over http',
  https: 'Vault and AWS over https',
  rsa: 'Vault over http, an RSA key of 2048 bits',
  cold: 'the first on its node: the file is read from the disk',
}

function startTable({ scenarios }: Results): string {
  const cell = (name: ScenarioName, subject: SubjectName, quantity: Quantity): string => {
    const samples = scenarios[name].samples[subject]
    return samples === undefined ? '–' : number(summaryOf(samples, quantity).median)
  }
  const rows = (Object.keys(RUNS) as (keyof typeof RUNS)[]).map((name) => [
    RUNS[name] ?? '',
    cell(name, 'ours', 'wallMs'),
    cell(name, 'ours', 'cpuMs'),
    cell(name, 'python', 'wallMs'),
    cell(name, 'vault-cli', 'wallMs'),
  ])
  const head = ['a run', '`aws-iam-ra`, ms', 'its CPU, ms', 'a Python script, ms']
  return markdown([...head, 'Vault CLI, openssl, curl, jq: ms'], rows)
}

function memoryTable(
  { scenarios, containerMiB }: Results,
  serve: ServeResults,
  floods: FloodResults,
): string {
  const { children, memory } = serve
  const { ours } = scenarios.job.samples
  const idle = Math.max(memory.idle.rss, memory.idleAgain.rss)
  const rows = [
    ['one run', containerMiB.ours, ours && summaryOf(ours, 'peakMiB').median],
    ['`serve`, idle', Math.max(memory.idle.anonymous, memory.idleAgain.anonymous), idle],
    [
      '`serve`, during a renewal',
      Math.max(...children.map(({ anonymousTogether }) => anonymousTogether)),
      Math.max(...children.map(({ together }) => together)),
    ],
    ['`serve`, in the worst flood', Math.max(...floods.runs.map(({ groupMiB }) => groupMiB)), undefined],
  ] as const
  return markdown(
    ['at most', 'counted by a limit, MiB', "with the executable's pages, MiB"],
    rows.map(([what, ...sizes]) => [what, ...sizes.map((size) => (size === undefined ? '–' : number(size)))]),
  )
}

/** As in the manifests. */
function resourceTable(): string {
  const rows = (['base', 'sidecar'] as const).map((name) => {
    const text = readFileSync(join(ROOT, 'k8s', name, 'pod-template.yaml'), 'utf8')
    const found = /requests: \{ cpu: (\S+), memory: (\S+) \}\s+limits: \{ memory: (\S+) \}/.exec(text)
    if (found === null) throw new Error(`k8s/${name} has no resources of that shape`)
    return [`[k8s/${name}](../k8s/${name})`, ...found.slice(1)]
  })
  return markdown(['', 'CPU request', 'memory request', 'memory limit'], rows)
}

function serveTable({ requests }: ServeResults): string {
  const rows = MODES.map((mode) => {
    const all = QUESTIONS.map((name) => requests[name][mode])
    return [
      MODE_LABELS[mode],
      Math.max(...all.map(({ p50Ms }) => p50Ms)).toFixed(2),
      Math.max(...all.map(({ p99Ms }) => p99Ms)).toFixed(2),
    ]
  })
  return markdown(['requests over', 'median, ms', '99 %, ms'], rows)
}

function floodTable({ runs }: FloodResults): string {
  const rows = [undefined, 100].map((cpu) => {
    const own = runs.filter((run) => run.cpu === cpu)
    const greatest = (of: (run: FloodResult) => number): number => Math.max(...own.map(of))
    return [
      cpu === undefined ? 'all' : `${cpu}m`,
      missed(own.map(({ app }) => app)),
      missed(own.map(({ probe }) => probe)),
      number(greatest(({ groupMiB }) => groupMiB)),
      number(greatest(({ renewalMs }) => renewalMs / 1000)),
      greatest(({ stopMs }) => stopMs).toFixed(0),
    ]
  })
  const head = ['CPU', 'app: asked / late / unanswered', 'probe: asked / late / unanswered']
  return markdown([...head, 'memory, MiB', 'renewal, s', 'SIGTERM, ms'], rows)
}

function missed(watched: readonly Watched[]): string {
  const sum = (of: (one: Watched) => number): number => watched.reduce((total, one) => total + of(one), 0)
  return [sum(({ asked }) => asked), sum(({ late }) => late), sum(({ failed }) => failed)].join(' / ')
}
