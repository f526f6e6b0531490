/** A source of credentials: one file with its steps in order, for a run and for `check`. */
import type { Obtained } from '../credentials.ts'
import type { Look, Watch } from '../run/watch.ts'

export interface Source {
  /** @throws IamRaError of the stage that failed; whatever Vault issued is revoked by then */
  obtain(watch: Watch): Promise<Run>
  /** For each step but the first, in the order of `obtain`: what can still be checked without the previous one. */
  readonly probes: readonly Look[]
  /** How it starts again after a wait that outlived its token or certificate. */
  readonly again: string
}

export interface Run extends Obtained {
  /** Settles once revoking the used Vault token was tried. Runs in parallel with the next steps; await it before you exit. */
  readonly revoked: Promise<void>
}
