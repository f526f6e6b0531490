/**
 * Hosts a pure request → response handler on a loopback port of its own, keeps every request for inspection, and can be
 * told to misbehave. The handlers know nothing of sockets, and this file nothing of what they emulate.
 */
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

/** Names and values as they came over the wire: in order, with repeats, in their own case. */
export type HeaderLines = readonly (readonly [string, string])[]

export interface EmulatorRequest {
  readonly method: string
  /** The request line's target: path and query, nothing decoded. */
  readonly target: string
  /** The target before its first `?`. */
  readonly path: string
  /** The target after its first `?`; empty where there is none. */
  readonly query: string
  readonly headers: HeaderLines
  readonly body: Buffer
  /** The value of a header, in any case; those of a repeated one joined by commas. */
  header(name: string): string | undefined
}

export interface EmulatorResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type Handler = (request: EmulatorRequest) => EmulatorResponse

/** An answer, or a connection that is `cut` without one or that `hang`s until the host closes. */
export type Fate = EmulatorResponse | 'cut' | 'hang'

/** What a test lets happen to a request instead of the handler, or nothing (undefined), so that the handler answers. */
export type Intercept = (request: EmulatorRequest) => Fate | undefined

export interface RecordedRequest {
  readonly request: EmulatorRequest
  /** Undefined where the connection was cut or hangs. */
  readonly status: number | undefined
}

export interface Hosted {
  /** Scheme, host and port, without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Every request so far, in the order of their arrival. They hold secrets: count and compare them, print none. */
  readonly requests: readonly RecordedRequest[]
  /** Set to meddle, and to undefined to stop that. */
  intercept: Intercept | undefined
  /** Ends every connection, hanging ones too. */
  close(): Promise<void>
}

export interface HostOptions {
  /** PEM. With it the host speaks https. */
  readonly tls?: { readonly key: string; readonly cert: string }
  readonly address?: '127.0.0.1' | '::1'
}

/** A request as a handler sees it, for those who call one without a socket. */
export function emulatorRequest(parts: {
  readonly method: string
  readonly target: string
  readonly headers?: HeaderLines
  readonly body?: Buffer | string
}): EmulatorRequest {
  const headers = parts.headers ?? []
  const mark = parts.target.indexOf('?')
  return {
    method: parts.method,
    target: parts.target,
    path: mark < 0 ? parts.target : parts.target.slice(0, mark),
    query: mark < 0 ? '' : parts.target.slice(mark + 1),
    headers,
    body: Buffer.from(parts.body ?? ''),
    header(name) {
      const wanted = name.toLowerCase()
      const values = headers.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value)
      return values.length === 0 ? undefined : values.join(',')
    },
  }
}

export async function host(
  handler: Handler | ((request: EmulatorRequest) => Promise<Fate>),
  options: HostOptions = {},
): Promise<Hosted> {
  const requests: RecordedRequest[] = []
  const address = options.address ?? '127.0.0.1'
  const listener: http.RequestListener = (incoming, outgoing) => {
    void readBody(incoming).then(async (body) => {
      const request = emulatorRequest({
        method: incoming.method ?? '',
        target: incoming.url ?? '',
        headers: headerLines(incoming.rawHeaders),
        body,
      })
      const answer = hosted.intercept?.(request) ?? (await answered(handler, request))
      if (answer === 'cut' || answer === 'hang') {
        requests.push({ request, status: undefined })
        if (answer === 'cut') incoming.socket.destroy()
        return
      }
      requests.push({ request, status: answer.status })
      outgoing.writeHead(answer.status, {
        ...answer.headers,
        ...(answer.status === 204 ? {} : { 'Content-Length': String(Buffer.byteLength(answer.body)) }),
      })
      outgoing.end(incoming.method === 'HEAD' ? undefined : answer.body)
    })
  }
  const server =
    options.tls === undefined ? http.createServer(listener) : https.createServer(options.tls, listener)
  // closeAllConnections knows no connection whose TLS handshake has not ended, and close would wait for it.
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, address, resolve)
  })
  const { port } = server.address() as AddressInfo
  const hosted: Hosted = {
    url: `${options.tls === undefined ? 'http' : 'https'}://${address === '::1' ? '[::1]' : address}:${port}`,
    port,
    requests,
    intercept: undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  return hosted
}

/** A handler that throws is a bug of the emulator: it answers in a way that nobody takes for an emulated refusal. */
async function answered(
  handler: (request: EmulatorRequest) => Fate | Promise<Fate>,
  request: EmulatorRequest,
): Promise<Fate> {
  try {
    return await handler(request)
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? error.name) : String(error)
    return {
      status: 599,
      headers: { 'Content-Type': 'text/plain' },
      body: `the emulator itself failed: ${stack}\n`,
    }
  }
}

/** A client that goes away in the middle of its body gets no answer, so the promise may stay open. */
function readBody(incoming: http.IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => resolve(Buffer.concat(chunks)))
    incoming.on('error', () => undefined)
  })
}

function headerLines(raw: readonly string[]): HeaderLines {
  const lines: (readonly [string, string])[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) lines.push([raw[index] ?? '', raw[index + 1] ?? ''])
  return lines
}
