/**
 * The only way to Vault: node-vault over our own transport. Everything that it would otherwise take from the environment
 * (VAULT_TOKEN, VAULT_ADDR, VAULT_NAMESPACE, VAULT_PREFIX, VAULT_SKIP_VERIFY) is passed in, and its debug output is
 * silenced because it prints the login's JWT.
 */
import { readCaFile } from '../x509/ca-file.ts'
import { IamRaError, type Stage } from '../errors.ts'
import { transportFailure, TransportError, type HttpAnswer, type HttpClient } from '../net/http.ts'
import type { Runtime } from '../run/runtime.ts'
import { judgeAnswer, REDIRECTS, type VaultAnswer } from './answer.ts'
import { vaultRequest } from './request.ts'

/** A Vault server, and how to reach it. */
export interface VaultServer {
  /** http or https, with no path, query or credentials. */
  readonly addr: URL
  readonly namespace?: string
  /** Path of a PEM file; it replaces the built-in roots, as for Vault's own clients. */
  readonly caFile?: string
  readonly tlsServerName?: string
  readonly proxy?: URL
}

export interface VaultCall {
  readonly stage: Stage
  /** What the call is for, in the words of errors: `log in`, `sign a certificate`. */
  readonly purpose: string
  readonly timeoutMs: number
  /** A session defaults to the signal of the run that logged in; a lease outlives that run. */
  readonly signal?: AbortSignal
}

export interface VaultRead extends VaultCall {
  /** Below /v1, segments encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
}

export interface VaultWrite extends VaultCall {
  /** Below /v1, segments encoded. */
  readonly path: string
  readonly data: Readonly<Record<string, unknown>>
}

/** Sent or used with a call. */
export interface Sending {
  readonly token?: string
  readonly signal: AbortSignal
  /** Called once the request is on its way. */
  readonly onSent?: () => void
}

export interface VaultClient {
  /** @throws VaultRefusal for a permanent refusal, IamRaError for anything else */
  read(request: VaultRead & Sending): Promise<VaultAnswer>
  /** @throws like `read` */
  write(request: VaultWrite & Sending): Promise<VaultAnswer>
  close(): void
}

/** What node-vault passes to its transport. */
interface NodeVaultRequest {
  readonly method: string
  readonly uri: string
  readonly headers: Readonly<Record<string, string>>
  readonly json?: unknown
  /** The request to our own client. */
  readonly vault: (VaultRead | VaultWrite) & Sending
}

/**
 * node-vault's named commands with their templates and schemas, and the checks that a path and a method are strings.
 * `read` and `write` need none of them, and the executable omits them (scripts/bundle.ts).
 */
const UNUSED: object = { commands: {}, mustache: {}, tv4: { validate: () => true } }

/** @throws IamRaError INPUT_FILE if VAULT_CACERT cannot be read */
export async function createVaultClient(
  settings: VaultServer,
  runtime: Pick<Runtime, 'fs' | 'http' | 'clock'>,
): Promise<VaultClient> {
  const ca =
    settings.caFile === undefined
      ? undefined
      : await readCaFile(runtime.fs, settings.caFile, 'VAULT_CACERT', {
          stage: 'identity',
          hint: "mount the CA that signed Vault's certificate, as PEM",
        })
  const http = runtime.http({
    ...(ca === undefined ? {} : { ca }),
    ...(settings.tlsServerName === undefined ? {} : { tlsServerName: settings.tlsServerName }),
    ...(settings.proxy === undefined ? {} : { proxy: settings.proxy }),
  })
  const { default: nodeVault } = await import('node-vault')

  const transport = async (asked: NodeVaultRequest): Promise<unknown> => {
    const reply = await send(http, settings, asked, runtime.clock.now)
    // For a 200, node-vault returns `body` as is.
    return { statusCode: 200, body: reply, request: { path: '' } }
  }
  const options = {
    apiVersion: 'v1',
    endpoint: settings.addr.origin,
    debug: () => undefined,
    ...UNUSED,
    rpDefaults: { strictSSL: true },
    'request-promise': { defaults: () => transport },
  }
  const client = nodeVault(options)
  // Set after construction, because an empty option would fall back to the environment; the types lack two of them.
  Object.assign(client, { token: '', namespace: settings.namespace ?? '', pathPrefix: '' })
  // node-vault passes members that it does not know on to the transport.
  const withRequest = (request: NodeVaultRequest['vault']): object => ({
    vault: request,
    headers: request.token === undefined ? {} : { 'X-Vault-Token': request.token },
  })
  return {
    read: async (request) => {
      const query = new URLSearchParams(request.query).toString()
      const path = query === '' ? request.path : `${request.path}?${query}`
      return (await client.read(path, withRequest(request))) as VaultAnswer
    },
    write: async (request) =>
      (await client.write(request.path, request.data, withRequest(request))) as VaultAnswer,
    close: () => http.close(),
  }
}

async function send(
  http: HttpClient,
  settings: VaultServer,
  asked: NodeVaultRequest,
  now: () => number,
): Promise<VaultAnswer> {
  const request = asked.vault
  const once = (url: URL): Promise<HttpAnswer> =>
    http.request(
      vaultRequest({
        method: asked.method,
        url,
        headers: asked.headers,
        data: asked.json,
        timeoutMs: request.timeoutMs,
        signal: request.signal,
        ...(request.onSent === undefined ? {} : { onSent: request.onSent }),
      }),
    )
  const url = new URL(asked.uri)
  const told = {
    ...request,
    secrets: [request.token, 'data' in request ? request.data['jwt'] : undefined].filter(
      (one) => typeof one === 'string',
    ),
  }
  let server = `Vault at ${url.origin}`
  try {
    const answer = await once(url)
    if (!REDIRECTS.includes(answer.status)) return judgeAnswer(told, server, answer, now())
    // A standby that does not forward names the active node.
    const active = redirectTarget(request, server, url, answer)
    server = `Vault at ${active.origin}`
    return judgeAnswer(told, server, await once(active), now())
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    throw transportFailure(request.stage, server, error, tlsHint(settings, error))
  }
}

function tlsHint(settings: VaultServer, { reason }: TransportError): string {
  if (reason === 'other-name') return "set VAULT_TLS_SERVER_NAME to a name in Vault's certificate"
  if (reason === 'plain-http') return 'check the scheme and port of VAULT_ADDR'
  return settings.caFile === undefined
    ? "set VAULT_CACERT to the file of the CA that signed Vault's certificate"
    : "VAULT_CACERT must contain the CA that signed Vault's certificate; check its expiry too"
}

function redirectTarget(request: VaultCall, server: string, from: URL, answer: HttpAnswer): URL {
  const location = answer.header('location')
  const to = location !== undefined && URL.canParse(location, from) ? new URL(location, from) : undefined
  const refuse = (why: string): IamRaError =>
    new IamRaError('REDIRECT_REFUSED', request.stage, `${server} answered with a redirect ${why}`, {
      status: answer.status,
      hint: 'set VAULT_ADDR to the address of the active node or of the load balancer in front of Vault',
    })
  if (to === undefined || !/^https?:$/.test(to.protocol)) throw refuse('that names no address')
  if (from.protocol === 'https:' && to.protocol === 'http:')
    throw refuse(`from https to plain http (${to.host})`)
  // A standby keeps the path; with another path it is not the same request.
  if (to.pathname !== from.pathname || to.search !== from.search)
    throw refuse(`to another path at ${to.host}`)
  return to
}
