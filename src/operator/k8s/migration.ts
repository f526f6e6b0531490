/** Reads what a migration plan is made of: the cluster once, AWS and Vault as often as asked. */
import { IamRaError } from '../../errors.ts'
import type { Authority, WorkloadSetUp } from '../../onboarding/authority/authority.ts'
import { clusterOf } from '../../onboarding/authority/vault/names.ts'
import type { Account } from '../../onboarding/aws/account.ts'
import type { Installation } from '../../onboarding/aws/installation.ts'
import type { Cluster } from '../../onboarding/aws/owned.ts'
import type { Kubectl } from '../../onboarding/kubernetes/kubectl.ts'
import type { KubeObject } from '../../onboarding/kubernetes/objects.ts'
import { askersIn, KINDS, textsOf, type Asker } from '../../onboarding/migration/askers.ts'
import { meaningOf, type Meaning } from '../../onboarding/migration/meaning.ts'
import { clusterNotes } from '../../onboarding/migration/notes.ts'
import { VAULT_CA } from '../../onboarding/migration/commands.ts'
import {
  askedIn,
  planMigration,
  type MigrationPlan,
  type NamespaceFacts,
  type Signing,
} from '../../onboarding/migration/plan.ts'
import type { RoleArn } from '../../onboarding/migration/role-arn.ts'
import type { Looked } from '../../onboarding/migration/roles.ts'
import { runningIn, type Running } from '../../onboarding/migration/running.ts'
import { SETTINGS } from '../../onboarding/migration/settings.ts'
import { commonName, commonNameFault, type Identity } from '../../onboarding/names.ts'
import { shellWord } from '../../text/shell-word.ts'
import type { OperatorContext } from '../context.ts'
import { kubectlOf } from './cluster.ts'
import type { MigrateFlags } from './migrate.ts'

/** What the cluster says. */
export interface Annotated {
  readonly running: readonly Running[]
  readonly askers: readonly Asker[]
  readonly namespaces: readonly NamespaceFacts[]
  readonly settings: Readonly<Record<string, string>> | undefined
  /** The data of the ConfigMap of `k8s setup`. */
  readonly own: Readonly<Record<string, string>>
  readonly hasPolicies: boolean
}

export interface Migration {
  readonly plan: MigrationPlan
  readonly notes: readonly string[]
  readonly meaning: Meaning
  readonly running: readonly Running[]
  readonly cluster: Cluster
  readonly installation: Installation
  /** Whether the cluster has the ConfigMap of k8s/injection. */
  readonly hasSettings: boolean
  /** By the names of the certificates. */
  readonly setUps: ReadonlyMap<string, WorkloadSetUp>
}

const CONTROLLERS = 'deployment.apps,daemonset.apps'
const OTHERS = KINDS.filter((kind) => !CONTROLLERS.includes(kind)).join(',')

/** @throws IamRaError */
export async function readAnnotated(
  context: OperatorContext,
  flags: MigrateFlags,
  cluster: Cluster,
): Promise<Annotated> {
  const kubectl = kubectlOf(context, flags)
  const wanted = flags['k8s-namespace']
  // kiam and kube2iam are rarely in a namespace that is moved.
  const controllers = await everywhere(kubectl, wanted)
  const others = await within(kubectl, OTHERS, wanted)
  const spaces =
    wanted === undefined
      ? await kubectl.list('namespace', '')
      : await kubectl.getAll(wanted.map((name) => ({ kind: 'namespace', name })))
  refuseUnknown(wanted, spaces)
  const askers = askersIn([...controllers, ...others]).filter(
    ({ namespace }) => wanted?.includes(namespace) !== false,
  )
  const found = await kubectl.getAll([
    { kind: 'configmap', ...SETTINGS },
    { kind: 'configmap', name: 'iam-ra', namespace: cluster.namespace },
    { kind: 'mutatingadmissionpolicy.admissionregistration.k8s.io', name: 'iam-ra-inject' },
  ])
  const configMaps = await withVaultCa(kubectl, wanted)
  const dataOf = (name: string): Readonly<Record<string, string>> | undefined => {
    const object = found.find(({ metadata, kind }) => kind === 'ConfigMap' && metadata.name === name)
    return object === undefined ? undefined : textsOf(object['data'])
  }
  return {
    ...{ askers, running: runningIn(controllers) },
    namespaces: spaces.map(({ metadata: { name, annotations = {}, labels = {} } }) => ({
      ...{ name, annotations, labels, hasVaultCa: configMaps.has(name) },
    })),
    settings: dataOf(SETTINGS.name),
    own: dataOf('iam-ra') ?? {},
    hasPolicies: found.some(({ kind }) => kind === 'MutatingAdmissionPolicy'),
  }
}

/** Those that may look at some namespaces only see nothing of kiam. */
async function everywhere(
  kubectl: Kubectl,
  wanted: readonly string[] | undefined,
): Promise<readonly KubeObject[]> {
  try {
    return await kubectl.list(CONTROLLERS, '')
  } catch (error) {
    if (wanted === undefined || !(error instanceof IamRaError) || error.status !== 403) throw error
    return await within(kubectl, CONTROLLERS, wanted)
  }
}

async function within(
  kubectl: Kubectl,
  kinds: string,
  wanted: readonly string[] | undefined,
): Promise<readonly KubeObject[]> {
  if (wanted === undefined) return await kubectl.list(kinds, '')
  const found: KubeObject[] = []
  for (const namespace of wanted) found.push(...(await kubectl.list(kinds, '', namespace)))
  return found
}

function refuseUnknown(wanted: readonly string[] | undefined, spaces: readonly KubeObject[]): void {
  const unknown = wanted?.find((name) => !spaces.some(({ metadata }) => metadata.name === name))
  if (unknown === undefined) return
  throw new IamRaError('SETTINGS_INVALID', 'settings', `the cluster has no namespace ${unknown}`, {
    hint: 'check --k8s-namespace and --context; kubectl get namespaces lists them',
  })
}

/** The namespaces that have it. */
async function withVaultCa(
  kubectl: Kubectl,
  wanted: readonly string[] | undefined,
): Promise<ReadonlySet<string | undefined>> {
  const found =
    wanted === undefined
      ? await kubectl.named('configmap', VAULT_CA)
      : await kubectl.getAll(wanted.map((namespace) => ({ kind: 'configmap', name: VAULT_CA, namespace })))
  return new Set(found.map(({ metadata }) => metadata.namespace))
}

interface Asked {
  readonly account: Account
  readonly authority: Authority
  readonly flags: MigrateFlags
  readonly env: Readonly<Record<string, string | undefined>>
}

interface Read {
  readonly installation: Installation
  readonly cluster: Cluster
  readonly annotated: Annotated
}

/** @throws IamRaError */
export async function readMigration(
  { account, authority, flags, env }: Asked,
  { installation, cluster, annotated }: Read,
): Promise<Migration> {
  const { running, askers, namespaces, settings, own } = annotated
  const meaning = meaningOf(
    {
      ...{ baseRoleArn: flags['base-role-arn'], defaultRole: flags['default-role'] },
      namespaceRules: flags['namespace-rules'],
    },
    {
      // Those of the example, or of another cluster, say nothing of this one.
      settings: settings?.['cluster'] === cluster.name ? settings : undefined,
      ...{ running, partition: account.partition, account: account.id },
      namespaces: namespaces.map(({ annotations }) => annotations),
    },
  )
  const asking = askers.filter(({ role }) => role !== undefined)
  const roles = askedIn({ askers, meaning, namespaces }).flatMap(({ role }) => role ?? [])
  const [looked, setUps, profiles, quota] = await Promise.all([
    lookAt(account, roles),
    setUpAll(authority, cluster, asking),
    account.rolesAnywhere.listProfiles(),
    account.iam.trustPolicyQuota(),
  ])
  const { anchor } = installation
  const audience = own['vault-audience'] ?? 'vault'
  const plan = planMigration({
    ...{
      installation,
      region: account.region,
      profiles,
      quota,
      cluster: cluster.name,
      meaning,
      askers,
      namespaces,
      looked,
    },
    anchorId: anchor?.id ?? '',
    migrate: commandOf(flags, cluster, installation),
    printCa: printCaOf(cluster, own),
    settings: {
      ...{ cluster: cluster.name, vault: clusterOf(cluster), audience, found: settings },
      anchorArn: anchor?.arn ?? '',
      image: flags.image ?? (env['IAM_RA_IMAGE']?.trim() || undefined),
    },
    signing: (identity) => signingOf(setUps.get(commonName(identity))),
  })
  const notes = clusterNotes({
    context: flags.context ?? flags.kubeconfig,
    ...{ running, meaning, askers, hasPolicies: annotated.hasPolicies },
    isWhole: flags['k8s-namespace'] === undefined,
  })
  const hasSettings = settings !== undefined
  return { plan, notes, meaning, running, cluster, installation, hasSettings, setUps }
}

const REPEATED = [
  'base-role-arn',
  'default-role',
  'namespace-rules',
  'image',
  'context',
  'kubeconfig',
  'region',
  'profile',
] as const

/** With the flags that say what annotations mean. */
function commandOf(flags: MigrateFlags, cluster: Cluster, { name }: Installation): string {
  const given = REPEATED.flatMap((flag) => {
    const value = flags[flag]
    return value === undefined ? [] : [`--${flag} ${shellWord(value)}`]
  })
  const installation = name === 'default' ? [] : [`--installation ${name}`]
  return ['iam-ra k8s migrate', cluster.name, ...installation, ...given].join(' ')
}

function printCaOf({ namespace }: Cluster, own: Readonly<Record<string, string>>): string | undefined {
  if (own['vault-ca.crt'] === undefined) return undefined
  return `kubectl -n ${shellWord(namespace)} get configmap iam-ra -o jsonpath='{.data.vault-ca\\.crt}'`
}

function signingOf(setUp: WorkloadSetUp | undefined): Signing | undefined {
  if (setUp === undefined) return undefined
  const { steps, problems } = setUp.plan
  return { issuer: setUp.issuer, admits: steps.length === 0, problems }
}

/** Neither IAM nor Vault throttles this many calls at once. */
const AT_ONCE = 8

async function forEach<T>(values: readonly T[], work: (value: T) => Promise<void>): Promise<void> {
  const left = [...values]
  const worker = async (): Promise<void> => {
    for (let value = left.shift(); value !== undefined; value = left.shift()) await work(value)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** Those of this account; by their ARNs. */
async function lookAt(account: Account, roles: readonly RoleArn[]): Promise<ReadonlyMap<string, Looked>> {
  const found = new Map<string, Looked>()
  const own = roles.filter((role) => role.account === account.id && role.partition === account.partition)
  const unique = [...new Map(own.map((role) => [role.arn, role])).values()]
  await forEach(unique, async ({ arn, name }) => {
    try {
      found.set(arn, (await account.iam.getRole(name)) ?? 'missing')
    } catch (error) {
      if (!(error instanceof IamRaError) || error.code !== 'REFUSED' || error.status !== 403) throw error
      found.set(arn, 'denied')
    }
  })
  return found
}

/** By the names of the certificates; an account whose name gives none has no entry. */
async function setUpAll(
  authority: Authority,
  cluster: Cluster,
  askers: readonly Asker[],
): Promise<ReadonlyMap<string, WorkloadSetUp>> {
  const found = new Map<string, WorkloadSetUp>()
  const identities = askers.map(({ namespace, account }): Identity => ({
    cluster: cluster.name,
    namespace,
    account,
  }))
  const fit = identities.filter((identity) => commonNameFault(identity) === undefined)
  const unique = [...new Map(fit.map((identity) => [commonName(identity), identity])).entries()]
  await forEach(unique, async ([name, identity]) => {
    found.set(name, await authority.setUpWorkload(cluster, { ...identity, workload: identity.account }))
  })
  return found
}
