/** One step of an inspection: what it sent, what it found, and how it failed. */
import type { IamRaError } from '../errors.ts'
import type { Facts, StepDescription } from '../run/watch.ts'
import type { GivenSetting } from '../settings/settings.ts'

export interface CheckStep extends Pick<StepDescription, 'name' | 'title' | 'how'> {
  readonly state: 'ok' | 'failed' | 'skipped'
  /** What a skipped step lacked. */
  readonly lacks?: string
  /** In the first step only: every setting that was given. */
  readonly given?: readonly GivenSetting[]
  /** What was sent to a server, or which file was read. */
  readonly sent: Facts
  readonly found: Facts
  readonly warnings: readonly string[]
  /** Present if the step failed. */
  readonly error?: IamRaError
}

/** The first failed step, which decides the exit code, as in a run. */
export function failedStep(
  steps: readonly CheckStep[],
): (CheckStep & { readonly error: IamRaError }) | undefined {
  return steps.find((step): step is CheckStep & { readonly error: IamRaError } => step.error !== undefined)
}
