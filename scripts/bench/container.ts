/**
 * What a container's memory limit would see: the peak of a control group in which one run is alone. It counts the memory
 * of all its processes together and the kernel's for them, once for each page, and not the files that were in the page
 * cache before. Needs root.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { runOnce, type Place } from './measure.ts'
import { quantile } from './statistics.ts'
import type { Subject, SubjectName } from './subjects.ts'

/** https://docs.kernel.org/admin-guide/cgroup-v1/memory.html, https://docs.kernel.org/admin-guide/cgroup-v2.html */
const HIERARCHIES = [
  { root: '/sys/fs/cgroup/memory', peak: 'memory.max_usage_in_bytes' },
  { root: '/sys/fs/cgroup', peak: 'memory.peak' },
] as const

const RUNS = 3

/** MiB, the median of some runs; empty where this machine lets us make no such group. */
export async function containerPeaks(
  subjects: readonly Subject[],
  place: Place,
): Promise<Readonly<Partial<Record<SubjectName, number>>>> {
  const peaks: [SubjectName, number][] = []
  for (const subject of subjects) {
    const samples: number[] = []
    for (let run = 0; run < RUNS; run += 1) {
      const peak = await peakOf(subject, place)
      if (peak === undefined) return {}
      samples.push(peak)
    }
    peaks.push([subject.name, Math.round(quantile(samples, 0.5) * 10) / 10])
  }
  return Object.fromEntries(peaks)
}

async function peakOf(subject: Subject, place: Place): Promise<number | undefined> {
  for (const { root, peak } of HIERARCHIES) {
    const group = join(root, `iam-ra-bench-${process.pid}`)
    try {
      mkdirSync(group)
    } catch {
      continue
    }
    try {
      if (!existsSync(join(group, peak))) continue
      // The program takes the shell's place, and with it its place in the group.
      const joined = ['/bin/sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', group]
      await runOnce(subject, { scheme: 'http', key: 'ec-p256' }, place, joined)
      return Number(readFileSync(join(group, peak), 'utf8')) / 1024 / 1024
    } finally {
      rmdirSync(group)
    }
  }
  return undefined
}
