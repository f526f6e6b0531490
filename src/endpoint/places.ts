/** Which connections of one address that is listened on stay open. */
import type { Connection } from './connection.ts'

export interface Places {
  taken(connection: Connection): void
  /** It sent a whole request. */
  asked(connection: Connection): void
  /** It was given its last answer. */
  leaving(connection: Connection): void
  left(connection: Connection): void
  /** Ends them all. */
  clear(): void
}

export interface PlaceLimits {
  readonly connections: number
  /** As many more may be there that are not older than `youngMs`. */
  readonly burst: number
  /** Never more, not within a turn either: each takes a file descriptor. */
  readonly most: number
  /** Time to send a request in, whoever else comes. */
  readonly youngMs: number
  /** How often those that take too long are looked for. */
  readonly checkMs: number
}

/** What has come from one sender. */
interface Group {
  /** When each came, in the order of their last request, or of their coming. */
  readonly open: Map<Connection, number>
  readonly leaving: Set<Connection>
}

/**
 * Beyond the limit senders that have more than their share make room, so that many connections of one do not end the
 * kubelet's. Of a sender's own it is those that wait for nothing, then those that have been without a request the longest. Those
 * that never sent a whole one are no different, once they had their time: were they always the first to go, whoever held all
 * the others would shut out each newcomer before it could ask.
 */
export function createPlaces(limits: PlaceLimits, elapsed: () => number): Places {
  const groups = new Map<string, Group>()
  let size = 0
  let makingRoom: NodeJS.Timeout | undefined
  let isCutting = false
  let checking: NodeJS.Timeout | undefined

  const makeRoom = (): void => {
    makingRoom = undefined
    const youngSinceMs = elapsed() - limits.youngMs
    const share = limits.connections / groups.size
    for (const group of [...groups.values()]) {
      for (const connection of connectionsOf(group)) {
        if (size <= limits.connections || sizeOf(group) <= share) break
        if ((group.open.get(connection) ?? -Infinity) <= youngSinceMs) connection.close()
      }
    }
    if (size > limits.connections) makeRoomLater()
  }

  /** The largest senders first, level by level, and sorted once: each connection may have a sender of its own (127.0.0.0/8). */
  const cut = (most: number): void => {
    const bySize = [...groups.values()].sort((one, other) => sizeOf(other) - sizeOf(one))
    for (let level = bySize[0] === undefined ? 0 : sizeOf(bySize[0]); level > 0; level -= 1) {
      for (const group of bySize) {
        if (size <= most) return
        if (sizeOf(group) < level) break
        firstOf(group)?.close()
      }
    }
  }

  /** In a turn of its own: those that are closed come again, and would keep a loop of accepts from ending. */
  const cutBurst = (): void => {
    isCutting = false
    cut(limits.connections + limits.burst)
  }

  const makeRoomLater = (): void => {
    makingRoom ??= setTimeout(makeRoom, limits.youngMs / 4)
  }

  const each = (work: (connection: Connection) => void): void => {
    for (const group of [...groups.values()]) for (const connection of connectionsOf(group)) work(connection)
  }

  return {
    taken(connection) {
      const { address } = connection
      let group = groups.get(address)
      if (group === undefined) groups.set(address, (group = { open: new Map(), leaving: new Set() }))
      group.open.set(connection, elapsed())
      size += 1
      // Both only while they are needed: an idle process is not woken.
      checking ??= setInterval(() => each((one) => one.isOverdue() && one.close()), limits.checkMs)
      if (size > limits.connections) makeRoomLater()
      // Well below it, so that the next ones need no cut each.
      if (size > limits.most) cut(limits.connections)
      if (size <= limits.connections + limits.burst || isCutting) return
      isCutting = true
      setImmediate(cutBurst)
    },
    asked(connection) {
      const open = groups.get(connection.address)?.open
      const cameMs = open?.get(connection)
      if (open === undefined || cameMs === undefined) return
      open.delete(connection)
      open.set(connection, cameMs)
    },
    leaving(connection) {
      const group = groups.get(connection.address)
      if (group?.open.delete(connection) === true) group.leaving.add(connection)
    },
    left(connection) {
      const group = groups.get(connection.address)
      if (group === undefined) return
      if (!group.open.delete(connection) && !group.leaving.delete(connection)) return
      size -= 1
      if (sizeOf(group) === 0) groups.delete(connection.address)
      if (size > 0) return
      clearInterval(checking)
      clearTimeout(makingRoom)
      checking = makingRoom = undefined
    },
    clear: () => each((connection) => connection.close()),
  }
}

function sizeOf({ open, leaving }: Group): number {
  return open.size + leaving.size
}

function connectionsOf({ open, leaving }: Group): Connection[] {
  return [...leaving, ...open.keys()]
}

function firstOf({ open, leaving }: Group): Connection | undefined {
  const [first] = leaving.size > 0 ? leaving : open.keys()
  return first
}
