/** Applies the steps of a plan in order, then reads again what is there. */
import type { Plan } from './step.ts'

export interface Doing<Step> {
  /** @returns what was done, as a line */
  apply(step: Step): Promise<string>
  /** Reads the current state, and makes a plan for it. */
  again(): Promise<Plan<Step>>
  say(line: string): void
  /** Looked at between two steps: a step that has begun is always completed. */
  readonly signal?: AbortSignal
}

/**
 * @returns a plan of what remains: nothing, if every change is visible
 * @throws the error of the first step that fails; the earlier ones are done, and a further run continues from there
 */
export async function applyInOrder<Step>(
  steps: readonly Step[],
  { apply, again, say, signal }: Doing<Step>,
): Promise<Plan<Step>> {
  for (const step of steps) {
    signal?.throwIfAborted()
    say(await apply(step))
  }
  return await again()
}
