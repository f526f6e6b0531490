/** Opens the ports of `serve` and health. */
import { codeOf, IamRaError } from '../errors.ts'
import type { HealthSettings } from './settings.ts'
import type { Handler, WaitingHandler } from './answer.ts'
import { withinDescriptors } from './descriptors.ts'
import { startServer, type Server, type ServerLimits } from './server.ts'

export const LISTENER_LIMITS: ServerLimits = {
  connections: 512,
  burst: 1024,
  most: Infinity,
  youngMs: 250,
  acceptsPerTurn: 4096,
  headerBytes: 8192,
  requestMs: 5_000,
  idleMs: 5_000,
  requestsPerConnection: 32,
  checkMs: 1_000,
}

export interface ListenerOptions {
  /** The setting that names the port, for errors. */
  readonly setting: string
  /** Called for errors after the start: a handler's bug, or a connection that could not be accepted. Listening goes on. */
  onError(error: unknown): void
  readonly limits?: ServerLimits
}

export interface Listener {
  readonly port: number
  /** The addresses that it listens on. */
  readonly hosts: readonly string[]
  /** Stops listening and closes every connection. */
  close(): void
}

/** A machine without IPv6, or with IPv6 switched off. */
const NO_IPV6: readonly (string | undefined)[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT']

/**
 * Listens on 127.0.0.1 and, if the machine has it, on ::1.
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
    return listenerOf([first, await start('::1', first.port, handler, options)])
  } catch (error) {
    if (lacksIpv6('::1', error)) return listenerOf([first])
    first.close()
    throw error
  }
}

/** Listens on the health address. @throws IamRaError LISTEN */
export async function listenForHealth(
  { host, port }: HealthSettings,
  handler: Handler,
  options: ListenerOptions,
): Promise<Listener> {
  return listenerOf([await start(host, port, handler, options)])
}

/**
 * Listens on each of these addresses.
 * @param optional whether to go without the IPv6 addresses if the machine has none of them
 * @throws IamRaError LISTEN
 */
export async function listenOn(
  addresses: readonly [HealthSettings, ...HealthSettings[]],
  handler: WaitingHandler,
  options: ListenerOptions,
  optional: boolean,
): Promise<Listener> {
  const [first, ...others] = addresses
  const servers: [Server, ...Server[]] = [await start(first.host, first.port, handler, options)]
  for (const { host, port } of others) {
    try {
      servers.push(await start(host, port, handler, options))
    } catch (error) {
      if (optional && lacksIpv6(host, error)) continue
      listenerOf(servers).close()
      throw error
    }
  }
  return listenerOf(servers)
}

function lacksIpv6(host: string, error: unknown): boolean {
  return host.includes(':') && NO_IPV6.includes(codeOf(error instanceof IamRaError ? error.cause : undefined))
}

function listenerOf(servers: readonly [Server, ...Server[]]): Listener {
  return {
    port: servers[0].port,
    hosts: servers.map(({ host }) => host),
    close: () => servers.forEach((server) => server.close()),
  }
}

async function start(
  host: string,
  port: number,
  handler: WaitingHandler,
  { setting, onError, limits = LISTENER_LIMITS }: ListenerOptions,
): Promise<Server> {
  try {
    return await startServer({ host, port, handler, onError, limits: withinDescriptors(limits) })
  } catch (error) {
    throw listenError(error, host, port, setting)
  }
}

function listenError(error: unknown, host: string, port: number, setting: string): IamRaError {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const [why, hint] = reasonOf(codeOf(error), setting)
  return new IamRaError('LISTEN', 'sink', `cannot listen on ${address}: ${why}`, { hint, cause: error })
}

function reasonOf(code: string | undefined, setting: string): readonly [why: string, hint: string] {
  if (code === 'EADDRINUSE') {
    return ['that port is already in use in this pod', `set ${setting} to a free port`]
  }
  if (code === 'EADDRNOTAVAIL') {
    return ['this machine has no such address', `set ${setting} to an address of this pod, or to 0.0.0.0`]
  }
  if (code === 'EACCES') {
    return ['this user is not allowed to use that port', `set ${setting} to port 1024 or higher`]
  }
  return [code ?? 'unknown error', `check that ${setting} is an address and port of this pod`]
}
