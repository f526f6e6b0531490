/** One JSON request and its answer over node:http or node:https, with keep-alive. */
import http from 'node:http'
import https from 'node:https'

export interface Server {
  readonly origin: string
  post(path: string, headers: Readonly<Record<string, string>>, body: string): Promise<Json>
}

export type Json = Readonly<Record<string, unknown>>

export function connectTo(url: string, ca: string | readonly string[] | undefined): Server {
  const { origin, protocol } = new URL(url)
  const secure = protocol === 'https:'
  const agent = secure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true })
  const trust = ca === undefined ? {} : { ca: typeof ca === 'string' ? ca : [...ca] }
  return {
    origin,
    post: (path, headers, body) =>
      new Promise((resolve, reject) => {
        const options = {
          method: 'POST',
          agent,
          headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
          ...trust,
        }
        const sent = secure ? https.request(origin + path, options) : http.request(origin + path, options)
        sent.on('error', reject)
        sent.on('response', (answer) => {
          const chunks: Buffer[] = []
          answer.on('error', reject)
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.on('end', () => {
            const status = answer.statusCode ?? 0
            const text = Buffer.concat(chunks).toString()
            if (status > 299) reject(new Error(`${origin}${path} answered ${status}`))
            else resolve(text === '' ? {} : (JSON.parse(text) as Json))
          })
        })
        sent.end(body)
      }),
  }
}
