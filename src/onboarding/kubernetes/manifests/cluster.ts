/** What `k8s setup` prints for a cluster, and what `k8s teardown` deletes. */
import { REVIEWER } from '../../authority/vault/names.ts'
import { labelsOf, type KubeObject, type ObjectName, type Owner, type VaultSource } from '../objects.ts'

export interface Cluster {
  readonly installation: string
  readonly cluster: string
  /** Of the cluster's own objects. */
  readonly namespace: string
  /** What its workloads have in common. */
  readonly source: Omit<VaultSource, 'kind' | 'authRole'>
  /** The authority's. */
  readonly objects: readonly KubeObject[]
}

const SETTINGS = 'iam-ra'

/** In the order in which they can be applied. */
export function clusterObjects(cluster: Cluster): readonly KubeObject[] {
  const { namespace, objects } = cluster
  const labels = labelsOf(ownerOf(cluster))
  return [
    ...(isGiven(namespace) ? [] : [namespaceObject(namespace)]),
    settingsObject(cluster),
    ...objects.map((object) => ({ ...object, metadata: { ...object.metadata, labels } })),
  ]
}

/** What `clusterObjects` may have printed, in the order in which it can be deleted; never the namespace. */
export function clusterNames({
  cluster,
  namespace,
}: Pick<Cluster, 'cluster' | 'namespace'>): readonly ObjectName[] {
  return [
    { kind: 'clusterrolebinding.rbac.authorization.k8s.io', name: `iam-ra-${cluster}-${REVIEWER}` },
    { kind: 'serviceaccount', name: REVIEWER, namespace },
    { kind: 'configmap', name: SETTINGS, namespace },
  ]
}

function ownerOf({ installation, cluster }: Cluster): Owner {
  return { installation, cluster }
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
function settingsObject(of: Cluster): KubeObject {
  const { installation, cluster, namespace, source } = of
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: SETTINGS, namespace, labels: labelsOf(ownerOf(of)) },
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
