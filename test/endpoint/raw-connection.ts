/** A connection on which a test decides every byte. */
import { once } from 'node:events'
import net from 'node:net'

/** Of every wait; reached only where the listener does not do what it must. */
const GUARD_MS = 20_000

export interface RawConnection {
  readonly received: string
  send(text: string): void
  /** Sends `text` again and again until the connection is closed. */
  drip(text: string): void
  /** Waits until `pattern` was received `count` times. */
  receive(pattern: RegExp, count?: number): Promise<string>
  /** Waits until the other end closes it. @returns all that was received */
  closed(): Promise<string>
  /** Ends it without a goodbye. */
  reset(): void
}

export async function connect(port: number, host = '127.0.0.1'): Promise<RawConnection> {
  const socket = net.connect(port, host)
  let received = ''
  let dripping: NodeJS.Timeout | undefined
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
  socket.on('close', () => clearInterval(dripping))
  await once(socket, 'connect')
  // A reset is one of the ways in which a listener ends a connection.
  socket.on('error', () => undefined)
  const wait = async (done: () => boolean, what: string): Promise<string> => {
    const guard = AbortSignal.timeout(GUARD_MS)
    while (!done()) {
      if (socket.closed) throw new Error(`closed before ${what}: ${received}`)
      await Promise.race([
        once(socket, 'data', { signal: guard }).catch(() => undefined),
        once(socket, 'close', { signal: guard }).catch(() => undefined),
      ])
      if (guard.aborted) throw new Error(`no ${what} in ${GUARD_MS} ms: ${received}`)
    }
    return received
  }
  return {
    get received() {
      return received
    },
    send: (text) => void socket.write(text),
    drip: (text) => (dripping = setInterval(() => socket.write(text), 20)),
    receive: (pattern, count = 1) =>
      wait(() => [...received.matchAll(new RegExp(pattern, 'g'))].length >= count, String(pattern)),
    closed: () => wait(() => socket.closed, 'end'),
    reset: () => void socket.resetAndDestroy(),
  }
}
