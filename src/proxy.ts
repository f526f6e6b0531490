/** Connections through a forward proxy by CONNECT (RFC 9110, section 9.3.6), whatever the scheme of the target. */
import http from 'node:http'
import https from 'node:https'
import { isIP, isIPv6, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import tls from 'node:tls'
import { proxyError, TransportError } from './transport-error.ts'

export interface TunnelTarget extends https.RequestOptions {
  /** Ends the opening of a tunnel, which the request does not own yet; an agent is not told the request's `signal`. */
  readonly ended?: AbortSignal
}

/**
 * An agent for targets of one scheme. A failure before the tunnel stands is a TransportError of fault `proxy`.
 * @param trust how the certificate of an https proxy is checked, but for its name, which is the proxy's own
 */
export function createTunnelAgent(scheme: string, proxy: URL, trust: https.RequestOptions): http.Agent {
  const secure = scheme === 'https:'
  const agent = secure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true })
  agent.createConnection = (target: TunnelTarget, done) => {
    const opened = openTunnel(target, proxy, trust)
    // On its own, so that certificates to trust that cannot be read (Bun throws) end the request and not the process.
    const connected: Promise<Duplex> = secure ? opened.then((socket) => overTls(socket, target)) : opened
    connected.then(
      (socket) => done?.(null, socket),
      (error: unknown) => done?.(error as Error, undefined as unknown as Duplex),
    )
    return undefined
  }
  return agent
}

/** `host` tells which name the certificate must have where the target is an address, which has no server name. */
function overTls(socket: Socket, target: https.RequestOptions): tls.TLSSocket {
  try {
    return tls.connect({ ...(target as tls.ConnectionOptions), socket })
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function openTunnel(target: TunnelTarget, proxy: URL, trust: https.RequestOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const host = target.host ?? ''
    const authority = `${isIPv6(host) ? `[${host}]` : host}:${target.port ?? ''}`
    const login = `${decoded(proxy.username)}:${decoded(proxy.password)}`
    const proxyHost = proxy.hostname.replace(/^\[|\]$/g, '')
    const options: https.RequestOptions = {
      method: 'CONNECT',
      host: proxyHost,
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      path: authority,
      headers: {
        Host: authority,
        ...(login === ':' ? {} : { 'Proxy-Authorization': `Basic ${Buffer.from(login).toString('base64')}` }),
      },
      agent: false,
      ...(target.ended === undefined ? {} : { signal: target.ended }),
    }
    // An agent would take the name from the Host header, which is the target's; an address is no server name (RFC 6066).
    const servername = isIP(proxyHost) === 0 ? proxyHost : ''
    const asked =
      proxy.protocol === 'https:'
        ? https.request({ ...options, ...trust, servername })
        : http.request(options)
    asked.on('error', (error) => reject(proxyError(error, proxy)))
    asked.on('connect', ({ statusCode = 0 }, socket: Socket, first) => {
      if (statusCode !== 200) {
        socket.destroy()
        reject(new TransportError('proxy', `PROXY_${statusCode}`, refusal(statusCode)))
        return
      }
      if (first.byteLength > 0) socket.unshift(first)
      resolve(socket)
    })
    asked.end()
  })
}

/** A URL may hold a percent sign that encodes nothing. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function refusal(status: number): string {
  const what = status === 407 ? 'wants a login' : 'would not connect'
  return `the proxy ${what} (it answered ${status} to CONNECT)`
}
