/** Markdown tables of the bench's results. */
import { markdownTable } from '../generated.ts'
import {
  summaryOf,
  timesBase,
  type FileSize,
  type Quantity,
  type ScenarioResult,
  type WireResult,
} from './results.ts'
import type { Summary } from './statistics.ts'
import { LABELS, SUBJECT_NAMES, type SubjectName } from './subjects.ts'

export function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return markdownTable(head, rows, { numbers: true })
}

/** @param disk whether to show what was read from it */
export function scenarioTable({ samples }: ScenarioResult, disk = false): string {
  const { floor } = samples
  const rows = SUBJECT_NAMES.flatMap((name) => {
    const own = samples[name]
    if (own === undefined) return []
    const times = (quantity: Quantity): string => factor(timesBase(own, floor, quantity))
    return [
      [
        LABELS[name],
        spread(summaryOf(own, 'wallMs')),
        number(summaryOf(own, 'cpuMs').median),
        spread(summaryOf(own, 'peakMiB')),
        ...(floor === undefined ? [] : [times('wallMs'), times('peakMiB')]),
        ...(disk ? [number(summaryOf(own, 'readMB').median)] : []),
        String(own.wallMs.length),
      ],
    ]
  })
  const head = [
    'program',
    'wall, ms',
    'CPU, ms',
    'peak memory, MiB',
    ...(floor === undefined ? [] : ['wall, × floor', 'memory, × floor']),
    ...(disk ? ['read from disk, MB'] : []),
    'runs',
  ]
  return markdown(head, rows)
}

export function containerTable(peaks: Readonly<Partial<Record<SubjectName, number>>>): string {
  const rows = SUBJECT_NAMES.flatMap((name) => {
    const peak = peaks[name]
    return peak === undefined ? [] : [[LABELS[name], number(peak)]]
  })
  return markdown(['program', 'peak of its container, MiB'], rows)
}

export function wireTable(results: readonly WireResult[]): string {
  const rows = results.map(({ subject, scheme, vault, aws }) => [
    LABELS[subject],
    scheme,
    String(vault.connections),
    `${kilobytes(vault.sent)} / ${kilobytes(vault.received)}`,
    String(aws.connections),
    `${kilobytes(aws.sent)} / ${kilobytes(aws.received)}`,
  ])
  const head = ['program', 'Vault over', 'connections', 'kB sent / received']
  return markdown([...head, 'connections to AWS', 'kB sent / received'], rows)
}

export function sizeTable(sizes: readonly FileSize[]): string {
  return markdown(
    ['file', 'MB', 'MB as zstd -19', 'MB as gzip -6'],
    sizes.map(({ what, raw, zstd, gzip }) => [
      what,
      ...[raw, zstd, gzip].map((size) => (size / 1e6).toFixed(1)),
    ]),
  )
}

/** Three significant digits. */
export function number(value: number): string {
  return value < 100 ? value.toFixed(1) : value.toFixed(0)
}

export function spread({ median, low, high }: Summary): string {
  return `${number(median)} (${number(low)}–${number(high)})`
}

export function factor(summary: Summary | undefined): string {
  return summary === undefined ? '–' : summary.median.toFixed(2)
}

function kilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1)
}
