/** Servers on loopback that speak in raw bytes, so that a test decides every one of them. */
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'

export interface ServerIdentity {
  readonly key: string
  readonly cert: string
}

export interface RawServerOptions {
  /** Absent: plain TCP. */
  readonly tls?: tls.TlsOptions
  /** Default 127.0.0.1. */
  readonly host?: string
  /** Whether to answer whatever comes, as a server of another protocol does. */
  readonly eager?: boolean
}

export interface RawServer {
  readonly port: number
  /** `127.0.0.1:port` */
  readonly authority: string
  /** Every whole request: its head and, where Content-Length says so, its body. */
  readonly requests: readonly string[]
  /** How many connections were made in all. */
  connections(): number
  /** Resolves when no connection is open. */
  idle(): Promise<void>
  close(): Promise<void>
}

export type Respond = (socket: net.Socket, request: string, count: number) => void

/** @param respond is called for each whole request on a connection */
export async function rawServer(respond: Respond, options: RawServerOptions = {}): Promise<RawServer> {
  const requests: string[] = []
  const sockets = new Set<net.Socket>()
  let connections = 0
  let onIdle = (): void => undefined
  const onConnection = (socket: net.Socket): void => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0) onIdle()
    })
    let received = ''
    const onData = (chunk: Buffer): void => {
      if (options.eager === true) {
        respond(socket, '', requests.length)
        return
      }
      received += chunk.toString('latin1')
      for (let length = wholeRequest(received); length > 0; length = wholeRequest(received)) {
        const request = received.slice(0, length)
        received = received.slice(length)
        requests.push(request)
        respond(socket, request, requests.length)
      }
    }
    socket.on('data', onData)
  }
  const server =
    options.tls === undefined ? net.createServer(onConnection) : tls.createServer(options.tls, onConnection)
  server.on('tlsClientError', () => undefined)
  server.listen(0, options.host ?? '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  return {
    port,
    authority: `${net.isIPv6(options.host ?? '') ? `[${options.host ?? ''}]` : '127.0.0.1'}:${port}`,
    requests,
    connections: () => connections,
    idle: () =>
      new Promise((resolve) => {
        onIdle = resolve
        if (sockets.size === 0) resolve()
      }),
    async close() {
      for (const socket of sockets) socket.destroy()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

/** The length of the first whole request in `received`; 0 where it is not whole yet. */
function wholeRequest(received: string): number {
  const head = received.indexOf('\r\n\r\n')
  if (head === -1) return 0
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(0, head))?.[1] ?? 0)
  return received.length >= head + 4 + length ? head + 4 + length : 0
}

/** An answer with its length. */
export function answer(body: string, status = '200 OK', headers: readonly string[] = []): string {
  const lines = [`HTTP/1.1 ${status}`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers]
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** Opens the tunnel that CONNECT asks for, as a forward proxy does. */
export const tunnel: Respond = tunnelBehind('HTTP/1.1 200 Connection established\r\n\r\n')

/** The same to a port of loopback, whatever is asked for. */
export function tunnelTo(port: number): Respond {
  return (socket, request, count) =>
    tunnel(socket, request.replace(/^CONNECT \S+/, `CONNECT 127.0.0.1:${port}`), count)
}

/** The same behind a head of the test's choice. */
export function tunnelBehind(head: string | Buffer, byteByByte = false): Respond {
  return (socket, request) => {
    const [, host = '', port = ''] = /^CONNECT \[?([^ \]]+?)\]?:(\d+) /.exec(request) ?? []
    const upstream = net.connect(Number(port), host)
    // What follows is not for the proxy.
    socket.removeAllListeners('data')
    // Or what comes before the pipe would be lost.
    socket.pause()
    upstream.on('error', () => socket.destroy())
    upstream.on('close', () => socket.destroy())
    socket.on('close', () => upstream.destroy())
    upstream.on('connect', () => {
      const parts = byteByByte ? [...Buffer.from(head)].map((byte) => Buffer.of(byte)) : [head]
      socket.setNoDelay(true)
      const next = (): void => {
        const part = parts.shift()
        if (part === undefined) {
          upstream.pipe(socket)
          socket.pipe(upstream)
          return
        }
        socket.write(part)
        setImmediate(next)
      }
      next()
    })
  }
}
