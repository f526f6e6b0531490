/** Listens on one address, and enforces the limits on everything a sender controls. */
import type { WaitingHandler } from './answer.ts'
import { createAcceptTurn } from './accept-turn.ts'
import { createConnection, type Connection } from './connection.ts'
import { createPlaces } from './places.ts'
import { openSockets } from './open-sockets.ts'
import type { Peer, PeerEvents } from './sockets.ts'

/** For one address. Readers need far less; the pod's other containers may send anything. */
export interface ServerLimits {
  /** One more closes the connection that has been without a request the longest, of the sender with the most. */
  readonly connections: number
  /** This many more get time to send a request, */
  readonly burst: number
  /** which is this. */
  readonly youngMs: number
  /** Never exceeded, not even within a turn: each takes a file descriptor. */
  readonly most: number
  readonly acceptsPerTurn: number
  /** For the request line and all headers together. */
  readonly headerBytes: number
  /** From the connection, or a request's first byte, to the end of its headers; a body is not waited for. */
  readonly requestMs: number
  /** Between two requests on a connection. */
  readonly idleMs: number
  /** Low enough that the answers to all of them, unread, fit into a socket's buffer. */
  readonly requestsPerConnection: number
  /** How often `requestMs` and `idleMs` are checked. */
  readonly checkMs: number
}

export interface ServerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** The one address that may connect; undefined: any. */
  readonly from?: string | undefined
  readonly handler: WaitingHandler
  readonly limits: ServerLimits
  /** A handler's bug, or a connection that could not be accepted. The server goes on. */
  onError(error: unknown): void
}

export interface Server {
  readonly host: string
  readonly port: number
  /** Stops listening and closes every connection. Every answer given so far is delivered. */
  close(): void
}

const elapsed = (): number => performance.now()

/** It is closed before anything is read. */
function turnedAway(peer: Peer): PeerEvents {
  const nothing = (): void => undefined
  peer.close()
  return { received: nothing, drained: nothing, closed: nothing }
}

/** @throws Error with the system's code */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { host, port, from, handler, limits, onError } = options
  const places = createPlaces(limits, elapsed)
  const turn = createAcceptTurn(limits.acceptsPerTurn, () => sockets.again(), onError)
  const accept = (peer: Peer): PeerEvents => {
    turn.accepted()
    if (from !== undefined && peer.address !== from) return turnedAway(peer)
    const connection: Connection = createConnection(peer, {
      headerBytes: limits.headerBytes,
      requestMs: limits.requestMs,
      idleMs: limits.idleMs,
      requests: limits.requestsPerConnection,
      answer: (request) => handler({ ...request, port: sockets.port }),
      onError,
      later: setImmediate,
      now: Date.now,
      elapsed,
      onRequest: () => places.asked(connection),
      onLast: () => places.leaving(connection),
      onClosed: () => places.left(connection),
    })
    places.taken(connection)
    return connection
  }
  const sockets = await openSockets({ host, port, accept, onError })
  return {
    host: sockets.host,
    port: sockets.port,
    close() {
      turn.end()
      sockets.close()
      places.clear()
    },
  }
}
