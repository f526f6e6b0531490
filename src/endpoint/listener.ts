/** The sockets: requests in, answers out, and a bound on everything that a sender decides. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { codeOf, IamRaError } from '../errors.ts'
import type { HealthSettings } from '../run-settings.ts'
import type { Handler } from './answer.ts'

/** Of one address. Readers need far less; the pod's other containers may send anything. */
export interface ListenerLimits {
  /** One more ends the one that has been without a request the longest. */
  readonly connections: number
  /** Of the request line and all headers together. */
  readonly headerBytes: number
  /** From the connection, or a request's first byte, to the end of its headers; a body is not waited for. */
  readonly requestMs: number
  /** Between two requests of a connection. */
  readonly idleMs: number
  /** So few that the answers to all of them, unread, fit into a socket. */
  readonly requestsPerConnection: number
  /** How often `requestMs` is looked at. */
  readonly checkMs: number
}

export const LISTENER_LIMITS: ListenerLimits = {
  connections: 128,
  headerBytes: 8192,
  requestMs: 5_000,
  idleMs: 5_000,
  requestsPerConnection: 100,
  checkMs: 5_000,
}

export interface ListenerOptions {
  /** The setting that names the port, for errors. */
  readonly setting: string
  /** What goes wrong afterwards: a handler's bug, or a connection that could not be accepted. Nothing ends for it. */
  onError(error: unknown): void
  readonly limits?: ListenerLimits
}

export interface Listener {
  readonly port: number
  /** The addresses that it listens on. */
  readonly hosts: readonly string[]
  /** Stops listening and ends every connection. Never rejects. */
  close(): Promise<void>
}

/** A machine without IPv6, or with IPv6 switched off. */
const NO_IPV6: readonly (string | undefined)[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT']

/**
 * Listens on 127.0.0.1 and, where the machine has it, on ::1.
 * @param port 0: any free one
 * @throws IamRaError LISTEN
 */
export async function listenOnLoopback(
  port: number,
  handler: Handler,
  options: ListenerOptions,
): Promise<Listener> {
  const first = await start('127.0.0.1', port, handler, options)
  try {
    return listenerOf([first, await start('::1', portOf(first), handler, options)])
  } catch (error) {
    if (NO_IPV6.includes(codeOf(error instanceof IamRaError ? error.cause : undefined)))
      return listenerOf([first])
    await stop(first)
    throw error
  }
}

/** Listens where health is asked for. @throws IamRaError LISTEN */
export async function listenForHealth(
  { host, port }: HealthSettings,
  handler: Handler,
  options: ListenerOptions,
): Promise<Listener> {
  return listenerOf([await start(host, port, handler, options)])
}

function listenerOf(servers: readonly [Server, ...Server[]]): Listener {
  return {
    port: portOf(servers[0]),
    hosts: servers.map((server) => (server.address() as AddressInfo).address),
    async close() {
      await Promise.all(servers.map(stop))
    },
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

async function start(
  host: string,
  port: number,
  handler: Handler,
  options: ListenerOptions,
): Promise<Server> {
  const limits = options.limits ?? LISTENER_LIMITS
  const server = createServer({
    maxHeaderSize: limits.headerBytes,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: limits.checkMs,
  })
  server.maxRequestsPerSocket = limits.requestsPerConnection
  limitConnections(server, limits.connections)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port, options.setting)))
    server.listen(port, host, resolve)
  })
  server.removeAllListeners('error')
  server.on('error', (error) => options.onError(error))
  const bound = portOf(server)
  server.on('request', (request, response) => {
    try {
      respond(request, response, handler, bound)
    } catch (error) {
      options.onError(error)
      response.destroy()
    }
  })
  return server
}

/**
 * By hand: Bun does not heed `maxConnections`, and Node then refuses the newest, which may be the kubelet's. Here the one
 * that has been without a request the longest makes room. Those that never sent a whole one are no different: were they
 * always the first to go, whoever held all the others would shut out each newcomer before it could ask.
 */
function limitConnections(server: Server, most: number): void {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    const [oldest] = open
    if (oldest !== undefined && open.size >= most) {
      // Its `close` comes later.
      open.delete(oldest)
      oldest.destroy()
    }
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.on('request', ({ socket }) => {
    if (open.delete(socket)) open.add(socket)
  })
}

function respond(request: IncomingMessage, response: ServerResponse, handler: Handler, port: number): void {
  const { status, headers, body } = handler({
    method: request.method ?? '',
    target: request.url ?? '',
    headers: request.rawHeaders,
    port,
  })
  // Nobody reads a body here: the connection ends with the answer instead of taking it all in.
  if (hasBody(request)) response.setHeader('Connection', 'close')
  response.writeHead(status, headers)
  response.end(body)
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** Every request is answered in the turn in which it is read, so no answer is cut off. */
async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function listenError(error: unknown, host: string, port: number, setting: string): IamRaError {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const [why, hint] = reasonOf(codeOf(error), setting)
  return new IamRaError('LISTEN', 'sink', `cannot listen on ${address}: ${why}`, { hint, cause: error })
}

function reasonOf(code: string | undefined, setting: string): readonly [why: string, hint: string] {
  if (code === 'EADDRINUSE') {
    return ['something in this pod uses that port already', `set ${setting} to a free port`]
  }
  if (code === 'EADDRNOTAVAIL') {
    return ['this machine has no such address', `set ${setting} to an address of this pod, or to 0.0.0.0`]
  }
  if (code === 'EACCES') {
    return ['this user may not use that port', `set ${setting} to a port from 1024 on`]
  }
  return [code ?? 'for an unknown reason', `see that ${setting} names an address and a port of this pod`]
}
