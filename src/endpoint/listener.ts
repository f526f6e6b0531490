/** Opens the ports of `serve` and health. */
import { codeOf, IamRaError } from '../errors.ts'
import { METADATA_ADDRESS, type ListenAddress } from './settings.ts'
import type { Handler, WaitingHandler } from './answer.ts'
import { withinDescriptors, type DescriptorUse } from './descriptors.ts'
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

type ListenSetting = 'ENDPOINT_PORT' | 'METADATA_ADDR' | 'HEALTH_ADDR' | 'AGENT_ADDRS' | 'AGENT_METRICS_ADDR'

export interface ListenerOptions {
  /** The setting that names the port, for errors. */
  readonly setting: ListenSetting
  /** Called for errors after the start: a handler's bug, or a connection that could not be accepted. Listening goes on. */
  onError(error: unknown): void
  /** The one address that may connect. Default any. */
  readonly from?: string
  readonly limits?: ServerLimits
  /** What else this process needs descriptors for. Default: what serve does. */
  readonly descriptors?: DescriptorUse
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

/**
 * Listens on the metadata address, for this pod alone. Unlike 127.0.0.1, the kernel takes packets for it from the network
 * too, so a neighbour on the same link could send some. Within the pod a connection to it also comes from it, and the
 * kernel drops what comes from outside with an address of its own (fib_validate_source).
 * @throws IamRaError LISTEN
 */
export async function listenForMetadata(
  address: ListenAddress,
  handler: Handler,
  options: Omit<ListenerOptions, 'setting' | 'from'>,
): Promise<Listener> {
  const isLoopback = address.host !== METADATA_ADDRESS
  const from = isLoopback ? {} : { from: address.host }
  return await listenOn(address, handler, { ...options, ...from, setting: 'METADATA_ADDR' })
}

/** Listens on one address. @throws IamRaError LISTEN */
export async function listenOn(
  { host, port }: ListenAddress,
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
export async function listenOnAll(
  addresses: readonly [ListenAddress, ...ListenAddress[]],
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
  { setting, onError, from, limits = LISTENER_LIMITS, descriptors }: ListenerOptions,
): Promise<Server> {
  try {
    const within = withinDescriptors(limits, descriptors)
    return await startServer({ host, port, from, handler, onError, limits: within })
  } catch (error) {
    throw listenError(error, host, port, setting)
  }
}

function listenError(error: unknown, host: string, port: number, setting: ListenSetting): IamRaError {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const code = codeOf(error)
  const [why, hint] = REASONS[setting]?.[code ?? ''] ?? reasonOf(code, setting)
  return new IamRaError('LISTEN', 'sink', `cannot listen on ${address}: ${why}`, { hint, cause: error })
}

type Reason = readonly [why: string, hint: string]
/** By the system's code. */
type Reasons = Readonly<Record<string, Reason | undefined>>

/** Its address and port are given, since apps have them written into them: the pod must be changed. */
const METADATA_REASONS: Reasons = {
  EADDRINUSE: [
    'that port is already in use in this pod',
    'let the app listen on another port, or not on every address: 0.0.0.0 and [::] include this one',
  ],
  EADDRNOTAVAIL: [
    'this pod has no such address, so the init container aws-iam-ra-address has not run',
    'add it before this container, with args: [metadata-address]',
  ],
  EACCES: [
    'this user is not allowed to use that port',
    "set the sysctl net.ipv4.ip_unprivileged_port_start to that port or lower in the pod's securityContext",
  ],
}

/** All processes on the node share its addresses. */
const AGENT_REASONS: Reasons = {
  EADDRINUSE: [
    'that port is already in use on this node',
    'stop the other agent or program that listens there, or set AGENT_ADDRS to another port, for agent and pods',
  ],
  EADDRNOTAVAIL: [
    'this node has no such address',
    'run aws-iam-ra agent-address on the node before, as the init container of k8s/agent does',
  ],
}

const REASONS: Readonly<Partial<Record<ListenSetting, Reasons>>> = {
  METADATA_ADDR: METADATA_REASONS,
  AGENT_ADDRS: AGENT_REASONS,
}

function reasonOf(code: string | undefined, setting: ListenSetting): Reason {
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
