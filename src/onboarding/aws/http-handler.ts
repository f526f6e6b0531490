/**
 * Sends the AWS SDK's requests over the project's own transport: HTTPS_PROXY, NO_PROXY and AWS_CA_BUNDLE work as in the pod
 * binary, TLS is always verified, and fetch is never used. One handler serves clients from 2023 and today's.
 */
import { IamRaError } from '../../errors.ts'
import { transportFailure, TransportError, type HttpClient } from '../../net/http.ts'
import { isLoopback } from '../../settings/addresses.ts'
import { STAGE } from './refusal.ts'

/** The members of the SDK's HttpRequest that are sent. */
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

/** The SDK recognizes an HttpResponse by these members. It need not collect a body of bytes. */
export interface SdkResponse {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

export interface HttpHandler {
  readonly metadata: { readonly handlerProtocol: string }
  handle(request: SdkRequest): Promise<{ readonly response: SdkResponse }>
  /** Today's clients require these two; nothing can be set. */
  updateHttpClientConfig(): void
  httpHandlerConfigs(): Record<string, never>
  destroy(): void
}

export interface Transport {
  /** Through a proxy or not. */
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
      // Both are set again from the body and the URL.
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
          'behind a proxy that decrypts TLS, set AWS_CA_BUNDLE to a file with its CA',
        )
      }
    },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  }
}

/** As it was signed: names sorted, and everything but RFC 3986's unreserved characters encoded. */
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
  throw new Error('the SDK sends a stream, although no call here has one')
}

/** For endpoint_url of a profile, which the SDK reads itself. Those in the environment were checked before. */
function inTheClear(url: URL): IamRaError {
  return new IamRaError('SETTINGS_INVALID', 'settings', `the AWS endpoint ${url.origin} is plain http`, {
    hint: 'set endpoint_url of the profile to https://, or to http:// with a loopback host',
  })
}
