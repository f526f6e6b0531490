/** One complete run of the bench. */
import { MEMORY_PARENT, scratchFolder } from '../../test/rig/processes/process.ts'
import { containerPeaks } from './container.ts'
import { startLauncher } from './launcher.ts'
import { machineFacts } from './machine.ts'
import { measure, type Place, type Scenario } from './measure.ts'
import type { Results, ScenarioName, ScenarioResult } from './results.ts'
import { startServers, type ServerKind } from './servers.ts'
import type { Subject } from './subjects.ts'
import { countWire } from './wire.ts'

/** A slow subject runs only in some of the rounds. */
const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  job: { scheme: 'http', key: 'ec-p256', rounds: 60, cold: false },
  start: { scheme: 'http', key: 'ec-p256', rounds: 40, cold: false },
  https: { scheme: 'https', key: 'ec-p256', rounds: 30, cold: false },
  rsa: { scheme: 'http', key: 'rsa-2048', rounds: 30, cold: false },
  cold: { scheme: 'http', key: 'ec-p256', rounds: 15, cold: true },
}

export type Report = (text: string) => void

/** Servers and launcher for as long as `use` takes. */
export async function withPlace<T>(kind: ServerKind, use: (place: Place) => Promise<T>): Promise<T> {
  const folder = scratchFolder('bench', MEMORY_PARENT)
  const launcher = startLauncher()
  try {
    const servers = await startServers(kind, folder)
    try {
      return await use({ launcher, servers, folder })
    } finally {
      await servers.close()
    }
  } finally {
    await launcher.close()
  }
}

export async function runAll(
  subjects: readonly Subject[],
  place: Place,
  report: Report,
): Promise<Omit<Results, 'sizes'>> {
  const jobs = subjects.filter(({ does }) => does === 'job')
  const machine = machineFacts(subjects)
  const take = async (name: ScenarioName): Promise<ScenarioResult> => {
    const { scheme, key, rounds } = SCENARIOS[name]
    report(`${name}: ${rounds} rounds, ${scheme}, ${key}`)
    const those = name === 'start' ? subjects.filter(({ does }) => does === 'start') : jobs
    return { scheme, key, samples: await measure(those, SCENARIOS[name], place) }
  }
  const job = await take('job')
  const start = await take('start')
  const https = await take('https')
  const rsa = await take('rsa')
  report('containers and wire')
  const containerMiB = await containerPeaks(jobs, place)
  const wire = await countWire(jobs, place)
  // At the end: how a file came into the page cache affects the resident set of later runs.
  const cold = await take('cold')
  return {
    date: new Date().toISOString().slice(0, 10),
    servers: place.servers.kind,
    machine,
    eviction: await place.launcher.evict([]),
    scenarios: { job, start, https, rsa, cold },
    containerMiB,
    wire,
  }
}
