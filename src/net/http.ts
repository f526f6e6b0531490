/**
 * One HTTP exchange with every limit in place: time, size, no redirects, TLS always checked. Built on node:http and
 * node:https, which behave the same on Node and Bun; never on fetch, which Bun sends through HTTP_PROXY.
 */
import type http from 'node:http'
import type https from 'node:https'
import type { Socket } from 'node:net'
import { MAX_BODY_BYTES, readBody } from './answer-body.ts'
import { seconds } from '../text/time.ts'
import type { TunnelTarget } from './proxy.ts'
import { transportError, TransportError } from './transport-error.ts'
import { wireHost, wireName } from './wire-name.ts'

export { TransportError, transportFailure } from './transport-error.ts'

export interface HttpClientOptions {
  /** PEM certificates to trust. */
  readonly ca?: string
  /** Whether `ca` replaces the built-in roots (as Vault's own clients do) or is added to them. Default replace. */
  readonly caMode?: 'replace' | 'add'
  /** The name that the server's certificate must have, if it is not the URL's. */
  readonly tlsServerName?: string
  /** Reached by CONNECT, whatever the scheme of the target. */
  readonly proxy?: URL
}

export interface HttpRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** For the whole exchange, from the connection to the body's last byte. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Called once the request is on its way and all we can do is wait. */
  readonly onSent?: () => void
}

export interface HttpAnswer {
  readonly status: number
  readonly body: string
  /** By their names in lower case; those of a repeated one joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  header(name: string): string | undefined
}

/** The Date header as epoch milliseconds: the server's clock, which may differ from ours. */
export function serverDateMs(answer: HttpAnswer): number | undefined {
  const ms = Date.parse(answer.header('date') ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

/** Keeps connections for further requests until it is closed. */
export interface HttpClient {
  /** @throws TransportError, or the signal's reason if it is aborted. */
  request(request: HttpRequest): Promise<HttpAnswer>
  close(): void
}

/**
 * Accept more than the parser does by default, because a gateway in between may send it: 1 MiB of headers, as Go's
 * clients do, and folded headers, which a client must accept (RFC 9112, section 5.2).
 */
const TOLERANT = { maxHeaderSize: 1024 * 1024, insecureHTTPParser: true } as const

/** What carries the requests of one scheme. */
interface Carrier {
  readonly agent: http.Agent
  readonly request: typeof https.request
}

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const carriers = new Map<string, Promise<Carrier>>()
  let made: Promise<https.RequestOptions> | undefined
  const trust = (): Promise<https.RequestOptions> => (made ??= tlsOptions(options))
  const carrierFor = (protocol: string): Promise<Carrier> => {
    const known = carriers.get(protocol)
    if (known !== undefined) return known
    const carrier = createCarrier(protocol, options.proxy, trust)
    carriers.set(protocol, carrier)
    return carrier
  }
  return {
    async request(request) {
      const carrier = await carrierFor(request.url.protocol)
      const tls = await trust()
      request.signal.throwIfAborted()
      return exchange(request, carrier, tls)
    },
    close() {
      for (const carrier of carriers.values()) {
        carrier.then(
          ({ agent }) => agent.destroy(),
          () => undefined,
        )
      }
      carriers.clear()
    },
  }
}

/** The modules are loaded here because `--help` and an error in the settings need none of them. */
async function createCarrier(
  protocol: string,
  proxy: URL | undefined,
  trust: () => Promise<https.RequestOptions>,
): Promise<Carrier> {
  const { Agent, request } = protocol === 'https:' ? await import('node:https') : await import('node:http')
  if (proxy === undefined) return { agent: new Agent({ keepAlive: true }), request }
  const { createTunnelAgent } = await import('./proxy.ts')
  return { agent: createTunnelAgent(protocol, proxy, await trust()), request }
}

async function tlsOptions(options: HttpClientOptions): Promise<https.RequestOptions> {
  const tls: https.RequestOptions = {
    // Explicit, because NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise switch the check off.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  }
  if (options.ca !== undefined) {
    // An intermediate CA or a server's own certificate is enough, as for Go and curl.
    tls.allowPartialTrustChain = true
    tls.ca =
      options.caMode === 'add' ? [...(await import('node:tls')).rootCertificates, options.ca] : options.ca
  }
  if (options.tlsServerName !== undefined) tls.servername = wireName(options.tlsServerName)
  return tls
}

async function exchange(
  request: HttpRequest,
  carrier: Carrier,
  tls: https.RequestOptions,
): Promise<HttpAnswer> {
  // Not AbortSignal.timeout, which on Node accepts whole milliseconds only and lives on after the answer.
  const ended = new AbortController()
  const sent = start(request, carrier, tls, ended.signal)
  const onAbort = (): void => ended.abort(request.signal.reason)
  request.signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(() => {
    const what = sent.socket === null ? 'the proxy did not connect' : 'no complete answer'
    const message = `${what} within ${seconds(request.timeoutMs)}`
    ended.abort(new TransportError('timeout', 'ETIMEDOUT', message))
  }, request.timeoutMs)
  try {
    return await answerTo(sent, request, ended.signal)
  } catch (error) {
    sent.destroy()
    throw error
  } finally {
    clearTimeout(timer)
    request.signal.removeEventListener('abort', onAbort)
  }
}

function start(
  request: HttpRequest,
  carrier: Carrier,
  tls: https.RequestOptions,
  ended: AbortSignal,
): http.ClientRequest {
  const options: TunnelTarget = {
    ...TOLERANT,
    method: request.method,
    headers: {
      ...(hasHost(request.headers) ? {} : { Host: wireHost(request.url) }),
      ...request.headers,
      ...(request.body !== undefined && { 'Content-Length': String(Buffer.byteLength(request.body)) }),
    },
    agent: carrier.agent,
    ended,
    ...(request.url.protocol === 'https:' ? { ...serverName(request.url), ...tls } : {}),
  }
  try {
    const sent = carrier.request(request.url, options)
    // By default all headers beyond the 2,000th are dropped, including Content-Encoding.
    sent.maxHeadersCount = 0
    return sent
  } catch (error) {
    // Bun throws for certificates to trust that cannot be read; anything else is a bug of ours.
    const known = error instanceof Error ? transportError(error, request.url) : undefined
    throw known?.fault === 'tls' ? known : error
  }
}

/** `ended` is listened to, since a `signal` among a request's options reaches agents alone. */
function answerTo(
  sent: http.ClientRequest,
  { url, body, onSent }: HttpRequest,
  ended: AbortSignal,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let answer: http.IncomingMessage | undefined
    ended.addEventListener('abort', () => reject(ended.reason as Error), { once: true })
    sent.on('error', (error) => {
      // An error after a complete answer is not part of it, such as a body after a 204; the connection is gone then.
      if (answer?.complete === true) return
      const known = transportError(error, url)
      reject(answer !== undefined && known.fault === 'unreachable' ? cutShort(error) : known)
    })
    // An unrequested upgrade would leave the request hanging.
    sent.on('upgrade', (_answer, socket: Socket) => {
      socket.destroy()
      reject(new TransportError('not-http', 'EUPGRADE', 'the server switched protocols'))
    })
    sent.on('response', (incoming) => {
      answer = incoming
      collect(incoming)
        .then((bytes) => readBody(bytes, incoming.headers))
        .then((text) => resolve(answerOf(incoming, text)), reject)
    })
    if (onSent !== undefined) sent.on('finish', onSent)
    sent.end(body === undefined ? undefined : Buffer.from(body))
  })
}

/** By events: `for await` comes to a large chunk only when its connection may already be kept for the next request. */
function collect(incoming: http.IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.byteLength
      chunks.push(chunk)
      if (size <= MAX_BODY_BYTES) return
      reject(new TransportError('too-large', 'E2BIG', 'the answer is larger than 1 MiB'))
      incoming.destroy()
    })
    incoming.on('error', (error) => reject(cutShort(error)))
    incoming.on('end', () => (incoming.complete ? resolve(Buffer.concat(chunks)) : reject(cutShort())))
    incoming.on('close', () => reject(cutShort()))
  })
}

function hasHost(headers: HttpRequest['headers']): boolean {
  return Object.keys(headers).some((name) => name.toLowerCase() === 'host')
}

/** An IP address is not a server name (RFC 6066, section 3), and the runtime knows what to do. */
function serverName({ hostname }: URL): { readonly servername?: string } {
  return /^\[|^[\d.]+$/.test(hostname) ? {} : { servername: wireName(hostname) }
}

function answerOf({ statusCode, headers }: http.IncomingMessage, body: string): HttpAnswer {
  return {
    status: statusCode ?? 0,
    body,
    get headers() {
      const there = Object.entries(headers).filter(([, value]) => value !== undefined)
      return Object.fromEntries(there.map(([name, value]) => [name, oneLine(String(value))]))
    },
    header: (name) => {
      const value = headers[name.toLowerCase()]
      const first = Array.isArray(value) ? value[0] : value
      return first === undefined ? undefined : oneLine(first)
    },
  }
}

/** RFC 9110, section 5.5. */
function oneLine(value: string): string {
  return value.replace(/[\0\r\n]/g, ' ')
}

function cutShort(cause?: unknown): TransportError {
  return new TransportError(
    'cut-short',
    'ECONNRESET',
    'the connection was closed in the middle of the answer',
    cause,
  )
}
