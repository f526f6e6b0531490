/** What in a cluster asks for a role by annotation: controllers by their pod templates, and pods that none of them made. */
import { listOf, recordOf, textOf, type Data } from '../kubernetes/members.ts'
import type { KubeObject } from '../kubernetes/objects.ts'

export const ROLE = 'iam.amazonaws.com/role'
export const SESSION_NAME = 'iam.amazonaws.com/session-name'
export const EXTERNAL_ID = 'iam.amazonaws.com/external-id'

/** Whose pod template is read; pods that belong to any other controller are seen themselves. */
export const KINDS = [
  'deployment.apps',
  'daemonset.apps',
  'statefulset.apps',
  'replicaset.apps',
  'replicationcontroller',
  'cronjob.batch',
  'job.batch',
  'pod',
] as const

export interface Asker {
  readonly namespace: string
  /** Such as `Deployment`; of pods of an unknown controller, the controller's. */
  readonly kind: string
  readonly name: string
  readonly account: string
  /** As the annotation has it; undefined if there is none. */
  readonly role: string | undefined
  /** Of the pod, all of them. */
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: Data
}

/** @param objects of KINDS; with pods, and the ReplicaSets and Jobs in between */
export function askersIn(objects: readonly KubeObject[]): readonly Asker[] {
  const known = new Map(objects.map((object) => [keyOf(object, object.kind, object.metadata.name), object]))
  const found = new Map<string, Asker>()
  for (const object of objects) {
    const { owner, isKnown } = ownerOf(object, known)
    if (isKnown || isOver(object)) continue
    const asker = askerOf(object, owner)
    // Pods of one unknown controller may differ only while it replaces them.
    const key = `${asker.namespace} ${asker.kind} ${asker.name} ${asker.account} ${asker.role ?? ''}`
    if (!found.has(key)) found.set(key, asker)
  }
  return [...found.values()].toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

/** `Deployment/web`. */
export function named({ kind, name }: Pick<Asker, 'kind' | 'name'>): string {
  return `${kind}/${name}`
}

interface Owner {
  readonly kind: string
  readonly name: string
}

/** The topmost controller. @returns known if a template of it is among the objects */
function ownerOf(
  object: KubeObject,
  known: ReadonlyMap<string, KubeObject>,
): { readonly owner: Owner; readonly isKnown: boolean } {
  let at = object
  const below = new Set<KubeObject>()
  const itself = { kind: object.kind, name: object.metadata.name }
  // The kubelet of a node is the controller of its static pods.
  if (isMirror(object.metadata.annotations)) return { owner: itself, isKnown: false }
  for (;;) {
    const { ownerReferences } = at.metadata as { readonly ownerReferences?: unknown }
    const reference = listOf(ownerReferences).find(({ controller }) => controller === true)
    if (reference === undefined) break
    const owner = { kind: textOf(reference['kind']), name: textOf(reference['name']) }
    const above = known.get(keyOf(object, owner.kind, owner.name))
    // A user names the controller of an object: it may be one that does not exist, or the object itself.
    below.add(at)
    if (above === undefined ? !isName(owner) : below.has(above)) return { owner: itself, isKnown: false }
    // Its template is that of an unknown controller above it, such as a Rollout, whose pods are what is looked at.
    if (above === undefined) return { owner, isKnown: object.kind !== 'Pod' }
    at = above
  }
  return { owner: { kind: at.kind, name: at.metadata.name }, isKnown: at !== object }
}

/** Names of objects are these, so that in a command none is read as a flag. */
function isName({ kind, name }: Owner): boolean {
  return /^[A-Za-z][A-Za-z0-9]*$/.test(kind) && /^[a-z0-9][a-z0-9.-]*$/.test(name)
}

function askerOf(object: KubeObject, { kind, name }: Owner): Asker {
  const spec = recordOf(object['spec'])
  const job = recordOf(recordOf(spec['jobTemplate'])['spec'])
  const isPod = object.kind === 'Pod'
  const template = recordOf(object.kind === 'CronJob' ? job['template'] : spec['template'])
  const podSpec = isPod ? spec : recordOf(template['spec'])
  const metadata = isPod ? object.metadata : recordOf(template['metadata'])
  const annotations = textsOf(metadata['annotations' as keyof typeof metadata])
  return {
    ...{ namespace: object.metadata.namespace ?? 'default', kind, name, annotations, spec: podSpec },
    account: textOf(podSpec['serviceAccountName']) || textOf(podSpec['serviceAccount']) || 'default',
    role: annotations[ROLE],
  }
}

/** Whether it only shows a static pod, which a file on its node makes. */
export function isMirror(annotations: Readonly<Record<string, string>> = {}): boolean {
  return 'kubernetes.io/config.mirror' in annotations
}

/** Pods and Jobs that have ended. */
function isOver(object: KubeObject): boolean {
  const status = recordOf(object['status'])
  if (object.kind === 'Pod') return ['Succeeded', 'Failed'].includes(textOf(status['phase']))
  return (
    object.kind === 'Job' &&
    listOf(status['conditions']).some(
      ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
    )
  )
}

function keyOf({ metadata }: KubeObject, kind: string, name: string): string {
  return `${metadata.namespace ?? ''} ${kind} ${name}`
}

function sortKey(asker: Asker): string {
  return `${asker.namespace} ${asker.kind} ${asker.name}`
}

export function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(recordOf(value)).filter((one): one is [string, string] => typeof one[1] === 'string'),
  )
}
