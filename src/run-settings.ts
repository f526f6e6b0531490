/** What a run goes by: settings as they were checked, and frozen. */

export const KEY_TYPES = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072'] as const
export type KeyType = (typeof KEY_TYPES)[number]

/** An Amazon Resource Name, taken apart: `arn:partition:service:region:account:resource`. */
export interface Arn {
  readonly text: string
  readonly partition: string
  readonly service: string
  /** Empty for IAM. */
  readonly region: string
  readonly account: string
  readonly resource: string
}

export interface VaultSettings {
  /** http or https, with no path, query or credentials. */
  readonly addr: URL
  readonly namespace?: string
  /** Path of a PEM file; it replaces the built-in roots, as for Vault's own clients. */
  readonly caFile?: string
  readonly tlsServerName?: string
  readonly proxy?: URL
  readonly role: string
  readonly authMethod: 'kubernetes' | 'jwt'
  /** Without `auth/` and without slashes at the ends. */
  readonly authMount: string
  readonly tokenFile: string
}

export interface CertificateSettings {
  readonly pkiMount: string
  readonly pkiRole: string
  readonly commonName: string
  readonly dnsSans: readonly string[]
  readonly uriSans: readonly string[]
  /** Absent: ec-p256, with one attempt at rsa-2048 where the role wants RSA. */
  readonly keyType?: KeyType
  /** A Vault duration such as `30m`. Absent: the role's own. */
  readonly ttl?: string
}

/** PEM files that others mount and replace: a Secret of cert-manager, a SPIFFE CSI volume. */
export interface MountedCertificateSettings {
  /** The leaf; certificates after it count for the chain. */
  readonly certificateFile: string
  readonly privateKeyFile: string
  readonly chainFile?: string
}

export interface ExchangeSettings {
  readonly roleArn: Arn
  readonly anchorArn: Arn
  readonly profileArn: Arn
  /** The trust anchor's region: where CreateSession goes and what its signature is scoped to. */
  readonly region: string
  /** Scheme, host and port of Roles Anywhere; the path is always /sessions. */
  readonly endpoint: URL
  /** Path of a PEM file, added to the built-in roots. */
  readonly caFile?: string
  /** The proxy for this endpoint, NO_PROXY already applied. */
  readonly proxy?: URL
  /** 900–43200. Absent: the profile's own. */
  readonly durationSeconds?: number
  /** Absent: AWS takes the certificate's serial. */
  readonly sessionName?: string
}

/** Credentials from Vault's AWS secrets engine, in place of a certificate and Roles Anywhere. */
export interface VaultAwsSettings {
  /** Below /v1 and not encoded: the mount, `creds` or `sts`, and the role, such as `aws/creds/readonly`. */
  readonly path: string
  /** For a role of the engine that lists several. */
  readonly roleArn?: Arn
  readonly durationSeconds?: number
  readonly sessionName?: string
  readonly sts: StsSettings
}

/** Where GetCallerIdentity says whether new keys are known yet. */
export interface StsSettings {
  readonly region: string
  /** Scheme, host and port. */
  readonly endpoint: URL
  /** Path of a PEM file, added to the built-in roots. */
  readonly caFile?: string
  /** The proxy for this endpoint, NO_PROXY already applied. */
  readonly proxy?: URL
}

/** Where the credentials come from. */
export type CredentialsSource =
  | {
      readonly kind: 'vault-pki'
      readonly vault: VaultSettings
      readonly certificate: CertificateSettings
      readonly exchange: ExchangeSettings
    }
  | {
      readonly kind: 'mounted-certificate'
      readonly certificate: MountedCertificateSettings
      readonly exchange: ExchangeSettings
    }
  | { readonly kind: 'vault-aws'; readonly vault: VaultSettings; readonly aws: VaultAwsSettings }

export interface SinkSettings {
  readonly credentialsFile: string
  readonly profile: string
  /** Permission bits of the credentials file, and of a config file that was not there. */
  readonly fileMode: number
  /** Present where the region is to be written too. */
  readonly regionFile?: { readonly path: string; readonly region: string }
}

/** What apps on this machine ask for credentials: a container-credentials endpoint and an instance metadata service. */
export interface EndpointSettings {
  readonly port: number
  /** Where the container endpoint's authorization token is written for the app. */
  readonly tokenFile: string
  /** Permission bits of that file. */
  readonly tokenFileMode: number
  /** Whether IMDSv1 requests, which carry no token, are answered too. */
  readonly imdsV1: boolean
}

/** Where liveness, readiness and metrics are asked for. */
export interface HealthSettings {
  /** An IP address. */
  readonly host: string
  readonly port: number
}

/** What every command that gets credentials goes by. */
export interface SourceSettings {
  readonly source: CredentialsSource
  /** Over one run; a long-lived command makes one after another. */
  readonly deadlineMs: number
}

/** The one-shot. */
export interface Settings extends SourceSettings {
  readonly sink: SinkSettings
  readonly startSpreadMs: number
}

/** What an app in a serving pod reads is the token's file, in any other the credentials file. */
export interface CheckSettings extends SourceSettings {
  readonly file:
    | { readonly kind: 'credentials'; readonly sink: SinkSettings }
    | { readonly kind: 'token'; readonly endpoint: EndpointSettings }
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

/** How to speak to the user; known before the settings are, so that their errors are said the right way. */
export interface Reporting {
  readonly format: 'text' | 'json'
  readonly verbosity: 'quiet' | 'normal' | 'verbose'
  readonly terminationLog: string
}
