/** The steps of a plan one after the other, and a second look at what is there then. */
import type { Plan } from './step.ts'

export interface Doing<Step> {
  /** @returns what was done, as a line */
  apply(step: Step): Promise<string>
  /** Reads what is there now, and plans for it. */
  again(): Promise<Plan<Step>>
  say(line: string): void
  /** Between two steps; a step that has begun is never left halfway. */
  readonly signal?: AbortSignal
}

/**
 * @returns what is left, which is nothing if everything that was written shows
 * @throws what the first step that fails throws; those before it are done, and a further run goes on from there
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
