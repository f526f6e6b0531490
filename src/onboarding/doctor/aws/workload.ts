/** A workload that is asked for by name. */
import type { Installation } from '../../aws/installation.ts'
import { failed, listed, type Finding } from '../finding.ts'
import type { Wanted } from '../scope.ts'

/** For a workload that no role has. */
export function workloadFinding(
  wanted: Wanted & { readonly workload: string },
  installation: Installation,
): Finding {
  const place = [
    ...(wanted.namespace === undefined ? [] : [`of namespace ${wanted.namespace}`]),
    ...(wanted.cluster === undefined ? [] : [`of cluster ${wanted.cluster}`]),
  ].join(' ')
  const elsewhere = installation.roles.flatMap(({ bindings }) =>
    bindings
      .filter(({ workload }) => workload === wanted.workload)
      .map(({ cluster, namespace }) => `--cluster ${cluster} --k8s-namespace ${namespace}`),
  )
  return failed(
    `no role has a tag for ${wanted.workload}${place === '' ? '' : ` ${place}`}`,
    elsewhere.length > 0
      ? `it is bound with ${listed(elsewhere)}`
      : `onboard it: iam-ra k8s onboard ${wanted.workload}, with --cluster, --k8s-namespace and --role; iam-ra role list shows the roles`,
  )
}
