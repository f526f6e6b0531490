/** The temporary keys that the emulated AWS has given out: Roles Anywhere issues them, STS and S3 look them up. */
import { randomBytes } from 'node:crypto'

export interface IssuedSession {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** Epoch milliseconds, a whole second. */
  readonly expiresAtMs: number
  /** `arn:aws:sts::<account>:assumed-role/<role>/<session>` */
  readonly assumedRoleArn: string
  /** `AROA…:<session>` */
  readonly assumedRoleId: string
  readonly account: string
}

export type SessionKeys = Pick<IssuedSession, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>

export interface SessionStore {
  /** Set to hand out keys that another server knows, and to undefined for random ones. */
  keys: (() => SessionKeys) | undefined
  readonly issued: readonly IssuedSession[]
  issue(
    session: Pick<IssuedSession, 'expiresAtMs' | 'assumedRoleArn' | 'assumedRoleId' | 'account'>,
  ): IssuedSession
  find(accessKeyId: string): IssuedSession | undefined
}

export function createSessionStore(): SessionStore {
  const issued: IssuedSession[] = []
  const store: SessionStore = {
    keys: undefined,
    issued,
    issue(session) {
      const complete: IssuedSession = {
        ...session,
        ...(store.keys ?? randomKeys)(),
        expiresAtMs: Math.floor(session.expiresAtMs / 1000) * 1000,
      }
      issued.push(complete)
      return complete
    },
    find: (accessKeyId) => issued.find((session) => session.accessKeyId === accessKeyId),
  }
  return store
}

function randomKeys(): SessionKeys {
  return {
    accessKeyId: `ASIA${base32(16)}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: sessionToken(),
  }
}

export function base32(length: number): string {
  return Array.from(randomBytes(length), (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte & 31]).join('')
}

/** Long, and with each of the characters that files and parsers get wrong: `+`, `/` and `=` at the end. */
function sessionToken(): string {
  for (;;) {
    const token = randomBytes(700).toString('base64')
    if (token.includes('+') && token.includes('/') && token.endsWith('==')) return token
  }
}
