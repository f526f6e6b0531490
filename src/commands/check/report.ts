/** Where a check reports its steps, in the order they were taken. */
import type { CheckStep } from '../../inspection/step.ts'

export interface Report {
  /** Called as each step ends. */
  add(step: CheckStep): void
  /** Called once no more steps follow. */
  end(steps: readonly CheckStep[]): void
}
