/** The values that flow from step to step: settings → identity → certificate → exchange → sink. */
import type { IamRaError, Stage } from './errors.ts'
import type { Bounds } from './retry.ts'

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
  /** When it and all of `chain` are valid: past, or soon. */
  readonly validFromMs: number
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
