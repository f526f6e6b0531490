/** What the kernel says of a process's memory: proc_pid_status(5) and proc_pid_smaps(5). Linux. */
import { readdirSync, readFileSync } from 'node:fs'

/** MiB. */
export interface Memory {
  /** VmRSS: every page that the process has mapped and that is in memory, those of its executable file too. */
  readonly rss: number
  /** RssAnon: pages of no file, which nothing can take from it. */
  readonly anonymous: number
  /** RssFile: pages of files, the executable's for the most part, which the node's other containers share. */
  readonly file: number
  /** VmHWM: the greatest `rss` so far. */
  readonly peak: number
  /** Its share of all these pages: one that several processes map counts as a part for each. */
  readonly share: number
  /** The part of `share` that is of no file. */
  readonly anonymousShare: number
}

/** @param status of /proc/<pid>/status @param rollup of /proc/<pid>/smaps_rollup @throws Error where a line is missing */
export function parseMemory(status: string, rollup: string): Memory {
  return {
    rss: mebibytes(status, 'VmRSS'),
    anonymous: mebibytes(status, 'RssAnon'),
    file: mebibytes(status, 'RssFile'),
    peak: mebibytes(status, 'VmHWM'),
    share: mebibytes(rollup, 'Pss'),
    anonymousShare: mebibytes(rollup, 'Pss_Anon'),
  }
}

/** @throws Error where there is no such process, or it has ended and only its exit code is left */
export function readMemory(pid: number): Memory {
  const text = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8')
  return parseMemory(text('status'), text('smaps_rollup'))
}

/**
 * The child that runs this program anew with `argument` among its own. Before its exec a child shows the memory of its
 * parent, and the same arguments.
 */
export function findChild(parent: number, argument: string): number | undefined {
  return childrenOf(parent).find((child) => textOf(`/proc/${child}/cmdline`).split('\0').includes(argument))
}

export function childrenOf(parent: number): readonly number[] {
  return readdirSync(`/proc/${parent}/task`)
    .flatMap((thread) => textOf(`/proc/${parent}/task/${thread}/children`).split(' '))
    .filter(Boolean)
    .map(Number)
}

/** Empty where thread or process has just ended. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function mebibytes(text: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]
  if (found === undefined) throw new Error(`the kernel says nothing of ${name}`)
  return Math.round((Number(found) / 1024) * 100) / 100
}
