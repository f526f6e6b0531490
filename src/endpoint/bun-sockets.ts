/** Sockets through Bun's own API: https://bun.com/docs/runtime/networking/tcp */
import type { ListenOptions, Peer, PeerEvents, Sockets } from './sockets.ts'

interface BunSocket {
  data: Held | undefined
  readonly remoteAddress: string | undefined
  /** @returns how many bytes the kernel took; negative once the socket is closed */
  write(bytes: Uint8Array): number
  pause(): void
  resume(): void
  shutdown(): void
  end(): void
  terminate(): void
}

interface BunListener {
  readonly port: number
  readonly hostname: string
  stop(): void
}

interface Bun {
  listen(options: {
    readonly hostname: string
    readonly port: number
    readonly exclusive: boolean
    readonly socket: {
      open(socket: BunSocket): void
      data(socket: BunSocket, bytes: Uint8Array): void
      drain(socket: BunSocket): void
      close(socket: BunSocket): void
      error(socket: BunSocket, error: unknown): void
    }
  }): BunListener
}

/** The data attached to a socket. */
interface Held {
  readonly events: PeerEvents
  /** Bytes that the kernel has not taken yet. */
  rest: Uint8Array | undefined
  /** Whether nothing follows `rest`. */
  isLast: boolean
}

export function openBunSockets({ host, port, accept }: ListenOptions): Sockets {
  const { listen } = (globalThis as unknown as { readonly Bun: Bun }).Bun
  const socket = {
    open(one: BunSocket): void {
      one.data = { events: accept(peerOf(one)), rest: undefined, isLast: false }
    },
    data: ({ data }: BunSocket, bytes: Uint8Array): void => data?.events.received(bytes),
    drain(one: BunSocket): void {
      const { data } = one
      if (data?.rest === undefined) return
      data.rest = writeSome(one, data.rest)
      if (data.rest !== undefined) return
      if (data.isLast) one.shutdown()
      data.events.drained()
    },
    close: ({ data }: BunSocket): void => data?.events.closed(),
    // A reset: `close` follows.
    error: (): void => undefined,
  }
  const start = (at: number): BunListener => listen({ hostname: host, port: at, exclusive: true, socket })
  let listener = start(port)
  const { port: bound } = listener
  return {
    host: listener.hostname,
    port: bound,
    again() {
      listener.stop()
      listener = start(bound)
    },
    close: () => listener.stop(),
  }
}

function peerOf(socket: BunSocket): Peer {
  return {
    address: socket.remoteAddress ?? '',
    write(bytes) {
      const rest = writeSome(socket, bytes)
      if (rest === undefined) return true
      // A copy: the caller may reuse the memory of its bytes.
      if (socket.data !== undefined) socket.data.rest = Uint8Array.from(rest)
      return false
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    finish() {
      if (socket.data?.rest === undefined) socket.shutdown()
      else socket.data.isLast = true
    },
    // `end` would wait for a reader that never reads.
    close: () => (socket.data?.rest === undefined ? socket.end() : socket.terminate()),
  }
}

/** @returns the bytes that the kernel did not take */
function writeSome(socket: BunSocket, bytes: Uint8Array): Uint8Array | undefined {
  const written = socket.write(bytes)
  // A closed socket takes no more, and its `close` event is on the way.
  return written < 0 || written >= bytes.byteLength ? undefined : bytes.subarray(written)
}
