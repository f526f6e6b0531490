/** What a plan is made of: data alone, so that it can be shown, compared and then done. */
import type { Difference } from './difference.ts'

/** A step as people read it, whatever it is done to. */
export interface Shown {
  readonly verb: 'create' | 'change' | 'delete'
  /** What is created, changed or deleted. */
  readonly what: string
  readonly differences?: readonly Difference[]
}

/** @typeParam Step what a room can show and do, such as a write to Vault */
export interface Plan<Step> {
  /** In the order in which they can be done. */
  readonly steps: readonly Step[]
  /** What is worth knowing, and what is left to do by others. */
  readonly notes: readonly string[]
  /** With one of these nothing is written. */
  readonly problems: readonly string[]
}
