/** JSON Web Tokens in compact form, RFC 7515 and 7519, as far as service-account tokens need them. */
import { createPublicKey, verify } from 'node:crypto'

export type Claims = Readonly<Record<string, unknown>>

export interface ReadToken {
  readonly claims: Claims
  readonly algorithm: string
  /** Checks an RS256 or ES256 signature with a PEM key; false for every other algorithm, `none` among them. */
  isSignedBy(publicKey: string): boolean
}

/** Undefined where the text is no compact JWS over JSON objects. */
export function readToken(text: string): ReadToken | undefined {
  const [header, payload, signature, ...rest] = text.split('.')
  if (header === undefined || payload === undefined || signature === undefined || rest.length > 0)
    return undefined
  const head = jsonObject(header)
  const claims = jsonObject(payload)
  if (head === undefined || claims === undefined || typeof head['alg'] !== 'string') return undefined
  const algorithm = head['alg']
  return {
    claims,
    algorithm,
    isSignedBy(publicKey) {
      const key = createPublicKey(publicKey)
      const family = { RS256: 'rsa', ES256: 'ec' }[algorithm]
      if (family === undefined || key.asymmetricKeyType !== family) return false
      const data = Buffer.from(`${header}.${payload}`)
      // RFC 7518 section 3.4: an ECDSA signature is r and s side by side.
      return verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
    },
  }
}

function jsonObject(base64url: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(base64url, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Claims)
      : undefined
  } catch {
    return undefined
  }
}

/** A claim by its name, or by a JSON pointer where the name begins with `/` (RFC 6901). */
export function claimAt(claims: Claims, name: string): unknown {
  if (!name.startsWith('/')) return claims[name]
  let value: unknown = claims
  for (const part of name.slice(1).split('/')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Claims)[part.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return value
}
