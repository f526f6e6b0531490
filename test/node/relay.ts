/** A server's place in the node's network: connections there go on to loopback while it is open, and are refused while not. */
import { once } from 'node:events'
import net from 'node:net'

export interface Relay {
  open(): Promise<void>
  /** Ends what goes through it too. */
  close(): Promise<void>
}

export function createRelay(address: string, port: number, target: number): Relay {
  const sockets = new Set<net.Socket>()
  const keep = (socket: net.Socket): void => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  }
  const server = net.createServer((client) => {
    const upstream = net.connect(target, '127.0.0.1')
    keep(client)
    keep(upstream)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
    client.pipe(upstream).pipe(client)
  })
  return {
    async open() {
      server.listen(port, address)
      await once(server, 'listening')
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}
