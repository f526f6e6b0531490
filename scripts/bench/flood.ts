/**
 * Floods the shipped file's `serve`, within the memory limit of k8s/sidecar, from the pod's loopback and from another
 * network namespace, with all CPUs and with a tenth of one. Writes docs/lab/floods.* and the tables of
 * docs/performance.md; with --quick each flood takes two seconds and nothing is written. Needs Linux and root.
 */
import { join } from 'node:path'
import { startStage } from '../../test/rig/emulators/stage.ts'
import { KINDS, NETWORK_KINDS } from '../../test/rig/flood/kinds.ts'
import { createNeighbour } from '../../test/rig/flood/network.ts'
import { runFlood, type FloodResult } from '../../test/rig/flood/scene.ts'
import { MEMORY_PARENT } from '../../test/rig/processes/process.ts'
import { ROOT } from '../checks/files.ts'
import { benchCommand, report } from './command.ts'
import { FLOOD_PAGE, floodTable, type FloodResults } from './flood/page.ts'
import { machineFacts } from './machine.ts'
import { publish } from './pages.ts'

const SECONDS = { whole: 5, quick: 2 } as const

async function measure(seconds: number): Promise<FloodResult[]> {
  const neighbour = createNeighbour()
  const results: FloodResult[] = []
  try {
    const stage = await startStage()
    try {
      const place = { stage, neighbour, executable: join(ROOT, 'dist/aws-iam-ra'), parent: MEMORY_PARENT }
      for (const cpu of [undefined, 100]) {
        for (const from of ['network', 'pod'] as const) {
          for (const kind of from === 'pod' ? KINDS : NETWORK_KINDS) {
            report(`${kind} from the ${from}, ${cpu === undefined ? 'all CPU' : `${cpu}m`}`)
            results.push(await runFlood({ kind, from, cpu, seconds }, place))
          }
        }
      }
    } finally {
      await stage.close()
    }
  } finally {
    neighbour.remove()
  }
  return results
}

async function main(isQuick: boolean): Promise<void> {
  const runs = await measure(isQuick ? SECONDS.quick : SECONDS.whole)
  const machine = Object.fromEntries(
    Object.entries(machineFacts([])).filter(([name]) => !['openssl', 'curl', 'jq'].includes(name)),
  )
  const results: FloodResults = { date: new Date().toISOString().slice(0, 10), machine, runs }
  process.stdout.write(`\n${floodTable(results)}`)
  if (!isQuick) await publish(FLOOD_PAGE, results)
}

if (import.meta.main) await benchCommand(main)
