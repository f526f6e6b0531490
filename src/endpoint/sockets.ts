/**
 * The minimum that a listener needs from a TCP server: anything that node:net and node:http add on top makes a flood of
 * short connections expensive. On Bun a connection with one request takes 350 µs of CPU with node:http, 230 with
 * node:net and 60 with Bun's own sockets, and node:http answers within its loop of accepts, which a flood then keeps
 * from ending (docs/lab/floods.md).
 */

/** One accepted connection. */
export interface Peer {
  /** Address of the other end; empty once it is gone. */
  readonly address: string
  /**
   * Must not be called before the last write has been taken completely.
   * @returns whether the kernel took all of it; otherwise `drained` follows
   */
  write(bytes: Uint8Array): boolean
  pause(): void
  resume(): void
  /** Signals that no more will come. Anything the other end still sends is received until it closes. */
  finish(): void
  /** Immediately. Bytes that the kernel took are still delivered, unless bytes from the other end are left unread. */
  close(): void
}

/** The events of a connection. */
export interface PeerEvents {
  /** The bytes are valid only until it returns. */
  received(bytes: Uint8Array): void
  drained(): void
  /** After `close`, and after the other end closes. */
  closed(): void
}

export interface Sockets {
  readonly host: string
  readonly port: number
  /**
   * Closes the listener and listens again at once, which is the only way to end a loop of accepts. Connections waiting
   * to be accepted are refused.
   * @throws Error if something else has taken the port meanwhile
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
