/** What a hostile sender may do on a connection, over and over. */
import net from 'node:net'

export const KINDS = [
  'short',
  'reset',
  'silent',
  'many-senders',
  'half-open',
  'pipelining',
  'never-reading',
  'kept',
] as const
export type Kind = (typeof KINDS)[number]

/** Those that can come from one address of another machine. */
export const NETWORK_KINDS = KINDS.filter((kind) => kind !== 'many-senders')

/** How many connections of each kind are open at once: many where they only wait. */
export const CONNECTIONS: Readonly<Record<Kind, number>> = {
  short: 64,
  reset: 64,
  silent: 2000,
  'many-senders': 2000,
  'half-open': 2000,
  pipelining: 64,
  'never-reading': 1000,
  kept: 64,
}

export interface Target {
  readonly host: string
  readonly port: number
  readonly path: string
}

/** Requests that are sent at once by those that do not wait for an answer. */
const AT_ONCE = 100
/** One connection is given up after this, whatever became of it. */
const LONGEST_MS = 5000

/** One connection from its beginning to its end. @returns whether anything was answered on it. Never rejects. */
export function flow(kind: Kind, { host, port, path }: Target): Promise<boolean> {
  const request = `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`
  return new Promise((resolve) => {
    const socket = net.connect({
      host,
      port,
      ...(kind === 'many-senders' && { localAddress: anyLoopback() }),
    })
    let isAnswered = false
    const guard = setTimeout(() => socket.destroy(), LONGEST_MS)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(guard)
      resolve(isAnswered)
    })
    if (kind === 'never-reading') socket.pause()
    else
      socket.on('data', () => {
        isAnswered = true
        if (kind === 'short') socket.resetAndDestroy()
        else if (kind === 'kept') socket.write(request)
      })
    socket.on('connect', () => {
      switch (kind) {
        case 'short':
        case 'kept':
          socket.write(request)
          break
        case 'reset':
          socket.write(request)
          socket.resetAndDestroy()
          break
        case 'silent':
        case 'many-senders':
          break
        case 'half-open':
          socket.write(request.slice(0, 20))
          break
        case 'pipelining':
        case 'never-reading':
          socket.write(request.repeat(AT_ONCE))
      }
    })
  })
}

/** Each address of 127/8 is this machine's, and takes no privilege. */
function anyLoopback(): string {
  const byte = (): number => 1 + Math.floor(Math.random() * 250)
  return `127.${byte()}.${byte()}.${byte()}`
}
