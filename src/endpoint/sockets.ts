/**
 * The least that a listener needs of a TCP server, since what node:net and node:http put on top is what a flood of short
 * connections costs: on Bun a connection with one request takes 350 µs of CPU by node:http, 230 by node:net and 60 by Bun's
 * own sockets, and node:http answers within its loop of accepts, which a flood then keeps from ending (docs/lab/floods.md).
 */

/** One accepted connection. */
export interface Peer {
  /** Of the other end; empty once that is gone. */
  readonly address: string
  /**
   * Nothing is written before the last write was taken whole.
   * @returns whether the kernel took all of it; otherwise `drained` follows
   */
  write(bytes: Uint8Array): boolean
  pause(): void
  resume(): void
  /** Says that no more will come. What the other end still sends is received until it closes. */
  finish(): void
  /** At once. What the kernel took is still delivered, unless the other end's bytes lie unread. */
  close(): void
}

/** What happens on a connection. */
export interface PeerEvents {
  /** The bytes are its own only until it returns. */
  received(bytes: Uint8Array): void
  drained(): void
  /** After `close`, and after the other end's. */
  closed(): void
}

export interface Sockets {
  readonly host: string
  readonly port: number
  /**
   * Listens anew at once, which is all that ends a loop of accepts. What waits to be accepted is refused.
   * @throws Error where something else has taken the port meanwhile
   */
  again(): void
  /** Stops listening; connections stay. */
  close(): void
}

export interface ListenOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  accept(peer: Peer): PeerEvents
  /** A connection could not be accepted. */
  onError(error: unknown): void
}
