/** What `k8s setup` prints for a cluster, and what `k8s teardown` deletes. */
import { labelsOf, type KubeObject, type ObjectName, type VaultSource } from '../objects.ts'

export interface Cluster {
  readonly installation: string
  readonly cluster: string
  /** Of the cluster's own objects. */
  readonly namespace: string
  /** What its workloads have in common. */
  readonly source: Omit<VaultSource, 'authRole'>
  /** Whether Vault asks the cluster about tokens as an account of the cluster. */
  readonly reviewer: boolean
}

const SETTINGS = 'iam-ra'
/** The service account whose token Vault asks the API server with. */
export const REVIEWER = 'vault-reviewer'

/** In the order in which they can be applied. */
export function clusterObjects(cluster: Cluster): readonly KubeObject[] {
  const { namespace, reviewer } = cluster
  return [
    ...(isGiven(namespace) ? [] : [namespaceObject(namespace)]),
    settingsObject(cluster),
    ...(reviewer ? reviewerObjects(cluster) : []),
  ]
}

/** As k8s/vault has them. */
function reviewerObjects({
  installation,
  cluster,
  namespace,
}: Pick<Cluster, 'installation' | 'cluster' | 'namespace'>): readonly KubeObject[] {
  const labels = labelsOf({ installation, cluster })
  return [
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: REVIEWER, namespace, labels },
      automountServiceAccountToken: false,
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: bindingName({ installation, cluster }), labels },
      roleRef: {
        apiGroup: 'rbac.authorization.k8s.io',
        kind: 'ClusterRole',
        name: 'system:auth-delegator',
      },
      subjects: [{ kind: 'ServiceAccount', name: REVIEWER, namespace }],
    },
  ]
}

/** What `clusterObjects` may have printed, in the order in which it can be deleted; never the namespace. */
export function clusterNames({
  installation,
  cluster,
  namespace,
}: Pick<Cluster, 'installation' | 'cluster' | 'namespace'>): ObjectName[] {
  return [
    { kind: 'clusterrolebinding.rbac.authorization.k8s.io', name: bindingName({ installation, cluster }) },
    { kind: 'serviceaccount', name: REVIEWER, namespace },
    { kind: 'configmap', name: SETTINGS, namespace },
  ]
}

/** Of no namespace, so two installations in one cluster must not have the same. */
function bindingName({ installation, cluster }: Pick<Cluster, 'installation' | 'cluster'>): string {
  return `iam-ra-${installation === 'default' ? '' : `${installation}-`}${cluster}-${REVIEWER}`
}

/** The cluster has these itself. */
function isGiven(namespace: string): boolean {
  return namespace === 'default' || namespace.startsWith('kube-')
}

/** Without our label: it may have existed before, and others may use it, so it is never deleted. */
function namespaceObject(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
}

/** `doctor` reads it, and it fits under `resources` beside k8s/base. */
function settingsObject({ installation, cluster, namespace, source }: Cluster): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: SETTINGS, namespace, labels: labelsOf({ installation, cluster }) },
    data: {
      cluster,
      installation,
      'vault-address': source.address,
      'vault-audience': source.audience,
      'vault-auth-mount': source.authMount,
      'vault-pki-mount': source.pkiMount,
      'vault-pki-role': source.pkiRole,
      ...(source.ca === undefined ? {} : { 'vault-ca.crt': source.ca }),
      home: '/home/app',
    },
  }
}
