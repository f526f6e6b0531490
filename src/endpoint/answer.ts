/** A request and its answer as plain values, so that every rule of the endpoint is a function. */

export interface EndpointRequest {
  readonly method: string
  /** As sent, with its query. */
  readonly target: string
  /** Alternating names and values, as sent: a header that appears twice is noticed. */
  readonly headers: readonly string[]
  /** The port on which the request arrived. */
  readonly port: number
  /** Address of the sender. */
  readonly address: string
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type Handler = (request: EndpointRequest) => Answer

/** A handler that may wait before it answers. It never rejects. */
export type WaitingHandler = (request: EndpointRequest) => Answer | Promise<Answer>

/** @returns undefined if the header is absent, or appears more than once, so that nobody knows which one is meant */
export function headerOf(request: EndpointRequest, name: string): string | undefined {
  let value: string | undefined
  for (let index = 0; index < request.headers.length; index += 2) {
    if (request.headers[index]?.toLowerCase() !== name) continue
    if (value !== undefined) return undefined
    value = request.headers[index + 1]
  }
  return value
}

export function hasHeader(request: EndpointRequest, name: string): boolean {
  for (let index = 0; index < request.headers.length; index += 2) {
    if (request.headers[index]?.toLowerCase() === name) return true
  }
  return false
}

export function textAnswer(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return answer(status, 'text/plain; charset=utf-8', body, headers)
}

export function jsonAnswer(
  status: number,
  value: object,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return answer(status, 'application/json', JSON.stringify(value), headers)
}

/**
 * A refusal in the format of Amazon ECS's agent: Go's reader fails on anything but JSON, and Java's and botocore's show
 * the message to the user.
 */
export function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return jsonAnswer(status, { code, message }, headers)
}

function answer(
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Answer {
  return {
    status,
    headers: {
      'Content-Type': type,
      'Content-Length': String(Buffer.byteLength(body)),
      'Cache-Control': 'no-store',
      ...headers,
    },
    body,
  }
}
