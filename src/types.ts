/** The values that flow from step to step: settings → identity → certificate → exchange → sink. */
import type { IamRaError, Stage } from './errors.ts'
import type { Bounds } from './retry.ts'

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

/** What Vault answered to a read or a write. */
export interface VaultAnswer {
  /** Vault's own id of the request, as its audit log has it; empty where the answer names none. */
  readonly requestId: string
  readonly data: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
  /** The server's Date header as epoch milliseconds. */
  readonly serverDateMs?: number
  /** Present where Vault leased what it gave. */
  readonly lease?: { readonly id: string; readonly seconds: number; readonly renewable: boolean }
}

/** A Vault token and the way to use it; the token itself stays inside. */
export interface VaultSession {
  /** Whether its time is over, whatever the node's clock was set to meanwhile; never true for a token without an end. */
  hasEnded(): boolean
  /** Milliseconds of its life that are left; infinite for a token without an end. */
  remainingMs(): number
  /** Whether Vault keeps no record of the token (a batch token), so that nobody can renew or revoke it. */
  readonly isBatch: boolean
  /** Names of the token's policies, to explain a refusal. */
  readonly policies: readonly string[]
  /** One GET of a path below /v1, without a retry. @throws IamRaError of the read's stage */
  read(request: VaultRead): Promise<VaultAnswer>
  /** One POST to a path below /v1, without a retry. @throws IamRaError of the write's stage */
  write(request: VaultWrite): Promise<VaultAnswer>
  /**
   * Lengthens the token's life, as far as Vault goes on giving time; without a request where it has no end or cannot be
   * renewed. @throws IamRaError of the call's stage
   */
  renew(call: VaultCall): Promise<void>
  /** Revokes the token. Never rejects: a failure is a warning. Further calls return the first one's promise. */
  end(): Promise<void>
}

export interface VaultCall {
  readonly stage: Stage
  /** What the call is for, as errors say it: `sign a certificate`. */
  readonly purpose: string
  readonly timeoutMs: number
  /** Absent: that of the run that logged in, which a lease outlives. */
  readonly signal?: AbortSignal
}

export interface VaultRead extends VaultCall {
  /** Below /v1, segments encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
}

export interface VaultWrite extends VaultCall {
  /** Below /v1, segments encoded. */
  readonly path: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A certificate that passed every check, with a key that cannot be exported. */
export interface IssuedCertificate {
  /** DER. */
  readonly leaf: Uint8Array
  /** DER, leaf side first, without leaf and root, five at most. */
  readonly chain: readonly Uint8Array[]
  readonly keyAlgorithm: 'ecdsa' | 'rsa'
  /** Upper-case hex without separators, as CloudTrail prints it. */
  readonly serialHex: string
  readonly subject: string
  readonly issuer: string
  /** The subjects of `chain`, in its order. */
  readonly chainSubjects: readonly string[]
  readonly notAfterMs: number
  /** Vault's id of the request that signed it, where Vault did. */
  readonly requestId: string
  /** SHA-256 with the key: DER (r, s) for ECDSA, PKCS #1 v1.5 for RSA. */
  sign(data: Uint8Array): Promise<Uint8Array>
}

export interface SessionCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Absent for the keys of an IAM user, which Vault's AWS engine can make. */
  readonly sessionToken?: string
  /** When they end: by AWS's word, or with the lease that owns them. */
  readonly expiresAtMs: number
  /** Who they are to AWS, such as `arn:aws:sts::…:assumed-role/role/session`; absent where nobody said. */
  readonly arn?: string
  /** The IAM role, where they are a role's. */
  readonly roleArn?: string
  readonly sessionName?: string
}

/** Vault's hold on keys that its AWS engine made: they end with it, and it with the Vault token. */
export interface Lease {
  /**
   * Lengthens the token's life and the lease's.
   * @returns the same keys with their new end; undefined where Vault gives no more time that is worth it
   * @throws IamRaError
   */
  renew(bounds: Bounds): Promise<SessionCredentials | undefined>
  /** Revokes the token and so the lease. Never rejects: a failure is a warning. Further calls return the first one's promise. */
  end(): Promise<void>
}

/** What a run brings. */
export interface Obtained {
  readonly credentials: SessionCredentials
  /** What logs name it by; absent where Vault's AWS engine made the credentials. */
  readonly certificate?: Pick<IssuedCertificate, 'serialHex' | 'requestId'>
  /** Present where Vault leased the keys. */
  readonly lease?: Lease
}

/** How the renewals of a long-lived command stand. */
export interface RefreshStatus {
  /** Those in use, also where they have ended since; absent before the first run succeeded. */
  readonly credentials?: SessionCredentials
  /** Epoch milliseconds. */
  readonly obtainedAtMs?: number
  /** Epoch milliseconds. */
  readonly nextRunAtMs?: number
  readonly succeeded: number
  readonly failed: number
  /** Why the latest run failed; absent once one succeeds. */
  readonly failure?: IamRaError
}
