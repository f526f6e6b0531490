/**
 * Requests of AWS's SDK over the project's own transport: HTTPS_PROXY, NO_PROXY and AWS_CA_BUNDLE as the pod binary has them,
 * TLS always checked, and never fetch. One handler serves clients of 2023 and of today.
 */
import { IamRaError } from '../../errors.ts'
import { transportFailure, TransportError, type HttpClient } from '../../net/http.ts'
import { isLoopback } from '../../settings/addresses.ts'
import { STAGE } from './refusal.ts'

/** What of the SDK's HttpRequest is sent. */
export interface SdkRequest {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number | undefined
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>> | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** The SDK knows an HttpResponse by these members; bytes are a body that it need not collect. */
export interface SdkResponse {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

export interface HttpHandler {
  readonly metadata: { readonly handlerProtocol: string }
  handle(request: SdkRequest): Promise<{ readonly response: SdkResponse }>
  /** What a handler of today has; nothing of it can be set. */
  updateHttpClientConfig(): void
  httpHandlerConfigs(): Record<string, never>
  destroy(): void
}

export interface Transport {
  /** The way to an address: through a proxy or not. */
  clientFor(url: URL): HttpClient
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export function createHttpHandler({ clientFor, timeoutMs, signal }: Transport): HttpHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    async handle(request) {
      const url = urlOf(request)
      if (url.protocol !== 'https:' && !isLoopback(url)) throw inTheClear(url)
      const { method, body } = request
      // Both are made from the body and the URL again.
      const headers = Object.fromEntries(
        Object.entries(request.headers).filter(([name]) => !/^(content-length|host)$/i.test(name)),
      )
      try {
        const answer = await clientFor(url).request({
          ...{ method, url, headers, timeoutMs, signal },
          ...(body === undefined || body === null ? {} : { body: textOf(body) }),
        })
        return {
          response: {
            statusCode: answer.status,
            headers: { ...answer.headers },
            body: Buffer.from(answer.body),
          },
        }
      } catch (error) {
        if (!(error instanceof TransportError)) throw error
        throw transportFailure(
          STAGE,
          `AWS at ${url.origin}`,
          error,
          'behind a proxy that opens TLS, put its CA into a file and name it in AWS_CA_BUNDLE',
        )
      }
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  }
}

/** As it was signed: names in order, and everything but RFC 3986's unreserved characters encoded. */
function urlOf({ protocol, hostname, port, path, query = {} }: SdkRequest): URL {
  const pairs = Object.keys(query)
    .toSorted()
    .flatMap((name) => {
      const value = query[name]
      if (value === null || value === undefined) return [encode(name)]
      return (typeof value === 'string' ? [value] : value).map((one) => `${encode(name)}=${encode(one)}`)
    })
  const search = pairs.length === 0 ? '' : `?${pairs.join('&')}`
  const host = hostname.includes(':') && !hostname.startsWith('[') ? `[${hostname}]` : hostname
  return new URL(`${protocol}//${host}${port === undefined ? '' : `:${port}`}${path}${search}`)
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8')
  throw new Error('the SDK sends a stream, which none of the calls here has')
}

/** Of a profile's endpoint_url, which the SDK reads by itself; those of the environment are checked before. */
function inTheClear(url: URL): IamRaError {
  return new IamRaError('SETTINGS_INVALID', 'settings', `AWS would be asked by plain http at ${url.origin}`, {
    hint: 'an endpoint of AWS is https://, or http:// on this machine: check endpoint_url of the profile',
  })
}
