/**
 * A Kubernetes cluster's service-account token issuer and its TokenReview. Token layout: Kubernetes documentation,
 * "Managing Service Accounts", bound service-account tokens.
 */
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { readToken } from './jwt.ts'

export interface TokenRequest {
  readonly namespace?: string
  readonly serviceAccount?: string
  readonly audiences?: readonly string[]
  /** Seconds from issue to expiry; negative for a token that has ended already. Default 600. */
  readonly lifetimeSeconds?: number
  /** Epoch seconds. Default now. */
  readonly issuedAt?: number
  /** False for a token signed by a key that is not the cluster's. */
  readonly genuine?: boolean
}

export type Review =
  | { readonly authenticated: false }
  | {
      readonly authenticated: true
      /** `system:serviceaccount:<namespace>:<name>` */
      readonly username: string
      readonly uid: string
      readonly audiences: readonly string[]
    }

export interface Cluster {
  readonly issuer: string
  /** PEM, for Vault's jwt auth. */
  readonly publicKey: string
  /** A JWT as the API server's TokenRequest gives it for a pod. */
  token(request?: TokenRequest): string
  /** What TokenReview says; a token that has ended, was forged or is for others is not authenticated. */
  review(token: string, audiences: readonly string[]): Review
  /** As when the service account is deleted: its tokens no longer pass a review. */
  deleteServiceAccount(namespace: string, name: string): void
}

/** What the API server gives a clock: go-jose's DefaultLeeway, seen with Kubernetes 1.36. */
const LEEWAY_SECONDS = 60

export interface ClusterOptions {
  /** Epoch milliseconds. */
  now(): number
  readonly namespace: string
  readonly serviceAccount: string
  readonly audience: string
}

export function createCluster(options: ClusterOptions): Cluster {
  const issuer = 'https://kubernetes.default.svc.cluster.local'
  const genuine = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicKey = genuine.publicKey.export({ type: 'spki', format: 'pem' })
  // The API server names its keys by the hash of what they are.
  const kid = createHash('sha256')
    .update(genuine.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  const accounts = new Map<string, string>()
  const deleted = new Set<string>()

  const uidOf = (namespace: string, name: string): string => {
    const key = `${namespace}/${name}`
    const uid = accounts.get(key) ?? randomUUID()
    accounts.set(key, uid)
    return uid
  }

  return {
    issuer,
    publicKey,
    token(request = {}) {
      const namespace = request.namespace ?? options.namespace
      const name = request.serviceAccount ?? options.serviceAccount
      const issuedAt = request.issuedAt ?? Math.floor(options.now() / 1000)
      const claims = {
        aud: request.audiences ?? [options.audience],
        exp: issuedAt + (request.lifetimeSeconds ?? 600),
        iat: issuedAt,
        iss: issuer,
        jti: randomUUID(),
        'kubernetes.io': {
          namespace,
          node: { name: 'node-1', uid: '5c4f3c8e-6f3b-4a55-9f3e-0d6a1c1d2b3a' },
          pod: { name: `${name}-7d9c5b6f4-x2x7k`, uid: randomUUID() },
          serviceaccount: { name, uid: uidOf(namespace, name) },
        },
        nbf: issuedAt,
        sub: `system:serviceaccount:${namespace}:${name}`,
      }
      const signed = [{ alg: 'RS256', kid }, claims]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.')
      const key =
        request.genuine === false
          ? generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
          : genuine.privateKey
      return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
    },
    review(token, audiences) {
      const refused: Review = { authenticated: false }
      const read = readToken(token)
      if (read === undefined || !read.isSignedBy(publicKey)) return refused
      const nowSeconds = options.now() / 1000
      const { iss, exp, nbf, sub, aud } = read.claims
      if (iss !== issuer || typeof exp !== 'number' || typeof nbf !== 'number') return refused
      if (nowSeconds - LEEWAY_SECONDS > exp || nowSeconds + LEEWAY_SECONDS < nbf) return refused
      const shared = Array.isArray(aud) ? audiences.filter((audience) => aud.includes(audience)) : []
      if (shared.length === 0) return refused
      const [, , namespace, name] = typeof sub === 'string' ? sub.split(':') : []
      if (namespace === undefined || name === undefined) return refused
      const key = `${namespace}/${name}`
      const uid = accounts.get(key)
      if (uid === undefined || deleted.has(key)) return refused
      return {
        authenticated: true,
        username: `system:serviceaccount:${namespace}:${name}`,
        uid,
        audiences: shared,
      }
    },
    deleteServiceAccount: (namespace, name) => void deleted.add(`${namespace}/${name}`),
  }
}
