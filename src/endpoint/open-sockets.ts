/** Sockets through the API of the current runtime: Bun's own, or node:net. */
import type { ListenOptions, Sockets } from './sockets.ts'

/** @throws Error with the system's code */
export async function openSockets(options: ListenOptions): Promise<Sockets> {
  if ('Bun' in globalThis) {
    const { openBunSockets } = await import('./bun-sockets.ts')
    return openBunSockets(options)
  }
  const { openNodeSockets } = await import('./node-sockets.ts')
  return await openNodeSockets(options)
}
