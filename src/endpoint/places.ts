/** Which connections of one address stay open. */
import type { Connection } from './connection.ts'

export interface Places {
  /** @returns false where there is no room even for the moment: the connection is not one of them */
  taken(connection: Connection): boolean
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
  readonly burst: number
  /** How often those that take too long are looked for. */
  readonly checkMs: number
}

/**
 * Beyond the limit the connection that has been without a request the longest makes room, those first that wait for nothing.
 * Those that never sent a whole request are no different: were they always the first to go, whoever held all the others would
 * shut out each newcomer before it could ask.
 */
export function createPlaces(limits: PlaceLimits): Places {
  /** In the order of their last request, or of their coming. */
  const open = new Set<Connection>()
  const leaving = new Set<Connection>()
  let isMakingRoom = false
  let check: NodeJS.Timeout | undefined

  const size = (): number => open.size + leaving.size

  const makeRoom = (): void => {
    isMakingRoom = false
    for (const connections of [leaving, open]) {
      for (const connection of connections) {
        if (size() <= limits.connections) return
        connection.close()
      }
    }
  }

  const closeOverdue = (): void => {
    for (const connections of [leaving, open]) {
      for (const connection of connections) if (connection.isOverdue()) connection.close()
    }
  }

  return {
    taken(connection) {
      if (size() >= limits.connections + limits.burst) return false
      open.add(connection)
      // Only while there are connections: an idle process is not woken.
      check ??= setInterval(closeOverdue, limits.checkMs)
      if (size() > limits.connections && !isMakingRoom) {
        isMakingRoom = true
        // After the loop has read once: those that came in this turn have asked by then, if they mean to.
        setImmediate(() => setImmediate(makeRoom))
      }
      return true
    },
    asked(connection) {
      if (open.delete(connection)) open.add(connection)
    },
    leaving(connection) {
      if (open.delete(connection)) leaving.add(connection)
    },
    left(connection) {
      open.delete(connection)
      leaving.delete(connection)
      if (size() > 0) return
      clearInterval(check)
      check = undefined
    },
    clear() {
      for (const connection of [...leaving, ...open]) connection.close()
    },
  }
}
