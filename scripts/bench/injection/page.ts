/** docs/lab/injection.md: what injection costs the API server. */
import { factList, labPage } from '../lab.ts'
import { medianInterval, quantile } from '../statistics.ts'
import { markdown } from '../table.ts'
import { goals } from './goals.ts'
import { SUBJECTS, type Results, type Run, type Samples, type SubjectName } from './results.ts'

const LABELS: Readonly<Record<SubjectName, string>> = {
  none: 'no injection',
  'policies asks': 'policies, asks',
  'webhook asks': 'webhook with match conditions, asks',
  'usual asks': 'webhook without, asks',
  'policies plain': 'policies, does not ask',
  'webhook plain': 'webhook with match conditions, does not ask',
  'usual plain': 'webhook without, does not ask',
}

export const INJECTION_PAGE = labPage('injection', (results: Results) => ({
  'injection-where': factList({ measured: results.date, ...results.machine }),
  'injection-runs': injectionTables(results),
}))

export function injectionTables({ runs }: Pick<Results, 'runs'>): string {
  return runs.map((run) => `kube-apiserver ${run.version}:\n\n${runTable(run)}\n${goalTable(run)}`).join('\n')
}

function runTable({ samples }: Run): string {
  const head = ['pod', 'median, ms', '99 %, ms', '8 at once: pods a second', 'CPU, ms', "the webhook's part"]
  const rows = SUBJECTS.map((name) => {
    const own = samples[name]
    const webhook = quantile(own.webhookCpuMs, 0.5)
    return [
      LABELS[name],
      interval(own.medianMs),
      own.p99Ms.toFixed(1),
      quantile(own.perSecond, 0.5).toFixed(0),
      interval(own.cpuMs),
      webhook > 0 ? webhook.toFixed(2) : '–',
    ]
  })
  return markdown(head, rows)
}

function goalTable(run: Run): string {
  const rows = goals(run).map(({ what, limit, ratio, least, most, verdict }) => [
    what,
    limit,
    `${ratio.toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`,
    verdict,
  ])
  return markdown(['goal', 'limit', 'found', ''], rows)
}

/** For docs/performance.md. */
export function injectionSummary({ runs }: Results): string {
  const head = ['', ...runs.map(({ version }) => `${version}: median, ms`), ...runs.map(cpuHead)]
  const rows = SUBJECTS.map((name) => {
    const cell = (of: (samples: Samples) => readonly number[]): string[] =>
      runs.map(({ samples }) => quantile(of(samples[name]), 0.5).toFixed(2))
    return [LABELS[name], ...cell(({ medianMs }) => medianMs), ...cell(({ cpuMs }) => cpuMs)]
  })
  return markdown(head, rows)
}

function cpuHead({ version }: Run): string {
  return `${version}: CPU, ms`
}

function interval(samples: readonly number[]): string {
  const [least, most] = medianInterval(samples)
  return `${quantile(samples, 0.5).toFixed(2)} (${least.toFixed(2)}–${most.toFixed(2)})`
}
