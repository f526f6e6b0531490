/** How the renewals stand, for the health endpoint and the last word of a long-lived command. */
import type { SessionCredentials } from '../credentials.ts'
import type { IamRaError } from '../errors.ts'
import type { State } from './state.ts'

/** How the renewals of a long-lived command stand. */
export interface RefreshStatus {
  /** Those in use, also where they have ended since; absent before the first run succeeded. */
  readonly credentials?: SessionCredentials
  /** Epoch milliseconds. */
  readonly obtainedAtMs?: number
  /** Epoch milliseconds. */
  readonly nextRunAtMs?: number
  readonly succeeded: number
  readonly failed: number
  /** Why the latest run failed; absent once one succeeds. */
  readonly failure?: IamRaError
}

export function statusOf({ succeeded, failed, inUse, due, failure }: State): RefreshStatus {
  return {
    succeeded,
    failed,
    ...(inUse && { credentials: inUse.obtained.credentials, obtainedAtMs: inUse.obtainedAtMs }),
    ...(due && { nextRunAtMs: due.epochMs }),
    ...(failure && { failure }),
  }
}
