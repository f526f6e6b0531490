/** Every workload of an installation, with what AWS, its authority and its cluster say of it. Pure. */
import type { Standing } from './authority/authority.ts'
import type { Binding } from './aws/bindings.ts'
import type { Bound, BoundRole, Installation } from './aws/installation.ts'
import type { KubeObject } from './kubernetes/objects.ts'

export interface WorkloadRow {
  readonly cluster: string
  readonly namespace: string
  readonly workload: string
  /** Its service account; empty if only the cluster knows the workload. */
  readonly account: string
  /** By which the operator calls it. */
  readonly role: string
  readonly aws: Standing
  readonly authority: Standing
  readonly objects: Standing
}

/** What the API server of the operator's context has. */
export interface ClusterFacts {
  /** The clusters of this installation that it is; more than one only if it was set up by two names. */
  readonly clusters: readonly string[]
  /** The ConfigMaps of this installation. */
  readonly configMaps: readonly KubeObject[]
  /** Namespaces whose pods get what they need from k8s/injection. */
  readonly injected: readonly string[]
}

const OK: Standing = { state: 'ok' }
const UNKNOWN: Standing = { state: 'unknown' }

export function wrong(why: string): Standing {
  return { state: 'wrong', why }
}

/** @param standingOf what the authority says @param facts undefined if no cluster was looked at */
export function workloadRows(
  installation: Installation,
  standingOf: (binding: Binding) => Standing | undefined,
  facts: ClusterFacts | undefined,
): readonly WorkloadRow[] {
  const bound = installation.roles.flatMap((role) => role.bindings.map((binding) => ({ role, binding })))
  const rows = bound.map(({ role, binding }) => ({
    ...{ cluster: binding.cluster, namespace: binding.namespace, workload: binding.workload },
    ...{ account: binding.account, role: role.role },
    aws: awsStanding(installation, role, binding, bound),
    authority: standingOf(binding) ?? UNKNOWN,
    objects: objectsStanding(installation, role, binding, facts),
  }))
  return [...rows, ...strays(installation, facts)].toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
}

export function isOff({ aws, authority, objects }: WorkloadRow): boolean {
  return [aws, authority, objects].some(({ state }) => state === 'wrong')
}

function awsStanding(
  installation: Installation,
  role: BoundRole,
  binding: Binding,
  bound: readonly Bound[],
): Standing {
  const { anchor, clusters } = installation
  const other = bound.find((one) => one.role !== role && keyOf(one.binding) === keyOf(binding))
  if (other !== undefined) return wrong(`bound to ${other.role.role} too`)
  if (role.lacking.includes(binding)) return wrong('not in the trust policy')
  if (role.altered) return wrong('trust policy changed by hand')
  if (anchor === undefined || !anchor.arn.endsWith(`/${binding.anchor.id}`))
    return wrong('of another trust anchor')
  if (!anchor.enabled) return wrong('trust anchor is disabled')
  const [profile] = role.profiles
  if (profile === undefined) return wrong('role has no profile')
  if (!profile.enabled) return wrong('profile is disabled')
  if (!clusters.some(({ name }) => name === binding.cluster)) return wrong('cluster is not set up')
  return OK
}

function objectsStanding(
  { anchor }: Installation,
  role: BoundRole,
  binding: Binding,
  facts: ClusterFacts | undefined,
): Standing {
  if (facts?.clusters.includes(binding.cluster) !== true) return UNKNOWN
  const found = facts.configMaps.find((one) => keyOf(placeOf(one)) === keyOf(binding))
  if (found === undefined) return facts.injected.includes(binding.namespace) ? OK : wrong('no ConfigMap')
  const data = (found['data'] ?? {}) as Readonly<Record<string, unknown>>
  // Without ARNs, the Vault Secrets Operator delivers them.
  if (data['ROLE_ARN'] === undefined) return OK
  const wanted = { ROLE_ARN: role.arn, TRUST_ANCHOR_ARN: anchor?.arn, PROFILE_ARN: role.profiles[0]?.arn }
  const differing = Object.entries(wanted).filter(([name, arn]) => arn !== undefined && data[name] !== arn)
  return differing.length === 0 ? OK : wrong(`old ${differing.map(([name]) => name).join(', ')}`)
}

/** Workloads that the cluster still has objects of, and no role is bound to. */
function strays({ roles }: Installation, facts: ClusterFacts | undefined): readonly WorkloadRow[] {
  const bound = roles.flatMap(({ bindings }) => bindings.map(keyOf))
  return (facts?.configMaps ?? []).flatMap((object) => {
    const place = placeOf(object)
    if (place.workload === '' || bound.includes(keyOf(place))) return []
    const role = object.metadata.annotations?.['iam-ra/role'] ?? ''
    return [{ ...place, account: '', role, aws: wrong('not bound'), authority: UNKNOWN, objects: OK }]
  })
}

type Place = Pick<Binding, 'cluster' | 'namespace' | 'workload'>

/** The workload that an object is for; an empty name if it is for none. */
function placeOf({ metadata: { labels = {}, namespace = '' } }: KubeObject): Place {
  return { cluster: labels['iam-ra/cluster'] ?? '', namespace, workload: labels['iam-ra/workload'] ?? '' }
}

function keyOf({ cluster, namespace, workload }: Place): string {
  return `${cluster}/${namespace}/${workload}`
}
