/** docs/lab/floods.md: tables of the floods' effects. */
import type { FloodResult } from '../../../test/rig/flood/scene.ts'
import type { Watched } from '../../../test/rig/flood/watch.ts'
import { factList, labPage } from '../lab.ts'
import { markdown, number } from '../table.ts'

export interface FloodResults {
  readonly date: string
  readonly machine: Readonly<Record<string, string>>
  readonly runs: readonly FloodResult[]
}

export const FLOOD_PAGE = labPage('floods', (results: FloodResults) => ({
  'flood-where': factList({ measured: results.date, ...results.machine }),
  'flood-runs': floodTable(results),
}))

export function floodTable({ runs }: FloodResults): string {
  return markdown(
    [
      'flood',
      'CPU',
      'connections',
      'app: unanswered or late / asked',
      'app, ms: median / longest',
      'probe: unanswered or late / asked',
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
