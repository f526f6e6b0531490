/**
 * Stands between the client and an emulator and spoils one step: the connection, its TLS, or the answer. All other
 * requests go through as they came, the Host header too, since CreateSession signs it.
 */
import http from 'node:http'
import https from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { emulatorRequest, type EmulatorRequest, type EmulatorResponse } from '../rig/emulators/http.ts'
import type { Step } from '../support/rehearsal.ts'
import type { ServerIdentity } from '../support/loopback.ts'

/** What a spoilt answer can be made of. */
export interface Exchange {
  readonly step: Step
  readonly request: EmulatorRequest
  /** The proxy's own address and the emulator's, which is another host to the client. */
  readonly self: string
  readonly other: string
  /** The emulator's own answer. It then has done what it was asked for. */
  forward(): Promise<EmulatorResponse>
}

export type Act =
  /** Nothing listens. */
  | { readonly kind: 'refuse' }
  /** The certificate is another from now on. */
  | { readonly kind: 'tls'; readonly flaw: 'unknown CA' | 'wrong name' | 'expired' }
  /** The connection is reset, hangs or drips, before the answer's head or in the middle of its body. */
  | { readonly kind: 'reset' | 'hang'; readonly at: 'head' | 'body' }
  | { readonly kind: 'drip' }
  | { readonly kind: 'answer'; make(exchange: Exchange): Promise<EmulatorResponse> | EmulatorResponse }

export interface FaultProxyOptions {
  readonly upstream: string
  readonly step: Step
  readonly act: Act
  /** The clock of the answers' Date. */
  now(): number
  /** How often the step is spoilt. Default always. */
  readonly times?: number
  /** Absent: http. `flawed` is what a TLS fault shows. */
  readonly tls?: { readonly good: ServerIdentity; readonly flawed: ServerIdentity }
}

export interface FaultProxy {
  readonly url: string
  /** How many requests of a step came. */
  count(step: Step): number
  /** How many of them the emulator saw. */
  forwarded(step: Step): number
  /** What was sent and answered, and must be shown nowhere. */
  readonly bodies: readonly string[]
  close(): Promise<void>
}

/** The step whose answer is the last thing before the client turns to this one on the same server. */
const BEFORE: Readonly<Partial<Record<Step, Step>>> = { sign: 'login', revoke: 'sign' }

const DRIP_MS = 1000

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const { step: spoilt, act, upstream } = options
  const counts = new Map<string, number>()
  const tally = (what: string): number => {
    counts.set(what, (counts.get(what) ?? 0) + 1)
    return counts.get(what) ?? 0
  }
  const bodies: string[] = []
  const sockets = new Set<Socket>()
  const drips = new Set<NodeJS.Timeout>()

  const forward = async (step: Step, request: EmulatorRequest): Promise<EmulatorResponse> => {
    tally(`forwarded ${step}`)
    const answer = await send(upstream, request)
    bodies.push(answer.body)
    return answer
  }

  /** Faults of the connection begin before the step's request: with the server, or once the step before is answered. */
  const arm = (): void => {
    if (act.kind === 'refuse') server.close()
    if (act.kind === 'tls' && options.tls !== undefined && server instanceof https.Server)
      server.setSecureContext(options.tls.flawed)
  }

  const handle = async (incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> => {
    const request = await requestOf(incoming)
    bodies.push(request.body.toString(), request.header('x-vault-token') ?? '')
    const step = stepOf(request.path)
    const through = (): Promise<EmulatorResponse> => forward(step, request)
    if (tally(step) > (options.times ?? Number.POSITIVE_INFINITY) || step !== spoilt) {
      const answer = await through()
      const last = BEFORE[spoilt] === step
      if (last) arm()
      // A connection that is kept would carry the next step past a fault of the connection.
      reply(outgoing, answer, last && (act.kind === 'refuse' || act.kind === 'tls'))
      return
    }
    switch (act.kind) {
      case 'refuse':
      case 'tls':
        throw new Error(`a request of ${step} came over a connection that should not be`)
      case 'reset':
      case 'hang':
        if (act.at === 'body') await replyHalf(outgoing, await through())
        if (act.kind === 'reset') incoming.socket.resetAndDestroy()
        return
      case 'drip':
        drips.add(drip(incoming.socket, rawAnswer(await through())))
        return
      case 'answer': {
        const self = proxy.url
        const answer = await act.make({ step, request, self, other: upstream, forward: through })
        bodies.push(...(answer.body.length < 100_000 ? [answer.body] : []))
        const date = new Date(options.now()).toUTCString()
        reply(outgoing, { ...answer, headers: { Date: date, ...answer.headers } }, false)
      }
    }
  }

  const listener: http.RequestListener = (incoming, outgoing) => {
    handle(incoming, outgoing).catch(() => incoming.socket.destroy())
  }
  const server =
    options.tls === undefined ? http.createServer(listener) : https.createServer(options.tls.good, listener)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const proxy: FaultProxy = {
    // By name, so that a certificate for another name is one.
    url: options.tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    count: (step) => counts.get(step) ?? 0,
    forwarded: (step) => counts.get(`forwarded ${step}`) ?? 0,
    bodies,
    async close() {
      for (const timer of drips) clearInterval(timer)
      for (const socket of sockets) socket.destroy()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
  }
  if (BEFORE[spoilt] === undefined) arm()
  return proxy
}

export function stepOf(path: string): Step {
  if (path === '/sessions') return 'exchange'
  if (path.endsWith('/login')) return 'login'
  return path.endsWith('/revoke-self') ? 'revoke' : 'sign'
}

async function requestOf(incoming: http.IncomingMessage): Promise<EmulatorRequest> {
  const { method = '', url: target = '', rawHeaders } = incoming
  const headers = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ''] as const] : [],
  )
  return emulatorRequest({ method, target, headers, body: await bodyOf(incoming) })
}

async function bodyOf(message: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

function send(upstream: string, request: EmulatorRequest): Promise<EmulatorResponse> {
  return new Promise((resolve, reject) => {
    const headers = [...request.headers].flat()
    const sent = http.request(new URL(request.target, upstream), {
      method: request.method,
      headers,
      agent: false,
    })
    sent.on('error', reject)
    sent.on('response', (answer) => {
      const known = Object.entries(answer.headers).filter(([name]) => !OWN_HEADERS.has(name))
      const copied = Object.fromEntries(known.map(([name, value]) => [name, String(value)]))
      bodyOf(answer).then(
        (body) => resolve({ status: answer.statusCode ?? 0, headers: copied, body: body.toString() }),
        reject,
      )
    })
    sent.end(request.body)
  })
}

/** Headers of a connection, and those that follow from the body. */
const OWN_HEADERS = new Set(['connection', 'keep-alive', 'content-length', 'transfer-encoding'])

function headOf(answer: EmulatorResponse): Record<string, string> {
  return {
    ...answer.headers,
    ...(answer.status === 204 ? {} : { 'Content-Length': String(Buffer.byteLength(answer.body)) }),
  }
}

function reply(outgoing: http.ServerResponse, answer: EmulatorResponse, last: boolean): void {
  outgoing.writeHead(answer.status, { ...headOf(answer), ...(last ? { Connection: 'close' } : {}) })
  outgoing.end(answer.body)
}

/** An answer without a body has only a part of its head here: a length that never comes. */
function replyHalf(outgoing: http.ServerResponse, answer: EmulatorResponse): Promise<void> {
  const body = answer.body === '' ? '{"request_id":"' : answer.body
  outgoing.writeHead(answer.status === 204 ? 200 : answer.status, {
    ...answer.headers,
    'Content-Length': String(Buffer.byteLength(body)),
  })
  return new Promise((resolve) => {
    outgoing.write(body.slice(0, Math.ceil(body.length / 2)), () => resolve())
  })
}

function rawAnswer(answer: EmulatorResponse): string {
  const lines = Object.entries(headOf(answer)).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${answer.status} Dripping\r\n${lines.join('')}\r\n${answer.body}`
}

/** One byte a second. */
function drip(socket: Socket, text: string): NodeJS.Timeout {
  let at = 0
  const next = (): void => {
    socket.write(text.charAt(at))
    at += 1
  }
  next()
  const timer = setInterval(next, DRIP_MS)
  socket.once('close', () => clearInterval(timer))
  return timer
}
