/**
 * A control group with the limits of a container, of either version. Needs root.
 * https://docs.kernel.org/admin-guide/cgroup-v1/memory.html, https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = '/sys/fs/cgroup'
const PERIOD_US = 100_000

export interface Group {
  /** A command that joins the group and then becomes the program. */
  enter(argv: readonly string[]): readonly string[]
  /** MiB, the most so far. */
  peak(): number
  /** Once nothing runs in it. */
  remove(): void
}

/** @param limits memory in MiB; cpu in thousandths of a core, undefined: no limit @throws Error without root */
export function createGroup(name: string, limits: { memory: number; cpu?: number | undefined }): Group {
  const isVersion2 = existsSync(join(ROOT, 'cgroup.controllers'))
  const { memory, cpu } = isVersion2
    ? { memory: join(ROOT, name), cpu: join(ROOT, name) }
    : { memory: join(ROOT, 'memory', name), cpu: join(ROOT, 'cpu', name) }
  if (isVersion2) writeFileSync(join(ROOT, 'cgroup.subtree_control'), '+memory +cpu')
  const folders = [...new Set([memory, cpu])]
  for (const folder of folders) mkdirSync(folder)
  writeFileSync(join(memory, isVersion2 ? 'memory.max' : 'memory.limit_in_bytes'), `${limits.memory}M`)
  if (limits.cpu !== undefined) {
    const quota = (limits.cpu / 1000) * PERIOD_US
    writeFileSync(
      join(cpu, isVersion2 ? 'cpu.max' : 'cpu.cfs_quota_us'),
      isVersion2 ? `${quota} ${PERIOD_US}` : String(quota),
    )
  }
  const join_ = folders.map((folder) => `echo $$ >'${folder}/cgroup.procs' && `).join('')
  return {
    enter: (argv) => ['/bin/sh', '-c', `${join_}exec "$@"`, 'sh', ...argv],
    peak: () =>
      Number(readFileSync(join(memory, isVersion2 ? 'memory.peak' : 'memory.max_usage_in_bytes'), 'utf8')) /
      1024 /
      1024,
    remove: () => folders.forEach((folder) => rmdirSync(folder)),
  }
}
