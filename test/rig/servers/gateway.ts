/** A relay before a real server that can be sent elsewhere, and that lets a test do something before a request goes on. */
import http from 'node:http'
import {
  host,
  type EmulatorRequest,
  type EmulatorResponse,
  type Fate,
  type Hosted,
} from '../emulators/http.ts'

export interface Gateway extends Hosted {
  /** Those so far, in their order. They hold secrets: compare them, print none. */
  readonly answers: readonly EmulatorResponse[]
  /** Awaited before a request goes on. */
  before: ((request: EmulatorRequest) => Promise<void>) | undefined
  /** What becomes of the server's answer, once there is one. */
  after: ((request: EmulatorRequest) => Fate | undefined) | undefined
  /** Scheme (http), host and port of the server behind. */
  upstream: string
}

export async function startGateway(upstream: string): Promise<Gateway> {
  const answers: EmulatorResponse[] = []
  const hosted = await host(async (request) => {
    await gateway.before?.(request)
    const answer = await forward(gateway.upstream, request)
    answers.push(answer)
    return gateway.after?.(request) ?? answer
  })
  const gateway: Gateway = Object.assign(hosted, { answers, before: undefined, after: undefined, upstream })
  return gateway
}

/** Of the connection, not of the message: RFC 9110, section 7.6.1. The host says the length anew. */
const OWN = ['connection', 'content-length', 'transfer-encoding']

/** One request to the server behind, on a connection of its own. */
export function forward(upstream: string, request: EmulatorRequest): Promise<EmulatorResponse> {
  const lines = request.headers.filter(([name]) => name.toLowerCase() !== 'connection')
  return new Promise((resolve, reject) => {
    const sent = http.request(
      `${upstream}${request.target}`,
      { method: request.method, headers: lines.flat(), agent: false },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
        incoming.on('error', reject)
        incoming.on('end', () => {
          const headers = Object.entries(incoming.headers).flatMap(([name, value]) =>
            value === undefined || OWN.includes(name) ? [] : [[name, String(value)] as const],
          )
          const body = Buffer.concat(chunks).toString()
          resolve({ status: incoming.statusCode ?? 0, headers: Object.fromEntries(headers), body })
        })
      },
    )
    sent.on('error', reject)
    sent.end(request.body)
  })
}
