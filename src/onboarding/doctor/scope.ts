/** Which workloads a run of doctor is about. */
import type { Binding } from '../aws/bindings.ts'
import type { Bound, BoundRole, Installation } from '../aws/installation.ts'
import type { Cluster } from '../aws/owned.ts'
import { listed } from './finding.ts'

export interface Wanted {
  readonly cluster?: string | undefined
  readonly namespace?: string | undefined
  readonly workload?: string | undefined
  /** The service account, if only that is known. */
  readonly account?: string | undefined
}

export function isOne({ workload, account }: Wanted): boolean {
  return workload !== undefined || account !== undefined
}

export interface Scope {
  /** Of all clusters that are wanted. */
  readonly bound: readonly Bound[]
  /** All of them, unless workloads are named. */
  readonly roles: readonly BoundRole[]
  /** The one to look at, or why there is none. */
  readonly cluster: Cluster | { readonly without: string }
}

export function scopeOf({ roles, clusters, anchor }: Installation, wanted: Wanted): Scope {
  const isWanted = (one: Binding): boolean =>
    fits(wanted.cluster, one.cluster) &&
    fits(wanted.namespace, one.namespace) &&
    fits(wanted.workload, one.workload) &&
    fits(wanted.account, one.account)
  const bound = roles.flatMap((role) => role.bindings.filter(isWanted).map((binding) => ({ role, binding })))
  return {
    bound,
    roles: isOne(wanted) ? roles.filter((one) => bound.some(({ role }) => role === one)) : roles,
    cluster:
      anchor === undefined ? { without: 'the trust anchor comes first' } : clusterOf(clusters, bound, wanted),
  }
}

function fits(wanted: string | undefined, found: string): boolean {
  return wanted === undefined || wanted === found
}

function clusterOf(clusters: readonly Cluster[], bound: readonly Bound[], wanted: Wanted): Scope['cluster'] {
  const names = clusters.map(({ name }) => name)
  if (wanted.cluster !== undefined) {
    return (
      clusters.find(({ name }) => name === wanted.cluster) ?? {
        without: `the trust anchor has no cluster ${wanted.cluster}`,
      }
    )
  }
  const ofWorkload = new Set(bound.map(({ binding }) => binding.cluster))
  const only =
    clusters.length === 1
      ? clusters[0]
      : isOne(wanted) && ofWorkload.size === 1
        ? clusters.find(({ name }) => ofWorkload.has(name))
        : undefined
  if (only !== undefined) return only
  return {
    without:
      clusters.length === 0
        ? 'the trust anchor has no cluster yet'
        : `--cluster says which to look at: ${listed(names)}`,
  }
}
