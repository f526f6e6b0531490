/** Deletes what a workload or a cluster has in Kubernetes, or prints the commands that do. */
import type { Cluster } from '../../onboarding/aws/owned.ts'
import { installationOf, isOurs, nameOf, type ObjectName } from '../../onboarding/kubernetes/objects.ts'
import { shellWord } from '../../text/shell-word.ts'
import type { OperatorContext } from '../context.ts'
import { printDocument, printResult } from '../report.ts'
import {
  checkCluster,
  clusterNameOf,
  kubectlOf,
  readable,
  type ClusterFlags,
  type ObjectFlags,
} from './cluster.ts'

export interface Removal {
  /** Objects of others stay. */
  readonly installation: string
  readonly cluster: Pick<Cluster, 'name' | 'namespace'>
  readonly names: readonly ObjectName[]
  /** For --json. */
  readonly facts: Readonly<Record<string, unknown>>
}

/** @throws IamRaError */
export async function removeObjects(
  context: OperatorContext,
  flags: ObjectFlags,
  removal: Removal,
): Promise<void> {
  const { runtime } = context
  const { installation, cluster, facts } = removal
  if (flags.apply === true) {
    await checkCluster(context, flags, cluster)
    const kubectl = kubectlOf(context, flags)
    const found = await kubectl.getAll(removal.names)
    const own = found.filter((one) => !isOurs(one) || installationOf(one) === installation)
    for (const line of await kubectl.delete(own.map(nameOf))) runtime.stderr(`${line}\n`)
  }
  const commands = flags.apply === true ? [] : await commandsFor(context, flags, removal)
  if (flags.json === true) {
    await printDocument(runtime, { ...facts, commands })
    return
  }
  if (commands.length === 0) return
  runtime.stderr('delete its objects with:\n')
  await printResult(runtime, commands.map((command) => `${command}\n`).join(''))
}

/** For the objects that exist, if the cluster can be asked; otherwise for all that may exist. */
async function commandsFor(
  context: OperatorContext,
  flags: ObjectFlags,
  removal: Removal,
): Promise<readonly string[]> {
  const found = await existing(context, flags, removal)
  if (found !== undefined) return commandsOf(found.names, placeOf({ ...flags, context: found.place }), '')
  // A kind that the cluster lacks fails the whole command.
  const everywhere = removal.names.filter(({ kind }) => !kind.includes('secrets.hashicorp.com'))
  return commandsOf(everywhere, placeOf(flags), ' --ignore-not-found')
}

function placeOf({ context, kubeconfig }: ClusterFlags): string {
  const flags = { context, kubeconfig }
  return Object.entries(flags)
    .map(([name, value]) => (value === undefined ? '' : ` --${name} ${shellWord(value)}`))
    .join('')
}

async function existing(
  context: OperatorContext,
  flags: ObjectFlags,
  { installation, cluster, names }: Removal,
): Promise<{ readonly place: string; readonly names: readonly ObjectName[] } | undefined> {
  const kubectl = kubectlOf(context, flags)
  const settings = { kind: 'configmap', name: 'iam-ra', namespace: cluster.namespace }
  const read = await readable(Promise.all([kubectl.get(settings), kubectl.getAll(names), kubectl.context()]))
  if (read === undefined) return undefined
  const [configMap, found, { name: place }] = read
  if (configMap === undefined || clusterNameOf(configMap) !== cluster.name) return undefined
  const own = found.filter((one) => isOurs(one) && installationOf(one) === installation)
  return { place, names: own.map(nameOf) }
}

function commandsOf(names: readonly ObjectName[], place: string, more: string): readonly string[] {
  const groups = Map.groupBy(names, ({ namespace = '' }) => namespace)
  return [...groups].map(([namespace, group]) => {
    const where = namespace === '' ? '' : ` -n ${namespace}`
    return `kubectl${place}${where} delete ${group.map(({ kind, name }) => `${kind}/${name}`).join(' ')}${more}`
  })
}
