/** Markdown tables of the results of the `serve` bench. */
import { markdownTable } from '../../generated.ts'
import { growthOf, median, MODE_LABELS, settling, type Goal } from './goals.ts'
import { settledAfter } from './idle.ts'
import { MODES } from './load.ts'
import type { Memory } from '../../../test/rig/processes/memory.ts'
import { OTHERS, QUESTIONS, STATES, type OtherName, type Results } from './results.ts'
import { slopeOf } from './trend.ts'

export function goalTable(all: readonly Goal[]): string {
  const rows = all.map(({ what, limit, found, isMet }) => [what, limit, found, isMet ? 'yes' : '**no**'])
  return markdownTable(['what', 'goal', 'found', 'met'], rows, { numbers: true })
}

const QUESTION_LABELS = {
  container: '`GET /v1/credentials` with the token',
  imds: 'IMDSv2: the credentials, with a session',
  session: 'IMDSv2: `PUT /latest/api/token`',
  unauthorized: '`GET /v1/credentials` without a token (401)',
  floor: 'the floor',
} as const

export function requestTable({ requests }: Pick<Results, 'requests'>): string {
  const rows = MODES.flatMap((mode) =>
    [...QUESTIONS, 'floor' as const].map((name) => {
      const { requests: count, perSecond, p50Ms, p99Ms, maxMs } = requests[name][mode]
      return [
        QUESTION_LABELS[name],
        MODE_LABELS[mode],
        thousands(perSecond),
        p50Ms.toFixed(3),
        p99Ms.toFixed(2),
        maxMs.toFixed(1),
        thousands(count),
      ]
    }),
  )
  const head = ['request', 'over', 'per second', 'median, ms', '99 %, ms', 'longest, ms', 'requests']
  return markdownTable(head, rows, { numbers: true })
}

const MEMORY_HEAD = ['VmRSS', 'file-backed', 'anonymous', 'VmHWM', 'PSS']

function memoryCells({ rss, file, anonymous, peak, share }: Memory): string[] {
  return [rss, file, anonymous, peak, share].map((value) => value.toFixed(1))
}

export function memoryTable({ memory, idle, requests, renewals }: Results): string {
  const asked = QUESTIONS.flatMap((name) => MODES.map((mode) => requests[name][mode].requests))
  const labels = {
    start: 'listening, before the first renewal',
    ready: 'with the first credentials',
    loaded: `after ${thousands(asked.reduce((sum, count) => sum + count, 0))} requests`,
    idle: `${idle.seconds} s later`,
    renewed: `after ${renewals.rss.length} more renewals`,
    idleAgain: `${idle.seconds} s later`,
  }
  const rows = STATES.map((state) => [labels[state], ...memoryCells(memory[state])])
  return `${markdownTable(['MiB', ...MEMORY_HEAD], rows, { numbers: true })}
After the requests it settled within ${settledAfter(idle.rss)} s.
`
}

export function growthTable({ renewals }: Pick<Results, 'renewals'>): string {
  const { rss, ms } = renewals
  const rows = [
    ['first', mebibytes(rss[0] ?? 0)],
    ['median', mebibytes(median(rss))],
    ['minimum, maximum', `${mebibytes(Math.min(...rss))}, ${mebibytes(Math.max(...rss))}`],
    ['last', mebibytes(rss.at(-1) ?? 0)],
    ['slope overall, per 100 renewals', signed(slopeOf(rss) * 100)],
    [
      `slope from the ${ordinal(settling(rss.length) + 1)} on, per 100 renewals`,
      signed(growthOf({ renewals })),
    ],
  ]
  const table = markdownTable([`VmRSS after each of ${rss.length} renewals`, 'MiB'], rows, { numbers: true })
  return `${table}
From the signal until the new credentials were served, and the renewal's process had exited: ${median(ms).toFixed(0)} ms at the median, ${Math.max(...ms).toFixed(0)} ms at most.
`
}

export function childTable({ children, memory }: Pick<Results, 'children' | 'memory'>): string {
  const row = (what: string, values: readonly number[]): string[] => [
    what,
    median(values).toFixed(1),
    Math.max(...values).toFixed(1),
  ]
  const rows = [
    row(
      'its peak (VmHWM), MiB',
      children.map(({ peak }) => peak),
    ),
    row(
      'both processes (PSS), MiB',
      children.map(({ together }) => together),
    ),
    row(
      'of these anonymous, MiB',
      children.map(({ anonymousTogether }) => anonymousTogether),
    ),
  ]
  const head = [`${children.length} renewals, observed`, 'median', 'maximum']
  return `${markdownTable(head, rows, { numbers: true })}
Between renewals its anonymous memory is ${memory.idle.anonymous.toFixed(1)} MiB.
`
}

const OTHER_LABELS: Readonly<Record<OtherName, string>> = {
  compiler: '`serve` with the compiler',
  renew: '`renew`',
  node: '`serve` from its sources, run by Node',
}

export function otherTable({ others, memory, requests }: Results): string {
  const { one, sixteen } = requests.container
  const ours = { idle: memory.idleAgain, medianMs: { one: one.p50Ms, sixteen: sixteen.p50Ms } }
  const rows = [
    ['`serve`', ours] as const,
    ...OTHERS.map((name) => [OTHER_LABELS[name], others[name]] as const),
  ]
  const head = ['idle, MiB', ...MEMORY_HEAD, 'median request, ms', '16 at once, ms']
  return markdownTable(
    head,
    rows.map(([label, { idle, medianMs }]) => [
      label,
      ...memoryCells(idle),
      medianMs?.one.toFixed(3) ?? '–',
      medianMs?.sixteen.toFixed(3) ?? '–',
    ]),
    { numbers: true },
  )
}

function thousands(count: number): string {
  return count.toLocaleString('en-US')
}

function mebibytes(value: number): string {
  return value.toFixed(2)
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'} ${Math.abs(value).toFixed(2)}`
}

function ordinal(count: number): string {
  const [unit, teen] = [count % 10, Math.floor(count / 10) % 10 === 1]
  const ending = teen ? 'th' : (['th', 'st', 'nd', 'rd'][unit] ?? 'th')
  return `${count}${ending}`
}
