/** A workload that is asked for by name. */
import { nearest } from '../../../text/did-you-mean.ts'
import type { Installation } from '../../aws/installation.ts'
import { failed, listed, type Finding } from '../finding.ts'
import type { Wanted } from '../scope.ts'

/** For a workload that no role has. */
export function workloadFinding(wanted: Wanted, installation: Installation): Finding {
  const name = wanted.workload ?? `service account ${wanted.account ?? ''}`
  const place = [
    ...(wanted.namespace === undefined ? [] : [`of namespace ${wanted.namespace}`]),
    ...(wanted.cluster === undefined ? [] : [`of cluster ${wanted.cluster}`]),
  ].join(' ')
  const elsewhere = installation.roles.flatMap(({ bindings }) =>
    bindings
      .filter(({ workload, account }) => workload === wanted.workload || account === wanted.account)
      .map(({ cluster, namespace }) => `--cluster ${cluster} --k8s-namespace ${namespace}`),
  )
  return failed(
    `no role has a tag for ${name}${place === '' ? '' : ` ${place}`}`,
    elsewhere.length > 0
      ? `it is bound with ${listed(elsewhere)}`
      : `onboard it: iam-ra k8s onboard ${wanted.workload ?? 'WORKLOAD'}, with --cluster, --k8s-namespace and --role; iam-ra role list shows the roles`,
  )
}

/** For a cluster that the trust anchor does not have. */
export function clusterFinding(name: string, { clusters, name: installation }: Installation): Finding {
  const near = nearest(
    name,
    clusters.map((one) => one.name),
  )
  return failed(
    `installation ${installation} has no cluster ${name}`,
    near === undefined ? `set it up: iam-ra k8s setup ${name}` : `did you mean ${near}?`,
  )
}
