/** The parts of a plan: what is shown, and how it is done. */
import type { Difference } from './difference.ts'

/** A step of any kind, for display. */
export interface Shown {
  readonly verb: 'create' | 'change' | 'delete'
  /** What is created, changed or deleted. */
  readonly what: string
  readonly differences?: readonly Difference[]
}

/** Applying it twice has the same result as applying it once. */
export interface Step {
  readonly shown: Shown
  /** @param onWait told what is waited for, each time that changes @returns what was done, as a line @throws IamRaError */
  readonly apply: (onWait?: (what: string) => void) => Promise<string>
}

/** @typeParam S what a room can show and apply; Vault's steps are only data, so that they can be compared */
export interface Plan<S = Step> {
  /** In the order in which they can be applied. */
  readonly steps: readonly S[]
  /** What is worth knowing, and what remains to be done elsewhere. */
  readonly notes: readonly string[]
  /** If there is any, nothing is written. */
  readonly problems: readonly string[]
}

/** One after the other: with any problem in one, nothing of the others is written either. */
export function joined(...plans: readonly Plan[]): Plan {
  return {
    steps: plans.flatMap(({ steps }) => steps),
    notes: [...new Set(plans.flatMap(({ notes }) => notes))],
    problems: [...new Set(plans.flatMap(({ problems }) => problems))],
  }
}
