/**
 * The part of a Vault server that the product talks to: login, pki/sign, revoke-self, health; namespaces, standby and
 * sealed as far as a client sees them. Vault's API documentation; statuses and sentences are those of Vault 1.19.
 */
import { randomUUID } from 'node:crypto'
import type { EmulatorRequest, EmulatorResponse } from './http.ts'
import {
  coreRefusal,
  json,
  permissionDenied,
  vaultAnswer,
  vaultErrors,
  VaultRefusal,
} from './vault-answer.ts'
import { logIn, type AuthMount } from './vault-auth.ts'
import type { Entity } from './vault-names.ts'
import { signByRole, type PkiMount } from './vault-pki.ts'
import { createTokenStore, type Token } from './vault-tokens.ts'

export interface VaultOptions {
  /** Epoch milliseconds. */
  now(): number
  /** By path, without `auth/` and slashes at the ends. */
  auth: Readonly<Record<string, AuthMount>>
  /** By path, without slashes at the ends. */
  pki: Readonly<Record<string, PkiMount>>
  /** Policy → paths on which it grants `update`; a `*` at the end stands for any rest, a segment `+` for any one. */
  policies: Readonly<Record<string, readonly string[]>>
  /** Enterprise: everything above is in this namespace. Absent: Community, which passes over the header. */
  namespace?: string
  sealed?: boolean
  /** URL of the active node: this one is a standby that redirects to it. */
  activeNode?: string
}

export interface VaultEmulator {
  /** All of it may be changed while the server runs. */
  readonly options: VaultOptions
  /** Answered with a token, in order. */
  readonly logins: readonly {
    readonly requestId: string
    readonly mount: string
    readonly accessor: string
  }[]
  readonly signs: readonly { readonly requestId: string; readonly role: string; readonly serial: string }[]
  /** Accessors of the tokens that were revoked by their holders. */
  readonly revocations: readonly string[]
  /** How many service tokens still work: 0 after a run that revoked what it got. */
  liveTokens(): number
  handle(request: EmulatorRequest): EmulatorResponse
}

export function createVault(options: VaultOptions): VaultEmulator {
  const tokens = createTokenStore(options)
  const entities = new Map<string, Entity>()
  const logins: { requestId: string; mount: string; accessor: string }[] = []
  const signs: { requestId: string; role: string; serial: string }[] = []
  const revocations: string[] = []

  function handle(request: EmulatorRequest): EmulatorResponse {
    const answer = refusable(() => route(request))
    const date = new Date(options.now()).toUTCString()
    return { ...answer, headers: { 'Cache-Control': 'no-store', Date: date, ...answer.headers } }
  }

  function route(request: EmulatorRequest): EmulatorResponse {
    const path = decodedPath(request.path)
    if (path === undefined || !path.startsWith('/v1/')) return vaultErrors(404)
    if (path === '/v1/sys/health') return health(request.method)
    if (options.sealed === true) return vaultErrors(503, 'Vault is sealed')
    if (options.activeNode !== undefined) {
      return { status: 307, headers: { Location: `${options.activeNode}${request.target}` }, body: '' }
    }
    const rest = inNamespace(path.slice('/v1/'.length), request.header('x-vault-namespace'))
    const isWrite = request.method === 'POST' || request.method === 'PUT'

    // LIST asks for the folder of that name.
    const [mountPath, mount] = (request.method === 'LIST' ? undefined : loginMount(rest)) ?? []
    if (mountPath !== undefined && mount !== undefined) {
      if (!isWrite) throw new VaultRefusal(405, 'unsupported operation')
      return loginAnswer(mountPath, mount, readBody(request))
    }
    const token = tokens.authorize(request.header('x-vault-token'), rest)
    try {
      // The policies here grant update alone.
      if (!isWrite) throw coreRefusal(403, 'permission denied')
      if (rest === 'auth/token/revoke-self') return revokeSelf(token)
      return sign(rest, token, readBody(request))
    } finally {
      tokens.endIfUsedUp(token)
    }
  }

  function health(method: string): EmulatorResponse {
    if (method !== 'GET' && method !== 'HEAD') return vaultErrors(405)
    const sealed = options.sealed === true
    const standby = sealed || options.activeNode !== undefined
    const replication = sealed ? 'unknown' : 'disabled'
    return json(sealed ? 503 : standby ? 429 : 200, {
      initialized: true,
      sealed,
      standby,
      performance_standby: false,
      replication_performance_mode: replication,
      replication_dr_mode: replication,
      server_time_utc: Math.floor(options.now() / 1000),
      version: '1.19.0',
      enterprise: options.namespace !== undefined,
      ...(sealed ? {} : { cluster_name: 'vault-cluster-emulated', cluster_id: CLUSTER_ID }),
      echo_duration_ms: 0,
      clock_skew_ms: 0,
      replication_primary_canary_age_ms: 0,
    })
  }

  /** The path inside the namespace, which comes as a header or as the path's first part. */
  function inNamespace(path: string, header: string | undefined): string {
    if (options.namespace === undefined) return path
    const named = (header ?? '').replace(/^\/+|\/+$/g, '')
    if (named === options.namespace) return path
    if (named === '' && path.startsWith(`${options.namespace}/`))
      return path.slice(options.namespace.length + 1)
    // Enterprise's code is not public. Where a namespace or a mount in it does not exist, its users see this.
    throw permissionDenied()
  }

  function loginMount(path: string): readonly [string, AuthMount] | undefined {
    return Object.entries(options.auth).find(([mountPath]) => path === `auth/${mountPath}/login`)
  }

  function loginAnswer(mountPath: string, mount: AuthMount, body: Body): EmulatorResponse {
    const login = logIn(mount, body, options.now())
    const entityKey = `${mount.accessor}/${login.aliasName}`
    const entity: Entity = {
      id: entities.get(entityKey)?.id ?? randomUUID(),
      aliases: new Map([[mount.accessor, { name: login.aliasName, metadata: login.aliasMetadata }]]),
    }
    entities.set(entityKey, entity)
    const token = tokens.issue(login.role, entity)
    const requestId = randomUUID()
    logins.push({ requestId, mount: mountPath, accessor: token.accessor })
    return vaultAnswer({
      requestId,
      auth: {
        client_token: token.id,
        accessor: token.accessor,
        policies: token.policies,
        token_policies: token.policies,
        metadata: login.tokenMetadata,
        lease_duration: login.role.ttlSeconds,
        renewable: token.type === 'service',
        entity_id: entity.id,
        token_type: token.type,
        orphan: true,
        mfa_requirement: null,
        num_uses: login.role.numUses ?? 0,
      },
    })
  }

  function revokeSelf(token: Token): EmulatorResponse {
    if (token.type === 'batch') return vaultErrors(400, 'batch tokens cannot be revoked')
    tokens.revoke(token)
    revocations.push(token.accessor)
    return { status: 204, headers: { 'Content-Type': 'application/json' }, body: '' }
  }

  function sign(path: string, token: Token, body: Body): EmulatorResponse {
    for (const [mountPath, mount] of Object.entries(options.pki)) {
      const prefix = `${mountPath}/sign/`
      if (!path.startsWith(prefix)) continue
      const role = path.slice(prefix.length)
      const { data, warnings } = signByRole(mount, role, body, token.entity, options.now())
      const requestId = randomUUID()
      signs.push({ requestId, role, serial: String(data['serial_number']) })
      return vaultAnswer({ requestId, data, warnings, mountType: 'pki' })
    }
    throw new VaultRefusal(404, `no handler for route "${path}". route entry not found.`)
  }

  return {
    options,
    logins,
    signs,
    revocations,
    liveTokens: () => tokens.live(),
    handle,
  }
}

const CLUSTER_ID = 'b8d2f7a4-3c1e-4b7f-9a53-2f6f0c8e1d44'

type Body = Readonly<Record<string, unknown>>

function refusable(run: () => EmulatorResponse): EmulatorResponse {
  try {
    return run()
  } catch (error) {
    if (error instanceof VaultRefusal) return vaultErrors(error.status, error.message)
    throw error
  }
}

function decodedPath(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/** Vault reads JSON whatever the Content-Type says. */
function readBody(request: EmulatorRequest): Body {
  if (request.body.length === 0) return {}
  try {
    const value: unknown = JSON.parse(request.body.toString())
    if (typeof value === 'object' && !Array.isArray(value)) return (value ?? {}) as Body
  } catch {
    // Said below.
  }
  throw new VaultRefusal(400, 'error parsing JSON')
}
