/** docs/lab/agent.md: tables of the results of the agent's bench. */
import { markdownTable } from '../../generated.ts'
import { factList, labPage } from '../lab.ts'
import type { LoadResult } from '../serve/load.ts'
import { medianInterval, quantile } from '../statistics.ts'
import type { Results, Sizes } from './run.ts'

/** docs/agent.md promises no more than this; the limit is that of k8s/agent. */
const GOALS = { keptMs: 1, overLoginMs: 2, limitMiB: 256 } as const

export const AGENT_PAGE = labPage('agent', (results: Results) => ({
  'agent-where': factList({ measured: results.date, ...results.machine }),
  'agent-goals': goalTable(results),
  'agent-kept': keptTable(results),
  'agent-fresh': freshTable(results),
  'agent-node': nodeTable(results),
}))

/** The output at the end of a run. */
export function summary(results: Results): string {
  return [goalTable, keptTable, freshTable, nodeTable].map((table) => table(results)).join('\n')
}

function goalTable(results: Results): string {
  const overMs = overLogin(results)
  const { most } = results.node.memory
  return markdownTable(
    ['goal', 'seen', 'met'],
    [
      [
        `a kept answer below ${GOALS.keptMs} ms at the median`,
        `${ms(results.kept.one.p50Ms)} ms`,
        yes(results.kept.one.p50Ms < GOALS.keptMs),
      ],
      [
        `a new pod's first question: the bare login and ${GOALS.overLoginMs} ms`,
        `${ms(overMs)} ms more`,
        yes(overMs <= GOALS.overLoginMs),
      ],
      [
        `with exchanges at work below the limit of ${GOALS.limitMiB} MiB`,
        `${mib(most.all)} MiB`,
        yes(most.all < GOALS.limitMiB),
      ],
    ],
  )
}

function keptTable({ kept }: Results): string {
  const row = (name: string, { requests, perSecond, p50Ms, p99Ms, maxMs }: LoadResult): string[] => [
    ...[name, ms(p50Ms), ms(p99Ms), ms(maxMs), String(perSecond), String(requests)],
  ]
  return markdownTable(
    ['readers', 'median, ms', 'p99, ms', 'greatest, ms', 'a second', 'requests'],
    [row('one', kept.one), row('16 that never pause', kept.sixteen)],
    { numbers: true },
  )
}

function freshTable({ fresh: { loginMs, questionMs } }: Results): string {
  const row = (name: string, samples: readonly number[]): string[] => [
    ...[name, ms(quantile(samples, 0.5)), ms(quantile(samples, 0.99)), String(samples.length)],
  ]
  const differences = questionMs.map((value, turn) => value - (loginMs[turn] ?? 0))
  const [low, high] = medianInterval(differences)
  return markdownTable(
    ['', 'median, ms', 'p99, ms', 'times'],
    [
      row('a bare login', loginMs),
      row("a new pod's first question", questionMs),
      ['the difference in a turn', `${ms(quantile(differences, 0.5))} (${ms(low)} to ${ms(high)})`, '', ''],
    ],
    { numbers: true },
  )
}

function nodeTable({ node: { pods, accounts, exchanges, lastMs, memory } }: Results): string {
  const row = (name: string, { agent, all }: Sizes): string[] => [name, mib(agent), mib(all)]
  const facts = `${pods} pods of ${accounts} accounts start together: ${exchanges} exchanges, the last pod has its credentials after ${(lastMs / 1000).toFixed(1)} s.`
  const table = markdownTable(
    ['memory (Pss)', 'agent, MiB', 'with exchanges, MiB'],
    [row('started', memory.started), row('at most', memory.most), row('two seconds later', memory.idle)],
    { numbers: true },
  )
  return `${facts}\n\n${table}`
}

function overLogin({ fresh: { loginMs, questionMs } }: Results): number {
  return quantile(
    questionMs.map((value, turn) => value - (loginMs[turn] ?? 0)),
    0.5,
  )
}

function yes(isMet: boolean): string {
  return isMet ? 'yes' : 'no'
}

function ms(value: number): string {
  return value.toFixed(2)
}

function mib(value: number): string {
  return value.toFixed(1)
}
