/** Which cluster, role, namespace and account a command means; each name is checked before anything is asked or read. */
import { IamRaError } from '../../errors.ts'
import type { Bound, BoundRole, Installation } from '../../onboarding/aws/installation.ts'
import type { Binding } from '../../onboarding/aws/bindings.ts'
import type { Cluster } from '../../onboarding/aws/owned.ts'
import {
  accountFault,
  clusterFault,
  commonNameFault,
  namespaceFault,
  workloadFault,
  type Identity,
  type NameFault,
} from '../../onboarding/names.ts'
import { nearest } from '../../text/did-you-mean.ts'

export interface Names {
  readonly cluster?: string | undefined
  readonly namespace?: string | undefined
  readonly workload?: string | undefined
  readonly account?: string | undefined
}

const CHECKS: Readonly<
  Record<keyof Names, readonly [what: string, check: (text: string) => NameFault | undefined]>
> = {
  cluster: ['the cluster', clusterFault],
  namespace: ['the namespace', namespaceFault],
  workload: ['the workload', workloadFault],
  account: ['the service account', accountFault],
}

/** @throws IamRaError with a line for each that is no name */
export function checkNames(names: Names): void {
  const problems = Object.entries(CHECKS).flatMap(([kind, [what, check]]) => {
    const text = names[kind as keyof Names]
    const fault = text === undefined ? undefined : check(text)
    return fault === undefined ? [] : [`${what} "${text}" ${fault.wrong}; expected ${fault.expected}`]
  })
  if (problems.length === 0) return
  throw refused(
    'a name cannot be used',
    'choose other names: they become part of certificates, tags and labels',
    problems,
  )
}

/** @throws IamRaError if the three together give no certificate */
export function checkCommonName(identity: Identity): void {
  const fault = commonNameFault(identity)
  if (fault === undefined) return
  throw refused(`service account ${identity.account} ${fault.wrong}`, `expected ${fault.expected}`)
}

/** @throws IamRaError if the installation has no trust anchor */
export function requireAnchor(installation: Installation): NonNullable<Installation['anchor']> {
  const { anchor, name } = installation
  if (anchor !== undefined) return anchor
  throw refused(
    `installation ${name} has no trust anchor in this account and region`,
    'create it with iam-ra init, or name another one: --installation, --region, --profile',
  )
}

/** The only one, if none is named. @throws IamRaError */
export function chooseCluster(installation: Installation, name: string | undefined): Cluster {
  const { clusters } = installation
  requireAnchor(installation)
  const names = clusters.map((one) => one.name)
  if (name === undefined) {
    const [only, ...more] = clusters
    if (only !== undefined && more.length === 0) return only
    throw only === undefined
      ? refused(
          `installation ${installation.name} has no cluster`,
          'set one up with iam-ra k8s setup CLUSTER',
        )
      : refused('there is more than one cluster', `name one with --cluster: ${names.join(', ')}`)
  }
  const found = clusters.find((one) => one.name === name)
  if (found !== undefined) return found
  const near = nearest(name, names)
  throw refused(
    `there is no cluster ${name} in installation ${installation.name}`,
    near === undefined
      ? `set it up with iam-ra k8s setup ${name}${names.length === 0 ? '' : `; there are ${names.join(', ')}`}`
      : `did you mean ${near}? iam-ra k8s setup ${name} sets up a new one`,
  )
}

/** One of the workload's own name, if none is named. @throws IamRaError */
export function chooseRole(
  installation: Installation,
  name: string | undefined,
  workload: string,
): BoundRole {
  const { roles } = installation
  const names = roles.map((one) => one.role)
  const found = roles.find((one) => one.role === (name ?? workload))
  if (found !== undefined) return found
  const others = names.length === 0 ? '' : `; there are ${names.join(', ')}`
  if (name === undefined) {
    throw refused(
      `no role was named, and there is none with the workload's name ${workload}`,
      `name one with --role${others}; iam-ra role create creates one`,
    )
  }
  const near = nearest(name, names)
  throw refused(
    `there is no role ${name} in installation ${installation.name}`,
    near === undefined ? `create it with iam-ra role create ${name}${others}` : `did you mean ${near}?`,
  )
}

/** Every role's binding of the workload in this cluster and namespace; more than one only after a run that was stopped. */
export function boundTo(
  { roles }: Pick<Installation, 'roles'>,
  place: Pick<Binding, 'cluster' | 'namespace' | 'workload'>,
): readonly Bound[] {
  return roles.flatMap((role) =>
    role.bindings
      .filter(
        (one) =>
          one.cluster === place.cluster &&
          one.namespace === place.namespace &&
          one.workload === place.workload,
      )
      .map((binding) => ({ role, binding })),
  )
}

function refused(message: string, hint: string, problems: readonly string[] = []): IamRaError {
  return new IamRaError('SETTINGS_INVALID', 'settings', message, { hint, problems })
}
