/** What the kernel says of a container: its processes, and their memory. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { groupsOf, nodeName } from './namespaces.ts'

/** The first process of a container. @param id as the pod's status has it, with containerd:// before it */
export function processOf(id: string): string {
  const [pid] = readFileSync(join(groupOf(id, 'cgroup.procs'), 'cgroup.procs'), 'utf8').split('\n')
  if (pid === undefined || pid === '') throw new Error(`no process of ${id}`)
  return pid
}

export interface Memory {
  /** Of its first process, with the pages of the executable. */
  readonly residentMiB: number
  /** The most that counted towards its limit at any time, without those pages: the node keeps its images in memory. */
  readonly peakMiB: number
}

/** By control groups of version 1 or 2. */
export function memoryOf(id: string): Memory {
  const group = groupOf(id, 'memory.stat')
  const names = readdirSync(group)
  const peak = ['memory.peak', 'memory.max_usage_in_bytes'].find((name) => names.includes(name))
  const status = readFileSync(`/proc/${processOf(id)}/status`, 'utf8')
  const kiB = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  if (kiB === undefined || peak === undefined) throw new Error(`no memory of ${id}`)
  return {
    residentMiB: Math.round(Number(kiB) / 2 ** 10),
    peakMiB: Math.round(Number(readFileSync(join(group, peak), 'utf8')) / 2 ** 20),
  }
}

function groupOf(id: string, withFile: string): string {
  const name = id.replace('containerd://', '')
  for (const hierarchy of groupsOf(nodeName())) {
    const found = readdirSync(hierarchy, { recursive: true, encoding: 'utf8' }).find((path) =>
      path.endsWith(join(name, withFile)),
    )
    if (found !== undefined) return join(hierarchy, found, '..')
  }
  throw new Error(`no control group of ${id} has ${withFile}`)
}
