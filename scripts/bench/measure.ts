/**
 * Rounds of all subjects in turn, so that anything that slows the machine down affects all of them alike. Every run is
 * checked. Not hyperfine: it makes all runs of a program before those of the next, so the turns within a round would be
 * lost.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Launcher, Measured } from './launcher.ts'
import type { Samples } from './results.ts'
import type { BenchServers } from './servers.ts'
import { podEnv, type Subject, type SubjectName, type Variant } from './subjects.ts'

export interface Place {
  readonly launcher: Launcher
  readonly servers: BenchServers
  /** The directory for the runs' homes and files: in memory, like the pod's volume. */
  readonly folder: string
}

export interface Scenario extends Variant {
  readonly rounds: number
  /** With the page cache dropped before each run. */
  readonly cold: boolean
}

/** @throws Error that names the subject whose run failed or left no credentials */
export async function measure(
  subjects: readonly Subject[],
  scenario: Scenario,
  place: Place,
): Promise<Readonly<Partial<Record<SubjectName, Samples>>>> {
  const runs = new Map<SubjectName, Measured[]>(subjects.map(({ name }) => [name, []]))
  // A warm-up round brings the files into the page cache and the servers up to speed.
  for (let round = -1; round < scenario.rounds; round += 1) {
    // Each subject begins a round equally often.
    const shift = (round + 1) % subjects.length
    for (const subject of [...subjects.slice(shift), ...subjects.slice(0, shift)]) {
      if (round > 0 && round % subject.every !== 0) continue
      if (scenario.cold) await place.launcher.evict(subject.files)
      const measured = await runOnce(subject, scenario, place)
      if (round >= 0) runs.get(subject.name)?.push(measured)
    }
  }
  return Object.fromEntries(subjects.map(({ name, every }) => [name, samplesOf(runs.get(name) ?? [], every)]))
}

/** One run in a fresh home directory. @param prefix starts the program, if something has to happen before */
export async function runOnce(
  subject: Subject,
  variant: Variant,
  { launcher, servers, folder }: Place,
  prefix: readonly string[] = [],
): Promise<Measured> {
  const home = join(folder, 'home')
  const credentials = join(home, '.aws/credentials')
  const stderr = join(folder, 'stderr')
  mkdirSync(home, { mode: 0o700 })
  try {
    const env = podEnv(subject, variant, servers, home, credentials)
    const measured = await launcher.run({ argv: [...prefix, ...subject.argv], env, cwd: home, stderr })
    if (measured.code !== 0) {
      throw new Error(`${subject.name} exited with ${measured.code}: ${readFileSync(stderr, 'utf8').trim()}`)
    }
    if (subject.does === 'job' && !servers.holdsLatest(readFileSync(credentials, 'utf8'))) {
      throw new Error(`${subject.name} left a file without the credentials that were issued`)
    }
    return measured
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function samplesOf(runs: readonly Measured[], every: number): Samples {
  const taken = (value: (run: Measured) => number): number[] => runs.map((run) => rounded(value(run)))
  return {
    every,
    wallMs: taken((run) => run.wallMs),
    cpuMs: taken((run) => run.cpuMs),
    peakMiB: taken((run) => run.peakKiB / 1024),
    readMB: taken((run) => (run.readKiB * 1024) / 1e6),
  }
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
