/** The state of the renewals, for the health endpoint and the last message of a long-lived command. */
import type { SessionCredentials } from '../credentials.ts'
import type { IamRaError } from '../errors.ts'
import type { State } from './state.ts'

/** The state of a long-lived command's renewals. */
export interface RefreshStatus {
  /** The credentials in use, even if they have expired since; absent before the first successful run. */
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
