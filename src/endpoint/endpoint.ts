/**
 * Routes requests: answers exactly the paths that SDKs and people ask for, and only clients that address this machine by
 * the name of the listener.
 */
import type { SessionCredentials } from '../credentials.ts'
import { headerOf, refusal, type Answer, type EndpointRequest, type Handler } from './answer.ts'
import { refuseContainerReader } from './container.ts'
import { createDocuments, type CredentialsDocuments } from './documents.ts'
import { refuseSession, startSession } from './imds.ts'
import { metadataPaths } from './metadata-paths.ts'
import type { EndpointName, RequestCounts } from './request-counts.ts'
import { refuseHeaders } from './sender.ts'
import { createSessionTokens } from './session-tokens.ts'

export interface EndpointOptions {
  /** The unexpired credentials; undefined before the first and once they expire. */
  current(): SessionCredentials | undefined
  /** The token that the container endpoint's readers must send. */
  readonly authorizationToken: string
  readonly imdsV1: boolean
  /** The region that the metadata paths give; undefined: none. */
  readonly region?: string | undefined
  /** Random bytes of this process, which seal the session tokens of IMDSv2. */
  readonly sessionKey: Uint8Array
  readonly clock: { now(): number; elapsed(): number }
  readonly counts: RequestCounts
}

export interface Endpoint {
  /** For the loopback addresses: all paths. */
  readonly loopback: Handler
  /** For an address of the instance metadata service: its paths alone. */
  metadataAt(host: string): Handler
}

const CONTAINER_PATH = '/v1/credentials'

const NOT_FOUND = refusal(404, 'NotFound', 'there is nothing at this path')
/** A status that every SDK retries. */
const NO_CREDENTIALS = refusal(
  503,
  'ServiceUnavailable',
  'no valid credentials at the moment; see the aws-iam-ra log',
)

export function createEndpoint(options: EndpointOptions): Endpoint {
  const { authorizationToken, clock, counts, imdsV1 } = options
  const tokens = createSessionTokens(options.sessionKey, () => clock.elapsed())
  const paths = metadataPaths(options.region)
  const documents = createDocuments(
    () => options.current(),
    () => clock.now(),
  )
  const credentials = (choose: (made: CredentialsDocuments) => Answer | undefined): Answer => {
    const made = documents()
    return made === undefined ? NO_CREDENTIALS : (choose(made) ?? NOT_FOUND)
  }
  const answerTo = (request: EndpointRequest, path: string, name: EndpointName): Answer => {
    if (name === 'other') return NOT_FOUND
    const allowed = name === 'imds-session' ? 'PUT' : 'GET'
    if (request.method !== allowed) return METHOD_NOT_ALLOWED[allowed]
    if (name === 'imds-session') return startSession(request, tokens)
    if (name === 'container') {
      return refuseContainerReader(request, authorizationToken) ?? credentials((made) => made.container)
    }
    const refused = refuseSession(request, tokens, imdsV1)
    if (refused !== undefined) return refused
    if (name === 'imds-roles') return credentials((made) => made.roles)
    if (name === 'imds-credentials')
      return credentials((made) => (paths.isRole(path, made.roleName) ? made.role : undefined))
    return paths.answer(path, documents()?.account) ?? NOT_FOUND
  }
  const handler =
    (hosts: readonly string[], foreign: Answer, nameOf: (path: string) => EndpointName): Handler =>
    (request) => {
      const path = pathOf(request.target)
      const name = nameOf(path)
      const answer =
        refuseHeaders(request) ?? (isAmong(hosts, request) ? answerTo(request, path, name) : foreign)
      counts.add(name, answer.status)
      return answer
    }
  return {
    loopback: handler(
      ['127.0.0.1', '[::1]', 'localhost'],
      foreignHost('127.0.0.1, [::1] or localhost'),
      (path) => (path === CONTAINER_PATH ? 'container' : paths.nameOf(path)),
    ),
    metadataAt(host) {
      const name = host.includes(':') ? `[${host}]` : host
      return handler([name], foreignHost(name), paths.nameOf)
    },
  }
}

const METHOD_NOT_ALLOWED = {
  GET: refusal(405, 'MethodNotAllowed', 'this path accepts GET only', { Allow: 'GET' }),
  PUT: refusal(405, 'MethodNotAllowed', 'this path accepts PUT only', { Allow: 'PUT' }),
} as const

function foreignHost(ours: string): Answer {
  return refusal(
    403,
    'Forbidden',
    `the Host header must be ${ours}, with the port of this endpoint or no port`,
  )
}

/** A rebound DNS name shows up in Host. */
function isAmong(hosts: readonly string[], request: EndpointRequest): boolean {
  const host = headerOf(request, 'host')?.toLowerCase() ?? ''
  const suffix = `:${request.port}`
  return hosts.includes(host.endsWith(suffix) ? host.slice(0, -suffix.length) : host)
}

/**
 * A run of slashes counts as one, and trailing slashes are ignored: most SDKs join the address from a variable and
 * their own path without checking the slash in between. Nothing else is normalized: a query, an absolute URL, dots or
 * an escaped letter make it another path.
 */
function pathOf(target: string): string {
  return target.replace(/\/+/g, '/').replace(/\/$/, '')
}
