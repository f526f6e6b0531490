/**
 * Limits connections to the file descriptors available to this process. If none is left an accept fails, and Bun
 * retries it forever, using a whole core: https://github.com/oven-sh/bun/pull/32705. So it must not come to that.
 */
import { readdirSync, readFileSync } from 'node:fs'
import type { ServerLimits } from './server.ts'

/** What a process shares its descriptors among. */
export interface DescriptorUse {
  /** Addresses that it listens on, each with limits of its own. */
  readonly addresses: number
  /** Kept for everything but connections to them. */
  readonly reserved: number
}

/**
 * Of serve: two of loopback, the metadata address, and that of health; a renewal's child process with its pipes, files
 * that are written, and files that the runtime opens.
 */
const SERVE_USE: DescriptorUse = { addresses: 4, reserved: 24 }

export function withinDescriptors<L extends Pick<ServerLimits, 'connections' | 'burst' | 'most'>>(
  limits: L,
  { addresses, reserved }: DescriptorUse = SERVE_USE,
  free: number = freeDescriptors(),
): L {
  const room = Math.max(2, Math.floor((free - reserved) / addresses))
  const connections = Math.min(limits.connections, Math.ceil(room / 2))
  return {
    ...limits,
    connections,
    burst: Math.min(limits.burst, room - connections),
    most: Math.min(limits.most, room),
  }
}

/** proc_pid_limits(5). Infinity if there is no such file. */
function freeDescriptors(): number {
  try {
    const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return limit === undefined ? Infinity : Number(limit) - readdirSync('/proc/self/fd').length
  } catch {
    return Infinity
  }
}
