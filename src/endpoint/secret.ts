/** Creates and compares the secrets that a reader must know. */
import { randomBytes, timingSafeEqual } from 'node:crypto'

/** The container endpoint's token: 256 random bits in base64url, without a newline, since readers send the file as is. */
export function createAuthorizationToken(): string {
  return randomBytes(32).toString('base64url')
}

/** Takes the same time wherever the two first differ; only a difference in length shows. */
export function isSameSecret(given: string, expected: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(expected)]
  return left.byteLength === right.byteLength && timingSafeEqual(left, right)
}
