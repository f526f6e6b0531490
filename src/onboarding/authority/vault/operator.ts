/** The ARNs of a workload in Vault, from where the Vault Secrets Operator makes a Secret of them. */
import type { VaultOperator } from '../../kubernetes/objects.ts'
import type { Identity } from '../../names.ts'
import { joined, type Plan, type Step } from '../../plan/step.ts'
import { isRecord } from '../../../text/json.ts'
import { differences, type Data } from '../../vault/difference.ts'
import { showStep } from '../../vault/display.ts'
import { fillParameters } from '../../vault/parameters.ts'
import { REFERENCE } from '../../vault/reference.ts'
import { paths } from '../../vault/resources.ts'
import type { Setup } from '../../vault/setup.ts'
import { readMounts } from '../../vault/state.ts'
import { planWrite, type Write } from '../../vault/step.ts'
import type { Vault } from '../../vault/vault.ts'
import { refused } from './client.ts'
import { AUDIENCE, defaultSetup, type VaultCluster } from './names.ts'
import { NAMES, NAMESPACES, planAdmission, policyFaults, type Admitting } from './role.ts'

interface OperatorWork {
  readonly vault: Vault
  readonly admitting: Admitting
  readonly arns: Readonly<Record<string, string>>
}

type Workload = Identity & { readonly workload: string }

const KV_MOUNT = 'secret'
/** Of each namespace, as in k8s/vault-secrets-operator. */
const ACCOUNT = 'vault-secrets-operator'

/** @throws IamRaError */
export async function planOperator(
  work: OperatorWork,
  names: VaultCluster,
  workload: Workload,
): Promise<{ readonly plan: Plan; readonly source: VaultOperator }> {
  const setup = operatorSetup(names, workload.cluster)
  const { vault } = work
  const { role, account, audience } = setup.operator
  const path = `${setup.kv.path}/${workload.namespace}/${workload.workload}`
  const source = { mount: KV_MOUNT, path, role, account, audience }
  const accessor = (await readMounts(vault, 'sys/auth')).get(paths.authMount(setup))?.accessor
  if (accessor === undefined) {
    const problem = `auth/${names.authMount} is missing: run iam-ra k8s setup ${workload.cluster} again`
    return { plan: refused(problem), source }
  }
  const plan = joined(
    await planLogin(work, setup, accessor, workload.namespace),
    await planEntry(vault, `${KV_MOUNT}/data/${path}`, work.arns),
  )
  return { plan, source }
}

/** What the operator may read, and that it may log in with its account of the namespace. */
async function planLogin(
  { vault, admitting }: OperatorWork,
  setup: Setup,
  accessor: string,
  namespace: string,
): Promise<Plan> {
  const { role, account, audience } = setup.operator
  const { operatorPolicy, operatorRole } = fillParameters(REFERENCE, setup, accessor)
  const policyPath = `sys/policies/acl/${role}`
  const policy = planWrite(policyPath, { policy: operatorPolicy }, await vault.read(policyPath))
  const path = `${paths.authRoles(setup)}/${role}`
  const found = await vault.read(path)
  const created = {
    ...{ [NAMES]: [account], [NAMESPACES]: [namespace], audience },
    ...operatorRole,
    // As text, like the policy of pods.
    token_policies: role,
  }
  const admitted = { member: NAMESPACES, name: namespace } as const
  return {
    steps: [
      ...policy.map((write) => stepOf(vault, write)),
      ...planAdmission(path, admitted, created, found, { vault, ...admitting }),
    ],
    notes: [],
    problems: found === undefined ? [] : policyFaults(path, role, found),
  }
}

function stepOf(vault: Vault, write: Write): Step {
  return {
    shown: showStep(write),
    async apply() {
      await vault.write(write.path, write.data)
      return `${write.verb === 'create' ? 'created' : 'changed'} ${write.path}`
    },
  }
}

/** Check-and-set: a newer version is never overwritten. */
async function planEntry(vault: Vault, path: string, arns: Data): Promise<Plan> {
  const mount = (await readMounts(vault, 'sys/mounts')).get(`${KV_MOUNT}/`)
  if (mount !== undefined && (mount.type !== 'kv' || mount.version !== '2')) {
    const kind = mount.type === 'kv' ? 'kv version 1' : `of type ${mount.type}`
    return refused(`${KV_MOUNT}/ is a mount ${kind}, not kv version 2: leave out --arns operator`)
  }
  const found = mount === undefined ? undefined : await vault.read(path)
  const data = isRecord(found?.['data']) ? found['data'] : undefined
  const cas = isRecord(found?.['metadata']) ? Number(found['metadata']['version']) : 0
  const differing = differences(arns, data === undefined ? undefined : { ...empty(arns), ...data })
  const verb = data === undefined ? 'create' : 'change'
  // Members that others put there stay.
  const entry: Write = {
    ...{ kind: 'write', verb, path, differences: differing },
    data: { data: { ...data, ...arns }, options: { cas } },
  }
  const writes = [
    ...(mount === undefined
      ? planWrite(`sys/mounts/${KV_MOUNT}`, { type: 'kv', options: { version: '2' } }, undefined)
      : []),
    ...(differing.length === 0 ? [] : [entry]),
  ]
  return { steps: writes.map((write) => stepOf(vault, write)), notes: [], problems: [] }
}

function empty(arns: Data): Data {
  return Object.fromEntries(Object.keys(arns).map((name) => [name, null]))
}

/** One for each cluster: the policy is bound to its auth mount, and a namespace may have the same name in another. */
function operatorSetup(names: VaultCluster, cluster: string): Setup {
  const { kubernetes, pki } = defaultSetup(cluster, { address: names.address, host: '', reviewer: 'token' })
  return {
    ...{ cluster, kubernetes: { ...kubernetes, mount: names.authMount }, pki },
    kv: { mount: KV_MOUNT, path: `iam-ra/${cluster}` },
    operator: { role: `vault-secrets-operator-${cluster}`, account: ACCOUNT, audience: AUDIENCE },
    bindings: [],
  }
}
