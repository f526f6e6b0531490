/** JSON over HTTP to the servers of the tests, without any of our client's code. */
import http from 'node:http'
import https from 'node:https'

export interface ApiAnswer {
  readonly status: number
  readonly json: Record<string, unknown>
  /** Each Warning header, as kubectl would print it. */
  readonly warnings: readonly string[]
}

export interface ApiOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly ca?: string
  readonly body?: unknown
}

export function api(method: string, url: string, options: ApiOptions = {}): Promise<ApiAnswer> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body)
  const { request } = url.startsWith('https:') ? https : http
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        agent: false,
        headers: {
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...options.headers,
        },
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      },
      (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            json: parsed(text),
            warnings: answer.headersDistinct['warning'] ?? [],
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}
