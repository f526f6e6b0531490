/** Connections through a forward proxy by CONNECT (RFC 9110, section 9.3.6), whatever the scheme of the target. */
import http from 'node:http'
import https from 'node:https'
import net, { isIP, isIPv6, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { foreignText } from '../text/redact.ts'
import { proxyError, TransportError } from './transport-error.ts'
import { readTunnelAnswer, type TunnelAnswer } from './tunnel-answer.ts'
import { wireName } from './wire-name.ts'

export interface TunnelTarget extends https.RequestOptions {
  /** Aborts opening the tunnel, which the request does not own yet; an agent is not given the request's `signal`. */
  readonly ended?: AbortSignal
}

/**
 * An agent for targets of one scheme. A failure before the tunnel is open is a TransportError with fault `proxy`.
 * @param trust how the certificate of an https proxy is checked, except for its name, which is the proxy's own
 */
export function createTunnelAgent(scheme: string, proxy: URL, trust: https.RequestOptions): http.Agent {
  const secure = scheme === 'https:'
  const agent = secure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true })
  agent.createConnection = (target: TunnelTarget, done) => {
    const opened = openTunnel(target, proxy, trust)
    // A promise of its own, so that CA certificates that cannot be parsed (Bun throws) fail the request, not the process.
    const connected: Promise<Duplex> = secure ? opened.then((socket) => overTls(socket, target)) : opened
    connected.then(
      (socket) => done?.(null, socket),
      (error: unknown) => done?.(error as Error, undefined as unknown as Duplex),
    )
    return undefined
  }
  return agent
}

/** `host` is the name that the certificate must have if the target is an IP address, which has no server name. */
function overTls(socket: Socket, target: https.RequestOptions): tls.TLSSocket {
  try {
    return tls.connect({ ...(target as tls.ConnectionOptions), socket })
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Not by node:http, whose parser takes the first answer to CONNECT as final, and its lengths as those of a body. */
async function openTunnel(target: TunnelTarget, proxy: URL, trust: https.RequestOptions): Promise<Socket> {
  let socket: Socket | undefined
  const stop = (): void => void socket?.destroy(target.ended?.reason as Error)
  target.ended?.addEventListener('abort', stop, { once: true })
  try {
    socket = connectTo(proxy, trust)
    socket.write(requestOf(target, proxy))
    const answer = await readTunnelAnswer(socket)
    if (answer.status >= 300 || answer.status < 200 || answer.hasMore) throw refusal(answer)
    return socket
  } catch (error) {
    socket?.destroy()
    throw error instanceof TransportError ? error : proxyError(error as Error, proxy)
  } finally {
    target.ended?.removeEventListener('abort', stop)
  }
}

/** Anything written before it is connected waits until then. */
function connectTo(proxy: URL, trust: https.RequestOptions): Socket {
  const host = proxy.hostname.replace(/^\[|\]$/g, '')
  if (proxy.protocol !== 'https:') return net.connect({ host, port: Number(proxy.port || 80) })
  // An IP address is not a server name (RFC 6066).
  const servername = isIP(host) === 0 ? wireName(host) : ''
  return tls.connect({
    ...(trust as tls.ConnectionOptions),
    host,
    port: Number(proxy.port || 443),
    servername,
  })
}

function requestOf(target: TunnelTarget, proxy: URL): string {
  const host = wireName(target.host ?? '')
  const authority = `${isIPv6(host) ? `[${host}]` : host}:${target.port ?? ''}`
  const login = `${decoded(proxy.username)}:${decoded(proxy.password)}`
  const lines = [
    `CONNECT ${authority} HTTP/1.1`,
    `Host: ${authority}`,
    ...(login === ':' ? [] : [`Proxy-Authorization: Basic ${Buffer.from(login).toString('base64')}`]),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

/** A URL may contain a percent sign that encodes nothing. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function refusal({ status, location, hasMore }: TunnelAnswer): TransportError {
  const what = status === 401 || status === 407 ? 'requires a login' : 'would not connect'
  const more = status < 300 && hasMore ? ' with a page of its own' : redirect(location)
  return new TransportError(
    'proxy',
    `PROXY_${status}`,
    `the proxy ${what} (it answered ${status} to CONNECT${more})`,
  )
}

/** The target of the redirect, without path and query: a captive portal puts the request's own into them. */
function redirect(location: string | undefined): string {
  if (location === undefined || !URL.canParse(location)) return ''
  const { origin } = new URL(location)
  return origin === 'null' ? '' : ` with a redirect to ${foreignText(origin)}`
}
