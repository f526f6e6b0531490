/** What a workload needs in Vault: that its account may log in with the role of its namespace, and that a CA below the root signs. */
import type { Cluster } from '../../aws/owned.ts'
import type { VaultSource } from '../../kubernetes/objects.ts'
import { commonNameFault, type Identity } from '../../names.ts'
import { joined, type Plan } from '../../plan/step.ts'
import type { Data } from '../../vault/difference.ts'
import type { WorkloadSetUp } from '../authority.ts'
import { refused } from './client.ts'
import { otherIssuer } from './cluster.ts'
import { issuerBelow, readIssuer } from './issuer.ts'
import { addressNote, AUDIENCE, clusterOf, type VaultCluster } from './names.ts'
import { planNamespaceRole, rolePath } from './namespace.ts'
import { planOperator } from './operator.ts'
import { planReviewerToken, type ReviewerWork } from './reviewer.ts'
import type { Admitting } from './role.ts'

export interface WorkloadWork extends ReviewerWork {
  readonly admitting: Admitting
  /** PEM of the trust anchor. */
  readonly anchor: string
  readonly nowMs: number
  /** PEM of the CA of Vault's server certificate. */
  readonly ca: string | undefined
  /** To be kept in Vault for the Vault Secrets Operator. */
  readonly arns: Readonly<Record<string, string>> | undefined
}

export type Workload = Identity & { readonly workload: string }

/** @throws IamRaError */
export async function setUpWorkload(
  work: WorkloadWork,
  cluster: Cluster,
  workload: Workload,
): Promise<WorkloadSetUp> {
  const names = clusterOf(cluster)
  const source = sourceOf(names, work.ca, workload.namespace)
  const fault = commonNameFault(workload)
  if (names === undefined || fault !== undefined) {
    const problem =
      fault === undefined
        ? `the trust anchor's tag does not say where cluster ${cluster.name} is in Vault: run iam-ra k8s setup ${cluster.name} again`
        : `service account ${workload.account} ${fault.wrong}; expected ${fault.expected}`
    return { plan: refused(problem), issuer: '', source, objects: [] }
  }
  const { vault } = work
  const config = await vault.read(configPath(names))
  if (config === undefined) {
    const problem = `auth/${names.authMount} is not set up in this Vault: run iam-ra k8s setup ${cluster.name}, and check VAULT_ADDR`
    return { plan: refused(problem), issuer: '', source, objects: [] }
  }
  const role = await vault.read(rolePath(names, workload.namespace))
  const operator =
    work.arns === undefined ? undefined : await planOperator({ ...work, arns: work.arns }, names, workload)
  const issuer = await issuerOf(work, names, cluster.name)
  const plan = joined(
    { steps: [], notes: [addressNote(cluster.name, names)], problems: [] },
    await planReviewerToken(work, cluster, configPath(names), config),
    planNamespaceRole(work, names, workload, role),
    issuer.plan,
    operator?.plan ?? refused(),
  )
  return {
    ...{ plan, issuer: issuer.name, objects: [] },
    source: { ...source, audience: audienceOf(role), operator: operator?.source },
  }
}

function configPath({ authMount }: VaultCluster): string {
  return `auth/${authMount}/config`
}

function sourceOf(names: VaultCluster | undefined, ca: string | undefined, namespace: string): VaultSource {
  const { address = '', authMount = '', pkiMount = '', pkiRole = '', vaultNamespace } = names ?? {}
  return {
    ...{ kind: 'vault', address, ca, authMount, authRole: namespace, audience: AUDIENCE },
    ...{ pkiMount, pkiRole, ...(vaultNamespace === undefined ? {} : { vaultNamespace }) },
  }
}

/** That of the role, if the operator chose another. */
function audienceOf(role: Data | undefined): string {
  const audience = role?.['audience']
  return typeof audience === 'string' && audience !== '' ? audience : AUDIENCE
}

interface FoundIssuer {
  readonly name: string
  readonly plan: Plan
}

async function issuerOf(
  { vault, anchor, nowMs }: WorkloadWork,
  { pkiMount, pkiRole }: VaultCluster,
  cluster: string,
): Promise<FoundIssuer> {
  const issuer = await readIssuer(vault, pkiMount)
  if (issuer === undefined) {
    const problem = `${pkiMount} signs nothing yet: iam-ra k8s setup ${cluster} says what is missing`
    return { name: '', plan: refused(problem) }
  }
  const found = issuerBelow(pkiMount, issuer, anchor, nowMs)
  if ('wrong' in found) return { name: '', plan: refused(`${found.wrong}: ${otherIssuer(pkiMount)}`) }
  const hasRole = (await vault.read(`${pkiMount}/roles/${pkiRole}`)) !== undefined
  const problem = `${pkiMount}/roles/${pkiRole} is missing: run iam-ra k8s setup ${cluster} again`
  return { name: found.name, plan: hasRole ? refused() : refused(problem) }
}
