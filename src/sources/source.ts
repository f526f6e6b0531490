/** What a source of credentials is: one file that has its steps in their order, for a run as for `check`. */
import type { Obtained } from '../credentials.ts'
import type { Look, Watch } from '../run/watch.ts'

export interface Source {
  /** @throws IamRaError of the stage that failed; nothing that Vault gave lives on then */
  obtain(watch: Watch): Promise<Run>
  /** For each step but the first, in the order of `obtain`: what can still be looked at without the one before it. */
  readonly probes: readonly Look[]
  /** How it begins again after a wait that outlived what it had. */
  readonly again: string
}

export interface Run extends Obtained {
  /** Settled once the end of a Vault token that has no more use was tried: runs beside what follows, and is to be awaited. */
  readonly revoked: Promise<void>
}
