/** A relay before a real server: the tests see the client's requests as they see those to an emulator. */
import http from 'node:http'
import { host, type EmulatorRequest, type EmulatorResponse, type Hosted } from '../emulators/http.ts'

/** @param upstream scheme (http), host and port */
export function startRelay(upstream: string): Promise<Hosted> {
  return host((request) => forward(upstream, request))
}

/** Of the connection, not of the message: RFC 9110, section 7.6.1. The host says the length anew. */
const OWN = ['connection', 'content-length', 'transfer-encoding']

function forward(upstream: string, request: EmulatorRequest): Promise<EmulatorResponse> {
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
          resolve({
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(headers),
            body: Buffer.concat(chunks).toString(),
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(request.body)
  })
}
