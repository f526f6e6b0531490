/** Objects of a cluster, and what tells that they are this program's. */

export interface KubeObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [member: string]: unknown
}

export interface ObjectName {
  /** As kubectl takes it, such as `configmap` or `certificate.cert-manager.io`. */
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

/** How a pod gets its certificate. */
export type PodSource = VaultSource

export interface VaultSource {
  readonly kind: 'vault'
  /** As pods reach it. */
  readonly address: string
  /** PEM of the CA of its server certificate; undefined if that is of a public CA. */
  readonly ca: string | undefined
  readonly authMount: string
  /** Of the auth mount: the namespace's. */
  readonly authRole: string
  readonly audience: string
  readonly pkiMount: string
  readonly pkiRole: string
  /** If the ARNs come from Vault. */
  readonly operator?: VaultOperator | undefined
}

/** How the Vault Secrets Operator gets at a workload's ARNs. */
export interface VaultOperator {
  /** Of kv version 2. */
  readonly mount: string
  /** Of the entry, below the mount. */
  readonly path: string
  /** Of the auth mount. */
  readonly role: string
  /** The service account of the namespace that it logs in with. */
  readonly account: string
  readonly audience: string
}
