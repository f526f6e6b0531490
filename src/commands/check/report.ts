/** What a check found: its steps, in the order in which they were made. */
import type { IamRaError } from '../../errors.ts'
import type { GivenSetting } from '../../settings/settings.ts'

/** `--json` shows them, so that a name never changes its meaning. */
export type StepName =
  | 'settings'
  | 'token_file'
  | 'vault_login'
  | 'certificate'
  | 'mounted_certificate'
  | 'vault_aws'
  | 'vault_token'
  | 'exchange'
  | 'config_file'
  | 'credentials_file'
  | 'authorization_token_file'

/** A Date where it is a moment. Never a token, a key or a credential. */
export type Fact = string | number | boolean | Date | readonly string[]

/** By names such as `common_name`; what there is none of is undefined. */
export type Facts = Readonly<Record<string, Fact | undefined>>

export interface CheckStep {
  readonly name: StepName
  readonly state: 'ok' | 'failed' | 'skipped'
  /** What a skipped step lacked. */
  readonly lacks?: string
  /** Of the first step alone: every setting that was given. */
  readonly given?: readonly GivenSetting[]
  /** What was sent to a server, or which file was read. */
  readonly sent: Facts
  readonly found: Facts
  readonly warnings: readonly string[]
  /** Present where the step failed. */
  readonly error?: IamRaError
}

export interface Report {
  /** Called as each step ends. */
  add(step: CheckStep): void
  /** Called once no more steps follow. */
  end(steps: readonly CheckStep[]): void
}

/** The first one, which decides the exit code as it would have in a run. */
export function failedStep(
  steps: readonly CheckStep[],
): (CheckStep & { readonly error: IamRaError }) | undefined {
  return steps.find((step): step is CheckStep & { readonly error: IamRaError } => step.error !== undefined)
}
