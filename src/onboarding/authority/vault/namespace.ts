/** The auth role of a namespace, with which the accounts of its workloads log in. */
import type { Identity } from '../../names.ts'
import type { Plan } from '../../plan/step.ts'
import { differences, type Data } from '../../vault/difference.ts'
import { fillParameters } from '../../vault/parameters.ts'
import { REFERENCE } from '../../vault/reference.ts'
import { boundRole } from '../../vault/resources.ts'
import type { Vault } from '../../vault/vault.ts'
import { AUDIENCE, defaultSetup, type VaultCluster } from './names.ts'
import { NAMES, NAMESPACES, admits, planAdmission, policyFaults, textsOf, type Admitting } from './role.ts'

export function rolePath({ authMount }: VaultCluster, namespace: string): string {
  return `auth/${authMount}/role/${namespace}`
}

/** Adds the account. All else of a role that is there is the operator's own, and only said. */
export function planNamespaceRole(
  { vault, admitting }: { readonly vault: Vault; readonly admitting: Admitting },
  names: VaultCluster,
  workload: Identity,
  role: Data | undefined,
): Plan {
  const path = rolePath(names, workload.namespace)
  const wanted = wantedRole(names, workload)
  const admitted = { member: NAMES, name: workload.account } as const
  const steps = planAdmission(path, admitted, wanted, role, { vault, ...admitting })
  if (role === undefined) return { steps, notes: [], problems: [] }
  const { [NAMES]: _names, [NAMESPACES]: _namespaces, token_policies: _policies, ...others } = wanted
  const notes = differences(others, role).map(
    ({ name, before = '(nothing)', after }) => `${path} has ${name} ${before}, not ${after}, and keeps it`,
  )
  return { steps, notes, problems: roleFaults(names, workload.namespace, role) }
}

/** Why no pod of the namespace gets a certificate with the role, each with the cure. */
export function roleFaults(names: VaultCluster, namespace: string, role: Data): readonly string[] {
  const path = rolePath(names, namespace)
  const namespaces = textsOf(role[NAMESPACES])
  return [
    ...(admits(role, { member: NAMESPACES, name: namespace })
      ? []
      : [
          `${path} does not admit namespace ${namespace}: vault write ${path} bound_service_account_namespaces=${[...namespaces, namespace].join(',')}`,
        ]),
    ...policyFaults(path, names.pkiRole, role),
  ]
}

function wantedRole(names: VaultCluster, { cluster, namespace, account }: Identity): Data {
  const setup = defaultSetup(cluster, { address: names.address, host: '', reviewer: 'token' })
  const { podRole } = fillParameters(REFERENCE, { ...setup, pki: { ...setup.pki, role: names.pkiRole } }, '')
  return {
    ...boundRole(
      {
        ...{ namespace, accounts: [account], audience: AUDIENCE },
        ...{ tokenSeconds: 300, tokenType: 'service' },
      },
      { podRole },
    ),
    // As text, a policy for the operator can allow this value and no other: docs/vault.md.
    token_policies: names.pkiRole,
  }
}
