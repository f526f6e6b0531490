/** A Vault token for tests of what is asked with it: answers from a script, on a fake clock, and everything kept. */
import { IamRaError } from '../../src/errors.ts'
import type { VaultAnswer } from '../../src/vault/answer.ts'
import type { VaultRead, VaultWrite } from '../../src/vault/client.ts'
import type { VaultSession } from '../../src/vault/session.ts'
import type { FakeClock } from '../support/fake-runtime.ts'

export interface ScriptedSession extends VaultSession {
  readonly reads: readonly VaultRead[]
  readonly writes: readonly VaultWrite[]
  /** How often each was called. */
  readonly counts: { renewals: number; ends: number }
}

export interface SessionScript {
  readonly lifeMs?: number
  readonly isBatch?: boolean
  read?(): VaultAnswer
  write?(): VaultAnswer
  /** What the token's life is after a renewal. */
  renew?(): number
}

export function scriptedSession(clock: FakeClock, script: SessionScript): ScriptedSession {
  const reads: VaultRead[] = []
  const writes: VaultWrite[] = []
  const counts = { renewals: 0, ends: 0 }
  let endsMs = clock.elapsed() + (script.lifeMs ?? 3_600_000)
  const unscripted = (): never => {
    throw new Error('nothing is scripted for this call')
  }
  return {
    reads,
    writes,
    counts,
    hasEnded: () => clock.elapsed() >= endsMs,
    remainingMs: () => Math.max(0, endsMs - clock.elapsed()),
    isBatch: script.isBatch ?? false,
    policies: ['default', 'aws-keys'],
    metadata: {},
    async read(request) {
      reads.push(request)
      return (script.read ?? unscripted)()
    },
    async write(request) {
      writes.push(request)
      return (script.write ?? unscripted)()
    },
    async renew() {
      counts.renewals += 1
      endsMs = clock.elapsed() + (script.renew ?? unscripted)()
    },
    async end() {
      counts.ends += 1
    },
  }
}

export function refused(status: number, said: string): IamRaError {
  return new IamRaError(
    'REFUSED',
    'exchange',
    `Vault at https://vault.example answered ${status} to the request to read AWS credentials: ${said}`,
    { status, said: said === '' ? [] : [said] },
  )
}

export const IAM_USER = {
  access_key: 'AKIAEXAMPLEEXAMPLE00',
  secret_key: 'canary/secret/access/key/0123456789ABCDE',
  session_token: null,
}

export const ASSUMED_ROLE = {
  access_key: 'ASIAEXAMPLEEXAMPLE00',
  secret_key: 'canary/secret/access/key/0123456789ABCDE',
  session_token: 'canarySessionToken0123456789abcdefABCDEF==',
  security_token: 'canarySessionToken0123456789abcdefABCDEF==',
  arn: 'arn:aws:sts::111122223333:assumed-role/app/pod',
  ttl: 1799,
}

/** @param seconds of the lease; negative for an answer without one */
export function vaultAnswer(
  data: Readonly<Record<string, unknown>>,
  seconds = 300,
  renewable = true,
): VaultAnswer {
  const lease = { id: 'aws/creds/readonly/lease-1', seconds, renewable }
  return {
    requestId: 'abc-1',
    data,
    warnings: [],
    ...(seconds < 0 ? {} : { lease }),
  }
}
