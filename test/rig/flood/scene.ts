/** `serve` of the shipped file in a container's limits, under one flood: what the app, the kubelet and a renewal see of it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { authorizationFile, serveProgram, SERVED, type Scene } from '../processes/programs.ts'
import { startService, type Service } from '../processes/service.ts'
import type { Stage } from '../emulators/stage.ts'
import { freePort } from '../processes/process.ts'
import { startFlood, type FloodCount } from './flood.ts'
import { createGroup } from './group.ts'
import { CONNECTIONS, type Kind } from './kinds.ts'
import type { Neighbour } from './network.ts'
import { appQuestion, probeQuestion, watch, type Watched } from './watch.ts'

/** MiB: the memory limit of k8s/sidecar. */
export const MEMORY_LIMIT = 128

export interface FloodRun {
  readonly kind: Kind
  /** At the endpoint's port, from a container of the pod; or at health's, from elsewhere on the network. */
  readonly from: 'pod' | 'network'
  /** Thousandths of a core; undefined: all there is. */
  readonly cpu: number | undefined
  readonly seconds: number
}

export interface FloodResult extends FloodRun {
  readonly flood: FloodCount
  readonly app: Watched
  readonly probe: Watched
  /** MiB, the most: what the memory limit counts, the kernel's for its sockets and the renewal's process with it. */
  readonly groupMiB: number
  /** MiB, the most of serve alone. */
  readonly rssMiB: number
  /** From SIGHUP to new credentials, in the middle of it. */
  readonly renewalMs: number
  /** From SIGTERM, in the middle of it, to its exit. */
  readonly stopMs: number
}

/** How long the flood goes on after SIGTERM. */
const AFTER_STOP_S = 2
const WARM_UP_MS = 300

export interface FloodPlace {
  readonly stage: Stage
  readonly neighbour: Neighbour
  /** Path of the shipped file. */
  readonly executable: string
  /** A folder in memory. */
  readonly parent: string
}

/** @throws Error where serve ends by itself, does not renew, or ends with another code than 0 */
export async function runFlood(run: FloodRun, place: FloodPlace): Promise<FloodResult> {
  const { stage, neighbour, executable, parent } = place
  const folder = mkdtempSync(join(parent, 'iam-ra-flood-'))
  const group = createGroup(`iam-ra-flood-${process.pid}`, { memory: MEMORY_LIMIT, cpu: run.cpu })
  try {
    writeFileSync(join(folder, 'token'), stage.token({ lifetimeSeconds: 3600 }), { mode: 0o600 })
    const scene: Scene = {
      stage,
      folder,
      executable,
      endpointPort: await freePort(),
      healthPort: await freePort(),
    }
    const program = serveProgram(scene, { HEALTH_ADDR: `${neighbour.address}:${scene.healthPort}` })
    const service = startService({ ...program, argv: group.enter(program.argv) })
    try {
      await service.says(SERVED)
      return { ...run, ...(await underFlood(run, scene, neighbour, service)), groupMiB: group.peak() }
    } finally {
      await service.stop().catch(() => undefined)
    }
  } finally {
    group.remove()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function underFlood(
  { kind, from, seconds }: FloodRun,
  scene: Scene,
  neighbour: Neighbour,
  service: Service,
): Promise<Omit<FloodResult, keyof FloodRun | 'groupMiB'>> {
  const { endpointPort, healthPort } = scene
  const flood = startFlood({
    kind,
    connections: CONNECTIONS[kind],
    seconds: seconds + AFTER_STOP_S,
    ...(from === 'pod'
      ? { host: '127.0.0.1', port: endpointPort, path: '/v1/credentials' }
      : { host: neighbour.address, port: healthPort, path: '/livez', within: neighbour.within }),
  })
  // Its own process needs some time to begin.
  await delay(WARM_UP_MS)
  const over = new AbortController()
  const token = readFileSync(authorizationFile(scene), 'utf8')
  const watching = Promise.all([
    watch(appQuestion(endpointPort, token), over.signal),
    watch(probeQuestion(neighbour.address, healthPort), over.signal),
  ])
  const ended = delay(seconds * 1000)
  let renewalMs: number
  try {
    renewalMs = await service.renew()
    await ended
  } finally {
    over.abort()
  }
  const [app, probe] = await watching
  const { peak: rssMiB } = service.memory()
  const begun = performance.now()
  await service.stop()
  const stopMs = performance.now() - begun
  return { flood: await flood, app, probe, rssMiB, renewalMs, stopMs }
}
