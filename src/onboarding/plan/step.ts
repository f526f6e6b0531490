/** The parts of a plan: only data, so that it can be shown, compared and then applied. */
import type { Difference } from './difference.ts'

/** A step of any kind, for display. */
export interface Shown {
  readonly verb: 'create' | 'change' | 'delete'
  /** What is created, changed or deleted. */
  readonly what: string
  readonly differences?: readonly Difference[]
}

/** @typeParam Step what a room can show and apply, such as a write to Vault */
export interface Plan<Step> {
  /** In the order in which they can be applied. */
  readonly steps: readonly Step[]
  /** What is worth knowing, and what remains to be done elsewhere. */
  readonly notes: readonly string[]
  /** If there is any, nothing is written. */
  readonly problems: readonly string[]
}
