/** What a certificate is judged by besides its content. */
import type { RequestedNames } from './csr.ts'
import type { Origin } from './hints.ts'
import type { Moment } from './validity.ts'

export interface Circumstances extends Moment {
  readonly origin: Origin
  /** Absent if none were requested. */
  readonly names?: RequestedNames
  /** Stops reading and verifying a long list. */
  readonly signal: AbortSignal
}
