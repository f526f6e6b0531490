/**
 * The session tokens of IMDSv2. A token is its own expiry time and a seal over it, so none is stored: there is no table
 * for a reader to fill, and nothing to clean up.
 */
import { createHmac } from 'node:crypto'
import { isSameSecret } from './secret.ts'

export interface SessionTokens {
  issue(ttlSeconds: number): string
  isValid(token: string): boolean
}

/** Room for the milliseconds of 8,900 years. */
const END_BYTES = 6
/** The expiry time and an HMAC-SHA256, in base64url. */
const TOKEN_LENGTH = Math.ceil(((END_BYTES + 32) * 8) / 6)

/**
 * @param key random, generated at start: a token is of no use to another process
 * @param elapsed milliseconds that never jump, so that setting the clock ends no session
 */
export function createSessionTokens(key: Uint8Array, elapsed: () => number): SessionTokens {
  const seal = (end: Buffer): string =>
    Buffer.concat([end, createHmac('sha256', key).update(end).digest()]).toString('base64url')
  return {
    issue(ttlSeconds) {
      const end = Buffer.alloc(END_BYTES)
      end.writeUIntBE(Math.floor(elapsed()) + ttlSeconds * 1000, 0, END_BYTES)
      return seal(end)
    },
    isValid(token) {
      if (token.length !== TOKEN_LENGTH) return false
      const end = Buffer.from(token, 'base64url').subarray(0, END_BYTES)
      if (end.byteLength < END_BYTES || !isSameSecret(token, seal(end))) return false
      return elapsed() < end.readUIntBE(0, END_BYTES)
    },
  }
}
