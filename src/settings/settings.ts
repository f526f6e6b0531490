/** The settings of each command, checked and frozen. */
import type { EndpointSettings, ListenAddress } from '../endpoint/settings.ts'
import type { SinkOf } from '../sink/sinks.ts'
import type { CredentialsSource } from '../sources/sources.ts'

/** The settings of every command that gets credentials. */
export interface SourceSettings {
  readonly source: CredentialsSource
  /** For one run; a long-lived command makes one after another. */
  readonly deadlineMs: number
}

/** The one-shot. */
export interface Settings extends SourceSettings {
  readonly sink: SinkOf<'shared-files'>
  readonly startSpreadMs: number
}

/** In a serving pod the app reads the token file, in any other the credentials file. */
export interface CheckSettings extends SourceSettings {
  readonly sink: SinkOf
  readonly given: readonly GivenSetting[]
}

export interface RenewSettings extends Settings {
  readonly health?: ListenAddress
}

export interface ServeSettings extends SourceSettings {
  readonly endpoint: EndpointSettings
  readonly startSpreadMs: number
  readonly health?: ListenAddress
}

/** A setting as given, for `check` to show. */
export interface GivenSetting {
  readonly name: string
  readonly origin: 'flag' | 'env' | 'file'
  /** Absent if it may contain a secret. */
  readonly text?: string
}
