/** What `k8s onboard` prints for a workload, and what `k8s offboard` deletes. */
import {
  labelsOf,
  type KubeObject,
  type ObjectName,
  type VaultOperator,
  type VaultSource,
} from '../objects.ts'
import { CA_KEY, type Mode } from './credentials-pod.ts'
import { sharedObjects, staticSecret } from './operator-objects.ts'
import { sampleObject, type SampleKind } from './sample.ts'

export interface Arns {
  readonly anchor: string
  readonly profile: string
  readonly role: string
}

export interface Workload {
  readonly installation: string
  readonly cluster: string
  readonly namespace: string
  readonly workload: string
  readonly account: string
  /** Whether the account exists and is somebody else's: it is left as it is then. */
  readonly accountIsForeign: boolean
  /** As the operator calls it. */
  readonly role: string
  readonly arns: Arns
  readonly source: VaultSource
  readonly sample: WorkloadSample | undefined
}

export interface WorkloadSample {
  readonly kind: SampleKind
  readonly mode: Mode
  /** Of iam-ra. Default the one in k8s/base. */
  readonly image: string | undefined
  /** The certificate's lifetime. Default the PKI role's. */
  readonly hours: number | undefined
}

/** Names of objects; ../../names.ts sees to it that they are not too long. */
export const configName = (workload: string): string => `${workload}-iam-ra-config`
export const sampleName = (workload: string): string => `${workload}-sample`

/** In the order in which they can be applied. The namespace must exist. */
export function workloadObjects(workload: Workload): readonly KubeObject[] {
  const { account, accountIsForeign, namespace, source } = workload
  const { operator } = source
  const shared = operator === undefined ? [] : sharedObjects(workload, namespace, source, operator)
  return [
    ...(accountIsForeign || account === 'default' ? [] : [serviceAccount(workload)]),
    ...shared,
    configMap(workload),
    ...(operator === undefined ? [] : [arnsSecret(workload, operator)]),
    ...(workload.sample === undefined ? [] : [sampleOf(workload, workload.sample)]),
  ]
}

export interface WorkloadNames {
  /** Of the workload alone. */
  readonly own: readonly ObjectName[]
  /** Undefined for the account that every namespace has. Other workloads may run as it. */
  readonly account: ObjectName | undefined
}

/** What `workloadObjects` may have printed, in the order in which it can be deleted. */
export function workloadNames(namespace: string, workload: string, account: string): WorkloadNames {
  const named = (kind: string, name: string): ObjectName => ({ kind, name, namespace })
  const ofOperator = (kind: string, name: string): ObjectName => named(`${kind}.secrets.hashicorp.com`, name)
  const sample = sampleName(workload)
  return {
    own: [
      named('pod', sample),
      named('deployment.apps', sample),
      named('job.batch', sample),
      // Its Secret goes with it: the operator makes itself the owner.
      ofOperator('vaultstaticsecret', configName(workload)),
      named('configmap', configName(workload)),
    ],
    account: account === 'default' ? undefined : named('serviceaccount', account),
  }
}

/** Other workloads may run as it, so it does not carry this one's name. */
function serviceAccount({ installation, cluster, namespace, account }: Workload): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: account, namespace, labels: labelsOf({ installation, cluster }) },
    automountServiceAccountToken: false,
  }
}

/** Also if it is empty: `k8s list` knows workloads by it. */
function configMap(workload: Workload): KubeObject {
  const { arns, source } = workload
  const { operator } = source
  const data = {
    ...(operator === undefined
      ? { TRUST_ANCHOR_ARN: arns.anchor, PROFILE_ARN: arns.profile, ROLE_ARN: arns.role }
      : {}),
    ...(source.ca === undefined ? {} : { [CA_KEY]: source.ca }),
  }
  const metadata = metadataOf(workload, configName(workload.workload))
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
}

function arnsSecret(workload: Workload, operator: VaultOperator): KubeObject {
  const name = configName(workload.workload)
  const deployment = workload.sample?.kind === 'deployment' ? sampleName(workload.workload) : undefined
  return staticSecret(
    {
      metadata: metadataOf(workload, name),
      secret: name,
      deployment,
    },
    operator,
  )
}

function sampleOf(workload: Workload, sample: WorkloadSample): KubeObject {
  const configMap = configName(workload.workload)
  const kind = workload.source.operator === undefined ? 'configMapKeyRef' : 'secretKeyRef'
  return sampleObject({
    ...sample,
    metadata: metadataOf(workload, sampleName(workload.workload)),
    account: workload.account,
    region: workload.arns.anchor.split(':')[3] ?? '',
    cluster: workload.cluster,
    source: workload.source,
    arns: { kind, name: configMap },
    configMap,
  })
}

function metadataOf(workload: Workload, name: string): KubeObject['metadata'] {
  return {
    name,
    namespace: workload.namespace,
    labels: labelsOf(workload),
    annotations: { 'iam-ra/role': workload.role },
  }
}
