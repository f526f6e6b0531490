/** Decides which connections to one listening address stay open. */
import type { Connection } from './connection.ts'

export interface Places {
  taken(connection: Connection): void
  /** The connection sent a complete request. */
  asked(connection: Connection): void
  /** The connection was given its last answer. */
  leaving(connection: Connection): void
  left(connection: Connection): void
  /** Closes all connections. */
  clear(): void
}

export interface PlaceLimits {
  readonly connections: number
  /** This many more are allowed if they are no older than `youngMs`. */
  readonly burst: number
  /** Never exceeded, not even within a turn: each takes a file descriptor. */
  readonly most: number
  /** Time allowed for sending a request, however many others arrive. */
  readonly youngMs: number
  /** How often to check for overdue connections. */
  readonly checkMs: number
}

/** The connections of one sender. */
interface Group {
  /** When each arrived, ordered by last request, or else by arrival. */
  readonly open: Map<Connection, number>
  readonly leaving: Set<Connection>
}

/**
 * Above the limit, senders that have more than their share make room, so that one sender's many connections do not push
 * out the kubelet's. Of a sender's own connections, those already given their last answer go first, then those idle
 * longest. Connections without a complete request are not evicted first once they have had their time, or a client
 * holding all the others could lock newcomers out before they can ask.
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

  /**
   * The largest senders first, level by level, and sorted once: each connection may have a sender of its own
   * (127.0.0.0/8).
   */
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

  /** In a turn of its own: evicted clients reconnect, and would keep a loop of accepts from ending. */
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
      // Both timers run only while needed: an idle process is not woken.
      checking ??= setInterval(() => each((one) => one.isOverdue() && one.close()), limits.checkMs)
      if (size > limits.connections) makeRoomLater()
      // Well below the limit, so that not every following connection needs a cut.
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
