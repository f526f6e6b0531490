/** The values that flow from step to step: settings → identity → certificate → exchange → sink. */
import type { Stage } from './errors.ts'

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

export interface SinkSettings {
  readonly credentialsFile: string
  readonly profile: string
  /** Permission bits of the credentials file, and of a config file that was not there. */
  readonly fileMode: number
  /** Present where the region is to be written too. */
  readonly regionFile?: { readonly path: string; readonly region: string }
}

export interface Settings {
  readonly vault: VaultSettings
  readonly certificate: CertificateSettings
  readonly exchange: ExchangeSettings
  readonly sink: SinkSettings
  readonly deadlineMs: number
  readonly startSpreadMs: number
}

/** How to speak to the user; known before the settings are, so that their errors are said the right way. */
export interface Reporting {
  readonly format: 'text' | 'json'
  readonly verbosity: 'quiet' | 'normal' | 'verbose'
  readonly terminationLog: string
}

/** What Vault answered to a write. */
export interface VaultAnswer {
  /** Vault's own id of the request, as its audit log has it; empty where the answer names none. */
  readonly requestId: string
  readonly data: Readonly<Record<string, unknown>>
  readonly warnings: readonly string[]
  /** The server's Date header as epoch milliseconds. */
  readonly serverDateMs?: number
}

/** A Vault token and the way to use it; the token itself stays inside. */
export interface VaultSession {
  /** Whether its time is over, whatever the node's clock was set to meanwhile; never true for a token without an end. */
  hasEnded(): boolean
  /** Names of the token's policies, to explain a refusal. */
  readonly policies: readonly string[]
  /** One POST to a path below /v1, without a retry. @throws IamRaError of the write's stage */
  write(request: VaultWrite): Promise<VaultAnswer>
  /** Revokes the token. Never rejects: a failure is a warning. Further calls return the first one's promise. */
  end(): Promise<void>
}

export interface VaultWrite {
  readonly stage: Stage
  /** What the write is for, as errors say it: `sign a certificate`. */
  readonly purpose: string
  /** Below /v1, segments encoded. */
  readonly path: string
  readonly data: Readonly<Record<string, unknown>>
  readonly timeoutMs: number
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
  readonly sessionToken: string
  readonly expiresAtMs: number
  /** As AWS assumed it, with the session: `arn:aws:sts::…:assumed-role/role/session`. */
  readonly assumedRoleArn: string
  readonly roleArn: string
  readonly sessionName: string
}
