/**
 * `serve` of the shipped file, in the limits of its container, under each kind of flood for a few seconds: the app and the
 * kubelet are answered, a renewal takes place, the memory stays bounded, and it ends when it is told to. How long each of that
 * takes is measured by `npm run bench:flood`.
 */
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { startStage } from '../rig/emulators/stage.ts'
import { KINDS, NETWORK_KINDS } from '../rig/flood/kinds.ts'
import { createNeighbour } from '../rig/flood/network.ts'
import { MEMORY_LIMIT, runFlood, type FloodRun } from '../rig/flood/scene.ts'
import { MEMORY_PARENT } from '../rig/processes/process.ts'

const flood = suite('floods')

const SECONDS = 2
/** Of the memory limit: room for a renewal, and to spare. */
const ROOM_MIB = 48

const neighbour = createNeighbour()
const stage = await startStage()
const place = {
  stage,
  neighbour,
  executable: join(ROOT, 'dist/aws-iam-ra'),
  parent: MEMORY_PARENT,
}

const RUNS: readonly Omit<FloodRun, 'seconds'>[] = [
  ...NETWORK_KINDS.map((kind) => ({ kind, from: 'network' as const, cpu: undefined })),
  ...KINDS.map((kind) => ({ kind, from: 'pod' as const, cpu: undefined })),
  ...(['short', 'reset', 'silent'] as const).map((kind) => ({ kind, from: 'network' as const, cpu: 100 })),
]

for (const run of RUNS) {
  const title = `${run.kind}, from the ${run.from}${run.cpu === undefined ? '' : `, with ${run.cpu}m of CPU`}`
  flood(title, async () => {
    const result = await runFlood({ ...run, seconds: SECONDS }, place)
    assert.ok(result.flood.connections > 0, 'there was no flood')
    assert.is(result.app.failed, 0, `the app: ${result.app.reasons.join(', ')}`)
    assert.is(result.probe.failed, 0, `the probe: ${result.probe.reasons.join(', ')}`)
    assert.ok(result.groupMiB < MEMORY_LIMIT - ROOM_MIB, `${result.groupMiB} MiB`)
  })
}

flood.after(async () => {
  await stage.close()
  neighbour.remove()
})

flood.run()
