/**
 * Room for connections among the files that this process may have open. Where none is left an accept fails, and Bun tries it
 * again without end, on a whole core: https://github.com/oven-sh/bun/pull/32705. So it is not let come to that.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerLimits } from './server.ts'

/** For a renewal's child with its pipes, for files that are written, and for what the runtime opens. */
const RESERVED = 24
/** Two of the endpoint's and one of health's. */
const ADDRESSES = 3

export function withinDescriptors<L extends Pick<ServerLimits, 'connections' | 'burst' | 'most'>>(
  limits: L,
  free: number = freeDescriptors(),
): L {
  const room = Math.max(2, Math.floor((free - RESERVED) / ADDRESSES))
  const connections = Math.min(limits.connections, Math.ceil(room / 2))
  return {
    ...limits,
    connections,
    burst: Math.min(limits.burst, room - connections),
    most: Math.min(limits.most, room),
  }
}

/** proc_pid_limits(5). Infinity where there is no such file. */
function freeDescriptors(): number {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit === undefined ? Infinity : Number(limit) - readdirSync('/proc/self/fd').length
  } catch {
    return Infinity
  }
}
