/** Vault's tokens: what they may do, how long and how often. Vault's documentation, "Tokens" and "Policies". */
import { randomBytes } from 'node:crypto'
import { coreRefusal, permissionDenied } from './vault-answer.ts'
import type { TokenParameters } from './vault-auth.ts'
import type { Entity } from './vault-names.ts'

export interface Token {
  readonly id: string
  readonly accessor: string
  readonly type: 'service' | 'batch'
  readonly policies: readonly string[]
  readonly entity: Entity
  readonly expiresAtMs: number
  /** Infinity where it is not limited. */
  usesLeft: number
}

export interface TokenStore {
  issue(role: TokenParameters, entity: Entity): Token
  /**
   * The token of a request, one use fewer.
   * @throws VaultRefusal where there is none, it has ended, or its policies do not grant `update` on the path.
   */
  authorize(id: string | undefined, path: string): Token
  revoke(token: Token): void
  /** After the request that was its last. */
  endIfUsedUp(token: Token): void
  /** How many service tokens still work. */
  live(): number
}

/** Vault's built-in policy gives every token its own affairs. */
const DEFAULT_POLICY = ['auth/token/lookup-self', 'auth/token/renew-self', 'auth/token/revoke-self']

export function createTokenStore(options: {
  now(): number
  policies: Readonly<Record<string, readonly string[]>>
}): TokenStore {
  const tokens = new Map<string, Token>()
  const isLive = (token: Token): boolean => options.now() < token.expiresAtMs

  const endIfUsedUp = (token: Token): void => {
    if (token.usesLeft <= 0) tokens.delete(token.id)
  }

  const paths = (policy: string): readonly string[] => {
    if (policy === 'default') return DEFAULT_POLICY
    return Object.hasOwn(options.policies, policy) ? (options.policies[policy] ?? []) : []
  }

  return {
    issue(role, entity) {
      const isBatch = role.type === 'batch'
      const token: Token = {
        id: isBatch
          ? `hvb.AAAAAQ${randomBytes(120).toString('base64url')}`
          : `hvs.CAESI${randomBytes(66).toString('base64url')}`,
        accessor: isBatch ? '' : randomBytes(12).toString('hex'),
        type: role.type,
        policies: [...new Set(['default', ...role.policies])].sort(),
        entity,
        expiresAtMs: options.now() + role.ttlSeconds * 1000,
        usesLeft: role.numUses === undefined || role.numUses === 0 ? Infinity : role.numUses,
      }
      tokens.set(token.id, token)
      return token
    },
    authorize(id, path) {
      if (id === undefined || id === '') throw permissionDenied()
      const token = tokens.get(id)
      if (token === undefined || !isLive(token)) throw coreRefusal(403, 'permission denied', 'invalid token')
      token.usesLeft -= 1
      if (token.policies.flatMap(paths).some((pattern) => isPathGranted(pattern, path))) return token
      endIfUsedUp(token)
      throw coreRefusal(403, 'permission denied')
    },
    revoke: (token) => void tokens.delete(token.id),
    endIfUsedUp,
    live: () => [...tokens.values()].filter((token) => token.type === 'service' && isLive(token)).length,
  }
}

function isPathGranted(pattern: string, path: string): boolean {
  const isPrefix = pattern.endsWith('*')
  const wanted = (isPrefix ? pattern.slice(0, -1) : pattern).split('/')
  const given = path.split('/')
  if (given.length < wanted.length || (!isPrefix && given.length !== wanted.length)) return false
  return wanted.every((segment, index) => {
    const own = given[index] ?? ''
    if (segment === '+') return own !== ''
    return isPrefix && index === wanted.length - 1 ? own.startsWith(segment) : own === segment
  })
}
