/**
 * A cluster with k8s/injection in force, installed as docs/injection.md has it, and namespaces whose service account `app` may
 * assume a role: `iam-ra` has set up all of it.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ROOT } from '../../scripts/checks/files.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { PRINTED } from './build-images.ts'
import { until } from './cluster.ts'
import { RUN } from './ground.ts'
import { startOperator, type Operator } from './operator.ts'

export const ROLE = 'iam.amazonaws.com/role'
export const ACCOUNT = 'app'
/** Where `iam-ra role create` creates roles. */
export const BASE = `arn:aws:iam::${EXAMPLE.account}:role/iam-ra/default/`

export interface Namespace {
  readonly name: string
  /** The Pod Security Standard that it enforces. */
  readonly enforces: 'restricted' | 'baseline' | 'privileged'
  /** As `iam-ra role create` calls it; `app` may assume it. Absent if no pod there gets credentials. */
  readonly role?: string
  readonly labels?: Readonly<Record<string, string>>
}

export async function startAnnotated(namespaces: readonly Namespace[]): Promise<Operator> {
  const operator = await startOperator()
  try {
    const run = (line: string): Promise<string> => succeeds(operator, line)
    const roles = [...new Set(namespaces.flatMap(({ role = [] }) => role))]
    const anchor = await run('iam-ra init --ca-mode vault')
    const [profiles] = await Promise.all([
      Promise.all(roles.map((role) => run(`iam-ra role create ${role} --policy ${READONLY}`))),
      run('iam-ra k8s setup demo | kubectl apply -f -'),
      ...namespaces.map((one) => createNamespace(operator, one)),
    ])
    const profileOf = (role: string, at: number): [string, string] => {
      return [`profile-arn.iam-ra-${role}`, arnIn(profiles[at] ?? '', 'profile')]
    }
    await Promise.all([
      install(operator, {
        'anchor-arn': arnIn(anchor, 'trust-anchor'),
        ...Object.fromEntries(roles.map(profileOf)),
      }),
      onboard(operator, namespaces),
    ])
    return operator
  } catch (error) {
    await operator.stop()
    throw error
  }
}

const READONLY = 'arn:aws:iam::aws:policy/ReadOnlyAccess'

async function succeeds(operator: Operator, line: string): Promise<string> {
  const { code, stdout, stderr } = await operator.shell(line)
  if (code !== 0) throw new Error(`${line} ended with ${code ?? 'a signal'}:\n${stdout}${stderr}`)
  return `${stdout}${stderr}`
}

function arnIn(text: string, kind: string): string {
  const [arn] = new RegExp(`arn:aws:rolesanywhere:[^\\s"]+:${kind}/[\\w-]+`).exec(text) ?? []
  if (arn === undefined) throw new Error(`no ARN of a ${kind} in:\n${text}`)
  return arn
}

async function createNamespace(
  { request }: Operator,
  { name, enforces, role, labels = { 'iam-ra/injection': 'enabled' } }: Namespace,
): Promise<void> {
  const annotations = { 'iam.amazonaws.com/permitted': `${BASE}iam-ra-${role ?? 'reader'}` }
  const enforced = { 'pod-security.kubernetes.io/enforce': enforces }
  await request('POST', '/api/v1/namespaces', {
    metadata: { name, annotations, labels: { ...labels, ...enforced } },
  })
  if (role !== undefined) return
  await request('POST', `/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: ACCOUNT } })
}

/** One after the other: the second finds the reviewer's token that the first has given to Vault. */
async function onboard(operator: Operator, namespaces: readonly Namespace[]): Promise<void> {
  for (const { name, role } of namespaces) {
    if (role === undefined) continue
    const line = `iam-ra k8s onboard ${ACCOUNT} --role ${role} --k8s-namespace ${name} --sample none`
    await succeeds(operator, `${line} | kubectl apply -f -`)
    await succeeds(
      operator,
      `kubectl -n ${name} create configmap vault-ca --from-file=ca.crt="$VAULT_CACERT"`,
    )
  }
}

const OVERLAY = join(RUN, 'injection')

/** What is there already stays as it is. */
export async function applyOverlay({ kubectl }: Operator): Promise<void> {
  await kubectl(['apply', '--kustomize', OVERLAY, '--warnings-as-errors'])
}

/** An overlay with the cluster's settings, and those of Vault from the ConfigMap that `iam-ra k8s setup` printed. */
async function install(operator: Operator, arns: Readonly<Record<string, string>>): Promise<void> {
  mkdirSync(OVERLAY)
  const { data } = await operator.request('GET', '/api/v1/namespaces/default/configmaps/iam-ra')
  const vault = Object.entries(data as Readonly<Record<string, string>>).filter(([key]) =>
    /^(?:cluster|vault-(?:address|auth-mount|pki-mount|pki-role))$/.test(key),
  )
  const settings = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'iam-ra-injection', namespace: 'iam-ra' },
    data: { ...Object.fromEntries(vault), ...arns, image: PRINTED['aws-iam-ra'], 'base-role-arn': BASE },
  }
  const overlay = {
    resources: [relative(OVERLAY, join(ROOT, 'k8s/injection'))],
    patches: [{ patch: JSON.stringify(settings) }],
  }
  writeFileSync(join(OVERLAY, 'kustomization.yaml'), JSON.stringify(overlay))
  await applyOverlay(operator)
}

/** What becomes of a pod that is not kept. */
export interface Answer {
  /** What the API server says if it refuses the pod; empty if it takes it. */
  readonly refusal: string
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: object
}

export async function send({ request }: Operator, namespace: string, pod: object): Promise<Answer> {
  try {
    const taken = await request('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod)
    const { annotations = {} } = taken['metadata'] as { readonly annotations?: Answer['annotations'] }
    return { refusal: '', annotations, spec: taken['spec'] as object }
  } catch (error) {
    return { refusal: error instanceof Error ? error.message : String(error), annotations: {}, spec: {} }
  }
}

/** Sends until the answer is as it should be: policies are in force a moment after they were written. */
export async function untilAnswered(
  operator: Operator,
  namespace: string,
  pod: object,
  isSo: (answer: Answer) => boolean,
): Promise<void> {
  await until(
    `another answer to a pod in ${namespace}`,
    async () => isSo(await send(operator, namespace, pod)) || undefined,
    async () => JSON.stringify(await send(operator, namespace, pod)),
  )
}
