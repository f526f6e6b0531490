/** What decides over a certificate besides itself. */
import type { RequestedNames } from './csr.ts'
import type { Origin } from './hints.ts'
import type { Moment } from './validity.ts'

export interface Circumstances extends Moment {
  readonly origin: Origin
  /** Absent where nobody here asked for any. */
  readonly names?: RequestedNames
  /** Ends the reading and verifying of many. */
  readonly signal: AbortSignal
}
