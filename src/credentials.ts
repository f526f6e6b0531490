/** What a run brings: the certificate, the session credentials, and Vault's hold on them. */
import type { Bounds } from './run/deadline.ts'

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
  /** Vault's id of the request that signed it; empty if Vault did not sign it. */
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
  /** Their identity at AWS, such as `arn:aws:sts::…:assumed-role/role/session`; absent if unknown. */
  readonly arn?: string
  /** The IAM role, if they belong to one. */
  readonly roleArn?: string
  readonly sessionName?: string
}

/** Vault's hold on keys that its AWS engine made: they end with it, and it with the Vault token. */
export interface Lease {
  /**
   * Lengthens the token's life and the lease's.
   * @returns the same keys with their new expiry; undefined if Vault does not extend the lease enough
   * @throws IamRaError
   */
  renew(bounds: Bounds): Promise<SessionCredentials | undefined>
  /** Revokes the token and so the lease. Never rejects: a failure is a warning. Further calls return the first one's promise. */
  end(): Promise<void>
}

/** What a run brings. */
export interface Obtained {
  readonly credentials: SessionCredentials
  /** What identifies it in logs; absent if the credentials come from Vault's AWS engine. */
  readonly certificate?: Pick<IssuedCertificate, 'serialHex' | 'requestId'>
  /** Present if Vault leased the keys. */
  readonly lease?: Lease
}
