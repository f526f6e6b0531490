/** Sockets by node:net, for Node. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { ListenOptions, Peer, Sockets } from './sockets.ts'

export async function openNodeSockets({ host, port, accept, onError }: ListenOptions): Promise<Sockets> {
  const server = createServer({ noDelay: true }, (socket) => {
    // A reset: `close` follows.
    socket.on('error', () => undefined)
    const events = accept(peerOf(socket))
    socket.on('data', (bytes: Buffer) => events.received(bytes))
    socket.on('drain', () => events.drained())
    socket.on('close', () => events.closed())
  })
  server.listen(port, host)
  await once(server, 'listening')
  server.on('error', onError)
  const { address, port: bound } = server.address() as AddressInfo
  return {
    host: address,
    port: bound,
    // Never needed: libuv accepts one connection per turn.
    again: () => undefined,
    close: () => void server.close(),
  }
}

function peerOf(socket: Socket): Peer {
  return {
    address: socket.remoteAddress ?? '',
    write: (bytes) => socket.write(bytes),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    finish: () => void socket.end(),
    close: () => void socket.destroy(),
  }
}
