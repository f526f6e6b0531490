/** The cluster of the operator's context: reads it, checks that it is the right one, and gives it its objects. */
import { IamRaError } from '../../errors.ts'
import type { Installation } from '../../onboarding/aws/installation.ts'
import type { Cluster } from '../../onboarding/aws/owned.ts'
import { openKubectl, type Kubectl } from '../../onboarding/kubernetes/kubectl.ts'
import {
  installationOf,
  isOurs,
  nameOf,
  path,
  type KubeObject,
  type ObjectName,
} from '../../onboarding/kubernetes/objects.ts'
import { toYaml } from '../../onboarding/kubernetes/yaml.ts'
import type { ClusterFacts } from '../../onboarding/workloads.ts'
import type { OperatorContext } from '../context.ts'
import { printDocument, printResult, warn } from '../report.ts'

export interface ClusterFlags {
  readonly context?: string
  readonly kubeconfig?: string
}

export interface ObjectFlags extends ClusterFlags {
  readonly apply?: boolean
  readonly json?: boolean
}

/** As k8s/injection selects namespaces. */
const INJECTED = 'iam-ra/injection=enabled'
const MANAGED = 'app.kubernetes.io/managed-by=iam-ra'

export function kubectlOf({ runtime, interrupt }: OperatorContext, flags: ClusterFlags): Kubectl {
  return openKubectl(runtime, { context: flags.context, kubeconfig: flags.kubeconfig, interrupt })
}

/** @throws IamRaError if no cluster can be asked */
export async function readFacts(
  context: OperatorContext,
  flags: ClusterFlags,
  installation: Installation,
): Promise<ClusterFacts> {
  const kubectl = kubectlOf(context, flags)
  const configMaps = await kubectl.list('configmap', `${MANAGED},iam-ra/installation=${installation.name}`)
  const named = configMaps.filter(({ metadata }) => metadata.name === 'iam-ra').map(clusterNameOf)
  const known = installation.clusters.map(({ name }) => name)
  const injected = (await readable(kubectl.list('namespace', INJECTED))) ?? []
  return {
    clusters: known.filter((name) => named.includes(name)),
    ...{ configMaps, injected: injected.map(({ metadata }) => metadata.name) },
  }
}

/** Prints the objects, or applies them if --apply is given. @throws IamRaError */
export async function deliver(
  context: OperatorContext,
  flags: ObjectFlags,
  objects: readonly KubeObject[],
  facts: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { runtime } = context
  if (flags.apply === true) {
    for (const line of await kubectlOf(context, flags).apply(objects)) runtime.stderr(`${line}\n`)
    if (flags.json === true) await printDocument(runtime, facts)
    return
  }
  if (flags.json === true) await printDocument(runtime, { ...facts, objects })
  else await printResult(runtime, toYaml(objects))
}

/**
 * That nobody's objects go to another cluster than the one that the certificates name.
 * @throws IamRaError if the context's cluster has another name
 */
export async function checkCluster(
  context: OperatorContext,
  flags: ClusterFlags,
  { name, namespace }: Pick<Cluster, 'name' | 'namespace'>,
): Promise<void> {
  const kubectl = kubectlOf(context, flags)
  const found = await kubectl.get({ kind: 'configmap', name: 'iam-ra', namespace })
  const current = found === undefined ? undefined : clusterNameOf(found)
  if (current === name) return
  const { name: place } = await kubectl.context()
  if (current === undefined) {
    warn(
      context.runtime,
      `context ${place} has no ConfigMap iam-ra in ${namespace}, so it may not be cluster ${name}`,
    )
    return
  }
  throw new IamRaError(
    'SETTINGS_INVALID',
    'settings',
    `context ${place} is cluster ${current}, not ${name}`,
    {
      hint: 'choose another context with --context, or another cluster with --cluster',
    },
  )
}

/**
 * That objects of another installation are not taken over, neither here nor by the kubectl that reads our output. If no cluster
 * can be asked, nothing is known of it.
 * @throws IamRaError
 */
export async function refuseOthers(
  context: OperatorContext,
  flags: ClusterFlags,
  installation: string,
  names: readonly ObjectName[],
): Promise<void> {
  // A kind that the cluster lacks takes a second to find out, and its objects have the ConfigMap beside them.
  const known = names.filter(({ kind }) => !kind.includes('secrets.hashicorp.com'))
  const found = await readable(kubectlOf(context, flags).getAll(known))
  const other = found?.find((one) => isOurs(one) && installationOf(one) !== installation)
  if (other === undefined) return
  throw new IamRaError(
    'REFUSED',
    'cluster',
    `${path(nameOf(other))} belongs to installation ${installationOf(other) ?? ''}, not ${installation}`,
    { hint: 'choose another name or namespace, or that installation: --installation' },
  )
}

/** Undefined if the cluster cannot be asked. */
export async function readable<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof IamRaError && error.stage === 'cluster') return undefined
    throw error
  }
}

export function clusterNameOf(configMap: KubeObject): string | undefined {
  const data = configMap['data'] as Readonly<Record<string, unknown>> | undefined
  const name = data?.['cluster']
  return typeof name === 'string' ? name : undefined
}

/**
 * Whether the service account exists and is not this installation's: it is left as it is then. Without a cluster to ask, it is printed.
 */
export async function isForeignAccount(
  context: OperatorContext,
  flags: ClusterFlags,
  {
    installation,
    cluster,
    namespace,
    account,
  }: {
    readonly installation: string
    readonly cluster: Cluster
    readonly namespace: string
    readonly account: string
  },
): Promise<boolean> {
  const found = await readable(
    kubectlOf(context, flags).getAll([
      { kind: 'configmap', name: 'iam-ra', namespace: cluster.namespace },
      { kind: 'serviceaccount', name: account, namespace },
    ]),
  )
  const [configMap, existing] = ['ConfigMap', 'ServiceAccount'].map((kind) =>
    found?.find((one) => one.kind === kind),
  )
  const name = configMap === undefined ? undefined : clusterNameOf(configMap)
  if (name !== undefined && name !== cluster.name) return false
  return existing !== undefined && (!isOurs(existing) || installationOf(existing) !== installation)
}
