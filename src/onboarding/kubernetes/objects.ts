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
}
