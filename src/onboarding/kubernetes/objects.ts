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
  /** Of Vault Enterprise or HCP Vault. */
  readonly vaultNamespace?: string | undefined
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

/** What objects are labelled with. */
export interface Owner {
  readonly installation: string
  readonly cluster: string
  /** Absent on objects that the workloads of a namespace share. */
  readonly workload?: string
}

const MANAGED_BY = 'app.kubernetes.io/managed-by'
const MANAGER = 'iam-ra'
const INSTALLATION = 'iam-ra/installation'

/** @returns a selector for `Kubectl.list` and for labels */
export function labelsOf({ installation, cluster, workload }: Owner): Readonly<Record<string, string>> {
  return {
    [MANAGED_BY]: MANAGER,
    [INSTALLATION]: installation,
    'iam-ra/cluster': cluster,
    ...(workload === undefined ? {} : { 'iam-ra/workload': workload }),
  }
}

/** Only such objects are changed or deleted. */
export function isOurs({ metadata }: KubeObject): boolean {
  return metadata.labels?.[MANAGED_BY] === MANAGER
}

/** Undefined if it is nobody's, or of no installation. */
export function installationOf({ metadata }: KubeObject): string | undefined {
  return metadata.labels?.[INSTALLATION]
}

export function nameOf({ apiVersion, kind, metadata }: KubeObject): ObjectName {
  const [group = '', version] = apiVersion.split('/')
  const { name, namespace } = metadata
  return {
    kind: version === undefined ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`,
    name,
    ...(namespace === undefined ? {} : { namespace }),
  }
}

/** As kubectl takes it and prints it. */
export function path({ kind, name }: ObjectName): string {
  return `${kind}/${name}`
}
