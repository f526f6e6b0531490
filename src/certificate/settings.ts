/** The settings for requesting or reading a certificate. */

export const KEY_TYPES = ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072'] as const
export type KeyType = (typeof KEY_TYPES)[number]
export const DEFAULT_KEY_TYPE: KeyType = 'ec-p256'

export interface CertificateSettings {
  readonly pkiMount: string
  readonly pkiRole: string
  readonly commonName: string
  readonly dnsSans: readonly string[]
  readonly uriSans: readonly string[]
  /** Absent: DEFAULT_KEY_TYPE, with one attempt at rsa-2048 if the role requires RSA. */
  readonly keyType?: KeyType
  /** A Vault duration such as `30m`. Absent: the role's own. */
  readonly ttl?: string
}

/** Mounted PEM files that another tool replaces: a cert-manager Secret, a SPIFFE CSI volume. */
export interface MountedCertificateSettings {
  /** The leaf; certificates after it count as candidates for the chain. */
  readonly certificateFile: string
  readonly privateKeyFile: string
  readonly chainFile?: string
}
