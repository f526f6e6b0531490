/**
 * Logging in: Vault's kubernetes and jwt auth methods. Vault's API documentation, and the two plugins' own words for
 * what they refuse (kubernetes 0.21, jwt 0.23, as in Vault 1.19).
 */
import type { Cluster } from './cluster.ts'
import { claimAt, readToken, type Claims, type ReadToken } from './jwt.ts'
import { badRequest, permissionDenied, textField, VaultRefusal } from './vault-answer.ts'

export interface TokenParameters {
  readonly policies: readonly string[]
  /** Seconds. */
  readonly ttlSeconds: number
  readonly type: 'service' | 'batch'
  /** Absent or 0: as often as one likes. */
  readonly numUses?: number
}

export interface KubernetesRole extends TokenParameters {
  /** Exact names, or with `*`. */
  readonly serviceAccounts: readonly string[]
  readonly namespaces: readonly string[]
  readonly audience?: string
}

export interface JwtRole extends TokenParameters {
  readonly audiences: readonly string[]
  readonly subject?: string
  readonly userClaim: string
  /** Claim or JSON pointer → what it must be. */
  readonly boundClaims?: Readonly<Record<string, string>>
  /** Claim or JSON pointer → name in the alias's metadata. */
  readonly claimMappings?: Readonly<Record<string, string>>
}

export type AuthMount =
  | {
      readonly type: 'kubernetes'
      readonly accessor: string
      readonly cluster: Cluster
      readonly roles: Readonly<Record<string, KubernetesRole>>
    }
  | {
      readonly type: 'jwt'
      readonly accessor: string
      /** PEM. */
      readonly publicKeys: readonly string[]
      readonly issuer?: string
      readonly roles: Readonly<Record<string, JwtRole>>
    }

/** Whom a login proved, before a token is made for it. */
export interface Login {
  readonly role: TokenParameters
  readonly aliasName: string
  readonly aliasMetadata: Readonly<Record<string, string>>
  /** What the token carries and the answer shows. */
  readonly tokenMetadata: Readonly<Record<string, string>>
}

/** @throws VaultRefusal */
export function logIn(mount: AuthMount, body: Claims, nowMs: number): Login {
  const roleName = textField(body['role'])
  const jwt = textField(body['jwt'])
  return mount.type === 'kubernetes'
    ? kubernetesLogin(mount, roleName, jwt, nowMs)
    : jwtLogin(mount, roleName.toLowerCase(), jwt, nowMs)
}

function kubernetesLogin(
  mount: AuthMount & { type: 'kubernetes' },
  roleName: string,
  jwt: string,
  nowMs: number,
): Login {
  if (roleName === '') throw badRequest('missing role')
  if (jwt === '') throw badRequest('missing jwt')
  const role = ownEntry(mount.roles, roleName.toLowerCase())
  if (role === undefined) throw badRequest(`invalid role name "${roleName}"`)

  // Without public keys of its own Vault reads the claims unverified here; TokenReview below is what proves them.
  const token = readToken(jwt)
  if (token === undefined) throw permissionDenied()
  const fault = claimFault(token.claims, role.audience === undefined ? [] : [role.audience], undefined, nowMs)
  if (fault !== undefined) throw new VaultRefusal(403, fault)
  const name = textClaim(token, '/kubernetes.io/serviceaccount/name')
  const uid = textClaim(token, '/kubernetes.io/serviceaccount/uid')
  const namespace = textClaim(token, '/kubernetes.io/namespace')
  if (!role.serviceAccounts.some((pattern) => glob(pattern, name))) {
    throw new VaultRefusal(403, 'service account name not authorized')
  }
  if (!role.namespaces.some((pattern) => glob(pattern, namespace))) {
    throw new VaultRefusal(403, 'namespace not authorized')
  }
  if (uid === '') throw new VaultRefusal(500, 'could not parse UID from claims')

  const wanted = role.audience === undefined ? audiencesOf(token.claims) : [role.audience]
  const review = mount.cluster.review(jwt, wanted)
  if (
    !review.authenticated ||
    review.username !== `system:serviceaccount:${namespace}:${name}` ||
    review.uid !== uid
  ) {
    throw permissionDenied()
  }
  const metadata = {
    service_account_name: name,
    service_account_namespace: namespace,
    service_account_secret_name: '',
    service_account_uid: uid,
  }
  return { role, aliasName: uid, aliasMetadata: metadata, tokenMetadata: { role: roleName, ...metadata } }
}

function jwtLogin(mount: AuthMount & { type: 'jwt' }, roleName: string, jwt: string, nowMs: number): Login {
  if (roleName === '') throw badRequest('missing role')
  const role = ownEntry(mount.roles, roleName)
  if (role === undefined) throw badRequest(`role "${roleName}" could not be found`)
  if (jwt === '') throw badRequest('missing token')

  if (jwt.split('.').length !== 3) {
    throw badRequest(
      'error validating token: error verifying token signature: go-jose/go-jose: compact JWS format must have three parts',
    )
  }
  const token = readToken(jwt)
  const signed = token !== undefined && mount.publicKeys.some((key) => token.isSignedBy(key))
  if (!signed) {
    throw badRequest(
      'error validating token: error verifying token signature: no known key successfully validated the token signature',
    )
  }
  const { claims } = token
  const fault = claimFault(claims, role.audiences, mount.issuer, nowMs, role.subject)
  if (fault !== undefined) throw badRequest(`error validating token: ${fault}`)
  if (role.audiences.length === 0 && audiencesOf(claims).length > 0) {
    throw badRequest('audience claim found in JWT but no audiences bound to the role')
  }
  const user = claims[role.userClaim]
  if (user === undefined || user === null) throw badRequest(`claim "${role.userClaim}" not found in token`)
  if (typeof user !== 'string') throw badRequest(`claim "${role.userClaim}" could not be converted to string`)

  const metadata: Record<string, string> = {}
  for (const [claim, name] of Object.entries(role.claimMappings ?? {})) {
    const value = claimAt(claims, claim)
    if (value === undefined || value === null) continue
    if (typeof value !== 'string') throw badRequest(`error converting claim '${claim}' to string`)
    metadata[name] = value
  }
  metadata['role'] = roleName
  for (const [claim, expected] of Object.entries(role.boundClaims ?? {})) {
    const value = claimAt(claims, claim)
    if (value === undefined || value === null) {
      throw badRequest(`error validating claims: claim "${claim}" is missing`)
    }
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (!values.includes(expected)) {
      throw badRequest(
        `error validating claims: claim "${claim}" does not match any associated bound claim values`,
      )
    }
  }
  return { role, aliasName: user, aliasMetadata: metadata, tokenMetadata: metadata }
}

/** Leeway that both plugins give a clock. */
const LEEWAY_SECONDS = 60

function claimFault(
  claims: Claims,
  audiences: readonly string[],
  issuer: string | undefined,
  nowMs: number,
  subject?: string,
): string | undefined {
  if (issuer !== undefined && claims['iss'] !== issuer) return 'invalid issuer (iss) claim'
  if (subject !== undefined && claims['sub'] !== subject) return 'invalid subject (sub) claim'
  const own = audiencesOf(claims)
  if (audiences.length > 0 && !audiences.some((audience) => own.includes(audience))) {
    return 'invalid audience (aud) claim: audience claim does not match any expected audience'
  }
  const seconds = nowMs / 1000
  const { nbf, exp, iat } = claims
  if (typeof nbf === 'number' && seconds + LEEWAY_SECONDS < nbf) {
    return 'invalid not before (nbf) claim: token not yet valid'
  }
  if (typeof exp === 'number' && seconds - LEEWAY_SECONDS > exp) {
    return 'invalid expiration time (exp) claim: token is expired'
  }
  if (typeof iat === 'number' && seconds + LEEWAY_SECONDS < iat) {
    return 'invalid issued at (iat) claim: token issued in the future'
  }
  return undefined
}

function audiencesOf(claims: Claims): readonly string[] {
  const { aud } = claims
  if (typeof aud === 'string') return aud === '' ? [] : [aud]
  return Array.isArray(aud) ? aud.filter((audience) => typeof audience === 'string') : []
}

function textClaim(token: ReadToken, pointer: string): string {
  const value = claimAt(token.claims, pointer)
  return typeof value === 'string' ? value : ''
}

/** A role's own entry: a role named `constructor` is as unknown as any other. */
function ownEntry<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined
}

/** Vault's globs: `*` stands for any text, nothing else is special. */
export function glob(pattern: string, text: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text)
}
