/**
 * Any operation of IAM Roles Anywhere with the SDK's own client, with the whole answer. The newest client that npm installs
 * is from 2023: it lacks operations, and silently drops members that it does not know.
 */
import type { RolesAnywhereClient } from '@aws-sdk/client-rolesanywhere'
import { isRecord, parseJsonObject } from '../../text/json.ts'
import type { SdkRequest, SdkResponse } from './http-handler.ts'

export interface PlainCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: object
}

export type Answer = Readonly<Record<string, unknown>>

/** The parts of a client's stack that are used; the SDK's types from 2023 and today's do not agree. */
interface Stack {
  clone(): Stack
  add(middleware: unknown, options: { readonly step: string; readonly name: string }): void
  resolve(
    handler: (args: { readonly request: SdkRequest }) => unknown,
    context: object,
  ): (args: object) => Promise<unknown>
}

interface Next {
  (args: object): Promise<{ readonly response: SdkResponse }>
}

/** Serializes and parses by itself; signing and everything else in between is the client's. */
export async function sendPlain(client: RolesAnywhereClient, call: PlainCall): Promise<Answer> {
  const { config } = client
  const stack = (client.middlewareStack as unknown as Stack).clone()
  const serialize = (next: Next) => async (args: object) =>
    next({ ...args, request: await requestOf(client, call) })
  const deserialize = (next: Next) => async (args: object) => {
    const { response } = await next(args)
    return { response, output: { ...answerOf(response), $metadata: {} } }
  }
  stack.add(serialize, { step: 'serialize', name: 'plainSerializer' })
  stack.add(deserialize, { step: 'deserialize', name: 'plainDeserializer' })
  const hide = (): string => ''
  const context = {
    ...{ logger: config.logger, clientName: 'RolesAnywhereClient', commandName: call.path },
    ...{ inputFilterSensitiveLog: hide, outputFilterSensitiveLog: hide },
  }
  const send = stack.resolve(({ request }) => config.requestHandler.handle(request as never), context)
  const { output } = (await send({ input: {} })) as { readonly output: Answer }
  return output
}

/** The SDK recognizes a request by its members. */
async function requestOf(client: RolesAnywhereClient, call: PlainCall): Promise<SdkRequest> {
  const { config } = client
  const own = await config.endpoint?.()
  const url =
    own === undefined
      ? config.endpointProvider({ Region: await config.region() }).url
      : new URL(`${own.protocol}//${own.hostname}${own.port === undefined ? '' : `:${own.port}`}`)
  const body = call.body === undefined ? undefined : JSON.stringify(call.body)
  return {
    method: call.method,
    protocol: url.protocol,
    hostname: url.hostname,
    port: url.port === '' ? undefined : Number(url.port),
    path: call.path,
    query: { ...call.query },
    headers: {
      host: url.host,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    },
    body,
  }
}

function answerOf(response: SdkResponse): Answer {
  const { statusCode, headers, body } = response
  const parsed = parseJsonObject(Buffer.from(body).toString('utf8'))
  if (statusCode < 300 && parsed !== undefined) return parsed
  const type = headers['x-amzn-errortype'] ?? (isRecord(parsed) ? parsed['__type'] : undefined)
  // As the SDK says about answers that it cannot parse.
  const message =
    parsed === undefined ? 'Deserialization error: no JSON' : (parsed['message'] ?? parsed['Message'])
  throw Object.assign(new Error(typeof message === 'string' ? message : ''), {
    // `AccessDeniedException:http://internal.amazon.com/…`, as the SDK reads it.
    name: typeof type === 'string' ? (type.split(/[:,]/)[0]?.split('#').at(-1) ?? type) : 'UnknownError',
    $metadata: { httpStatusCode: statusCode },
    $response: response,
  })
}
