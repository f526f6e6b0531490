/**
 * What a token says of its caller, read before Vault has verified any of it: enough to refuse what Vault would refuse
 * too, and to know which auth role to try. Nothing is given for it.
 */
import { createHash } from 'node:crypto'
import { isRecord, parseJsonObject } from '../text/json.ts'

/** A service account of a cluster, as its tokens name it. */
export interface Account {
  readonly namespace: string
  readonly account: string
  readonly uid: string
}

export interface Caller extends Account {
  readonly token: string
  /** SHA-256 of the token: what is remembered of it. */
  readonly hash: string
  readonly expiresAtMs: number
  /** For the log. */
  readonly pod: string | undefined
  readonly podUid: string | undefined
}

export interface Expected {
  readonly audience: string
  /** Absent: any. */
  readonly issuer?: string
  /** This node. */
  readonly node: string
}

/** What to say to a caller whose token is of no use here. */
export interface Unfit {
  readonly status: 401 | 403
  readonly wrong: string
}

/** RFC 7515, section 7.1. */
const JSON_WEB_TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const UID = /^[\w-]{1,64}$/

export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

export function readCaller(token: string, hash: string, expected: Expected, nowMs: number): Caller | Unfit {
  const claims = JSON_WEB_TOKEN.test(token) ? claimsOf(token) : undefined
  if (claims === undefined)
    return { status: 401, wrong: 'the Authorization header is not a service-account token' }
  const { exp, iss, sub } = claims
  if (typeof exp !== 'number' || !Number.isSafeInteger(exp))
    return { status: 401, wrong: 'the token has no expiry: mount a projected serviceAccountToken volume' }
  if (exp * 1000 <= nowMs) return { status: 401, wrong: 'the token has expired' }
  if (!audiencesOf(claims).includes(expected.audience))
    return { status: 401, wrong: `the token is not for the audience ${expected.audience}` }
  if (typeof iss !== 'string' || (expected.issuer !== undefined && iss !== expected.issuer))
    return { status: 401, wrong: "the token's issuer is not this cluster" }
  const kubernetes = recordAt(claims, 'kubernetes.io')
  const node = recordAt(kubernetes, 'node')['name']
  if (node !== undefined && node !== expected.node)
    return { status: 403, wrong: 'the token is for a pod on another node' }
  const account = accountOf(kubernetes, sub)
  if (account === undefined) return { status: 401, wrong: 'the token names no service account' }
  const pod = recordAt(kubernetes, 'pod')
  return {
    ...account,
    token,
    hash,
    expiresAtMs: exp * 1000,
    pod: matching(pod['name'], SUBDOMAIN),
    podUid: matching(pod['uid'], UID),
  }
}

function claimsOf(token: string): Record<string, unknown> | undefined {
  const [head, payload] = token
    .split('.', 2)
    .map((part) => parseJsonObject(Buffer.from(part, 'base64url').toString('utf8')))
  return typeof head?.['alg'] === 'string' ? payload : undefined
}

function audiencesOf({ aud }: Record<string, unknown>): readonly unknown[] {
  return Array.isArray(aud) ? aud : [aud]
}

/** Named twice in a token, and both must agree. */
function accountOf(kubernetes: Record<string, unknown>, sub: unknown): Account | undefined {
  const own = recordAt(kubernetes, 'serviceaccount')
  const namespace = matching(kubernetes['namespace'], LABEL)
  const account = matching(own['name'], SUBDOMAIN)
  const uid = matching(own['uid'], UID)
  if (namespace === undefined || account === undefined || uid === undefined) return undefined
  return sub === `system:serviceaccount:${namespace}:${account}` ? { namespace, account, uid } : undefined
}

function recordAt(claims: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = claims[name]
  return isRecord(value) ? value : {}
}

function matching(value: unknown, shape: RegExp): string | undefined {
  return typeof value === 'string' && shape.test(value) ? value : undefined
}
