/** What each command goes by: settings as they were checked, and frozen. */
import type { EndpointSettings, HealthSettings } from '../endpoint/settings.ts'
import type { SinkOf } from '../sink/sinks.ts'
import type { CredentialsSource } from '../sources/sources.ts'

/** What every command that gets credentials goes by. */
export interface SourceSettings {
  readonly source: CredentialsSource
  /** Over one run; a long-lived command makes one after another. */
  readonly deadlineMs: number
}

/** The one-shot. */
export interface Settings extends SourceSettings {
  readonly sink: SinkOf<'shared-files'>
  readonly startSpreadMs: number
}

/** What an app in a serving pod reads is the token's file, in any other the credentials file. */
export interface CheckSettings extends SourceSettings {
  readonly sink: SinkOf
  readonly given: readonly GivenSetting[]
}

export interface RenewSettings extends Settings {
  readonly health?: HealthSettings
}

export interface ServeSettings extends SourceSettings {
  readonly endpoint: EndpointSettings
  readonly startSpreadMs: number
  readonly health?: HealthSettings
}

/** A setting as it was given, for `check` to show. */
export interface GivenSetting {
  readonly name: string
  readonly origin: 'flag' | 'env' | 'file'
  /** Absent where it may hold a secret. */
  readonly text?: string
}
