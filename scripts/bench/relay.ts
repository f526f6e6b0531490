/** A relay on loopback that counts connections and bytes without inspecting them. */
import net, { type AddressInfo } from 'node:net'
import type { Traffic } from './results.ts'

export interface Relay {
  /** The server's address, with the relay's port. */
  readonly url: string
  traffic(): Traffic
  close(): Promise<void>
}

export async function startRelay(target: string): Promise<Relay> {
  const { hostname, port, protocol } = new URL(target)
  const sockets = new Set<net.Socket>()
  let connections = 0
  let sent = 0
  let received = 0
  const server = net.createServer((client) => {
    connections += 1
    const upstream = net.connect(Number(port), hostname)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.end()
      })
    }
    client.on('data', (chunk: Buffer) => (sent += chunk.byteLength))
    upstream.on('data', (chunk: Buffer) => (received += chunk.byteLength))
    client.pipe(upstream)
    upstream.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`,
    traffic: () => ({ connections, sent, received }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
