/**
 * The memory that a container's limit would count: the peak of a control group that contains one run and nothing else.
 * It counts the memory of all the run's processes together and the kernel's memory for them, each page once, but not
 * files that were in the page cache before. Needs root.
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

/** MiB, the median of several runs; empty if this machine does not allow such a group. */
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
      // The program replaces the shell, and so stays in its group.
      const joined = ['/bin/sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', group]
      await runOnce(subject, { scheme: 'http', key: 'ec-p256' }, place, joined)
      return Number(readFileSync(join(group, peak), 'utf8')) / 1024 / 1024
    } finally {
      rmdirSync(group)
    }
  }
  return undefined
}
