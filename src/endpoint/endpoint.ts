/**
 * Routes requests: answers exactly the paths that SDKs ask for, and only clients that address this machine by its own
 * name.
 */
import type { SessionCredentials } from '../credentials.ts'
import { headerOf, refusal, type Answer, type EndpointRequest, type Handler } from './answer.ts'
import { refuseContainerReader } from './container.ts'
import { createDocuments, type CredentialsDocuments } from './documents.ts'
import { refuseSession, startSession } from './imds.ts'
import type { EndpointName, RequestCounts } from './request-counts.ts'
import { refuseHeaders } from './sender.ts'
import { createSessionTokens } from './session-tokens.ts'

export interface EndpointOptions {
  /** The unexpired credentials; undefined before the first and once they expire. */
  current(): SessionCredentials | undefined
  /** The token that the container endpoint's readers must send. */
  readonly authorizationToken: string
  readonly imdsV1: boolean
  /** Random bytes of this process, which seal the session tokens of IMDSv2. */
  readonly sessionKey: Uint8Array
  readonly clock: { now(): number; elapsed(): number }
  readonly counts: RequestCounts
}

const CONTAINER_PATH = '/v1/credentials'
const SESSION_PATH = '/latest/api/token'
const ROLES_PATH = '/latest/meta-data/iam/security-credentials'

const FOREIGN_HOST = refusal(
  403,
  'Forbidden',
  'the Host header must be 127.0.0.1, [::1] or localhost, with the port of this endpoint or no port',
)
const NOT_FOUND = refusal(404, 'NotFound', 'there is nothing at this path')
/** A status that every SDK retries. */
const NO_CREDENTIALS = refusal(
  503,
  'ServiceUnavailable',
  'no valid credentials at the moment; see the aws-iam-ra log',
)

export function createEndpoint(options: EndpointOptions): Handler {
  const { authorizationToken, clock, counts, imdsV1 } = options
  const tokens = createSessionTokens(options.sessionKey, () => clock.elapsed())
  const documents = createDocuments(
    () => options.current(),
    () => clock.now(),
  )
  const credentials = (choose: (made: CredentialsDocuments) => Answer): Answer => {
    const made = documents()
    return made === undefined ? NO_CREDENTIALS : choose(made)
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
    return credentials((made) => (isRole(path, made.roleName) ? made.role : NOT_FOUND))
  }
  return (request) => {
    const path = pathOf(request.target)
    const name = endpointAt(path)
    const answer = refuseSender(request) ?? answerTo(request, path, name)
    counts.add(name, answer.status)
    return answer
  }
}

const METHOD_NOT_ALLOWED = {
  GET: refusal(405, 'MethodNotAllowed', 'this path accepts GET only', { Allow: 'GET' }),
  PUT: refusal(405, 'MethodNotAllowed', 'this path accepts PUT only', { Allow: 'PUT' }),
} as const

/** A rebound DNS name shows up in Host. */
function refuseSender(request: EndpointRequest): Answer | undefined {
  const refused = refuseHeaders(request)
  if (refused !== undefined) return refused
  return isOurHost(headerOf(request, 'host')?.toLowerCase() ?? '', request.port) ? undefined : FOREIGN_HOST
}

function isOurHost(host: string, port: number): boolean {
  const suffix = `:${port}`
  const name = host.endsWith(suffix) ? host.slice(0, -suffix.length) : host
  return name === '127.0.0.1' || name === '[::1]' || name === 'localhost'
}

/**
 * A run of slashes counts as one, and trailing slashes are ignored: most SDKs join the address from a variable and
 * their own path without checking the slash in between. Nothing else is normalized: a query, an absolute URL, dots or
 * an escaped letter make it another path.
 */
function pathOf(target: string): string {
  return target.replace(/\/+/g, '/').replace(/\/$/, '')
}

function endpointAt(path: string): EndpointName {
  if (path === CONTAINER_PATH) return 'container'
  if (path === SESSION_PATH) return 'imds-session'
  if (path === ROLES_PATH) return 'imds-roles'
  return path.startsWith(`${ROLES_PATH}/`) ? 'imds-credentials' : 'other'
}

function isRole(path: string, roleName: string): boolean {
  const name = path.slice(ROLES_PATH.length + 1)
  // Some readers escape the characters `+=,@` in a role's name.
  return name === roleName || name === encodeURIComponent(roleName)
}
