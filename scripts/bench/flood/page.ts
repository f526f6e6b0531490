/**
 * The part of docs/performance.md on floods, from docs/performance-flood.json. `node scripts/bench/flood/page.ts` makes it anew
 * from it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../checks/files.ts'
import { between } from '../../generated.ts'
import type { FloodResult } from '../../../test/rig/flood/scene.ts'
import type { Watched } from '../../../test/rig/flood/watch.ts'
import { markdown, number } from '../table.ts'

export const PAGE = join(ROOT, 'docs/performance.md')
export const DATA = join(ROOT, 'docs/performance-flood.json')

export interface FloodResults {
  readonly date: string
  readonly machine: Readonly<Record<string, string>>
  readonly runs: readonly FloodResult[]
}

export function withFloodResults(page: string, results: FloodResults): string {
  const { date, machine } = results
  const where = Object.entries({ measured: date, ...machine })
    .map(([name, value]) => `- ${name}: ${value}\n`)
    .join('')
  return between(between(page, 'flood-where', where), 'flood-runs', floodTable(results))
}

export function floodTable({ runs }: FloodResults): string {
  return markdown(
    [
      'flood',
      'CPU',
      'connections',
      'app: not answered or late / asked',
      'app, ms: median / longest',
      'probe: not answered or late / asked',
      'probe, ms: median / longest',
      'memory, MiB',
      'renewal, s',
      'SIGTERM, ms',
    ],
    runs.map(({ kind, from, cpu, flood, app, probe, groupMiB, renewalMs, stopMs }) => [
      `${kind}, from the ${from}`,
      cpu === undefined ? 'all' : `${cpu}m`,
      String(flood.connections),
      missed(app),
      times(app),
      missed(probe),
      times(probe),
      number(groupMiB),
      number(renewalMs / 1000),
      stopMs.toFixed(0),
    ]),
  )
}

function missed({ asked, failed, late }: Watched): string {
  return `${failed + late} / ${asked}`
}

function times({ medianMs, longestMs }: Watched): string {
  return `${medianMs} / ${longestMs}`
}

if (import.meta.main) {
  const results = JSON.parse(readFileSync(DATA, 'utf8')) as FloodResults
  writeFileSync(PAGE, withFloodResults(readFileSync(PAGE, 'utf8'), results))
}
