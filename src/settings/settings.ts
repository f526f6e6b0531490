/** The settings of each command, checked and frozen. */
import type { Arn } from '../aws/arn.ts'
import type { AwsConnection } from '../aws/connection.ts'
import type { CertificateSettings } from '../certificate/settings.ts'
import type { EndpointSettings, ListenAddress } from '../endpoint/settings.ts'
import type { VaultLogin } from '../identity/settings.ts'
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

/** A network in CIDR notation. */
export interface AddressRange {
  readonly network: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

/** What pods may ask an agent for. */
export interface AgentOffer {
  /** For a question that names none. */
  readonly anchor: Arn
  readonly profile: Arn
  readonly durationSeconds: number
  /** All of them. */
  readonly anchors: readonly Arn[]
  /** Also `profile/*` of an account and region. */
  readonly profiles: readonly Arn[]
}

export interface AgentSettings {
  readonly addresses: readonly [ListenAddress, ...ListenAddress[]]
  /** Whether those of IPv6 may be missing. */
  readonly isIpv6Optional: boolean
  readonly health?: ListenAddress
  readonly metrics?: ListenAddress
  readonly podRanges: readonly AddressRange[]
  readonly cluster: string
  /** What a token must say. */
  readonly token: { readonly audience: string; readonly issuer?: string; readonly node: string }
  readonly offer: AgentOffer
  /** `{namespace}` in the role is replaced by the caller's. */
  readonly vault: VaultLogin
  readonly signing: Pick<CertificateSettings, 'pkiMount' | 'pkiRole' | 'keyType' | 'ttl'>
  /** By the trust anchor's ARN. */
  readonly connections: Readonly<Record<string, AwsConnection>>
  readonly deadlineMs: number
}

/** `wait`: the endpoint, and the file of the token to send. */
export interface WaitSettings {
  readonly endpoint: URL
  readonly tokenFile: string
  readonly deadlineMs: number
}

/** A setting as given, for `check` to show. */
export interface GivenSetting {
  readonly name: string
  readonly origin: 'flag' | 'env' | 'file'
  /** Absent if it may contain a secret. */
  readonly text?: string
}
