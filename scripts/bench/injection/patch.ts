/** What the policies add to a pod, and the same as a JSON patch, which the webhook answers. */
import { isDeepStrictEqual } from 'node:util'
import type { Pod } from '../../../test/real/injection/cluster.ts'

interface Named {
  readonly name: string
}

interface Container extends Named {
  readonly env?: readonly Named[]
  readonly volumeMounts?: readonly { readonly mountPath: string }[]
}

interface Spec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly Named[]
}

export interface Added {
  readonly annotations: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly volumes: readonly Named[]
  /** They come first. */
  readonly initContainers: readonly Container[]
  /** To each other container. */
  readonly env: readonly Named[]
  readonly volumeMounts: readonly { readonly mountPath: string }[]
}

export interface Operation {
  readonly op: 'add'
  readonly path: string
  readonly value: unknown
}

/** @param before and @param after a pod as the API server answers it, without and with injection */
export function addedTo(before: Pod, after: Pod): Added {
  const [old, now] = [specOf(before), specOf(after)]
  const [app, injected] = [old.containers[0], now.containers[0]]
  return {
    annotations: newEntries(before.metadata.annotations, after.metadata.annotations),
    labels: newEntries(before.metadata.labels, after.metadata.labels),
    volumes: newElements(old.volumes, now.volumes),
    initContainers: (now.initContainers ?? []).filter(
      ({ name }) => old.initContainers?.some((one) => one.name === name) !== true,
    ),
    env: newElements(app?.env, injected?.env),
    volumeMounts: newElements(app?.volumeMounts, injected?.volumeMounts),
  }
}

/** One operation for each element, as the policies have them: so that no list of the pod's own is replaced. */
export function patchOf(pod: Pod, added: Added): readonly Operation[] {
  const { metadata } = pod
  const { containers, initContainers = [], volumes } = specOf(pod)
  return [
    ...entries('/metadata/annotations', metadata.annotations, added.annotations),
    ...entries('/metadata/labels', metadata.labels, added.labels),
    ...elements('/spec/volumes', volumes, added.volumes),
    ...containers.flatMap((one, index) => ofContainer(`/spec/containers/${index}`, one, added)),
    ...initContainers.flatMap((one, index) => ofContainer(`/spec/initContainers/${index}`, one, added)),
    ...(initContainers.length === 0 ? [add('/spec/initContainers', [])] : []),
    ...added.initContainers.toReversed().map((one) => add('/spec/initContainers/0', one)),
  ]
}

function ofContainer(at: string, own: Container, { env, volumeMounts }: Added): readonly Operation[] {
  const missing = env.filter(({ name }) => own.env?.some((one) => one.name === name) !== true)
  const mounts = volumeMounts.filter(
    ({ mountPath }) => own.volumeMounts?.some((one) => one.mountPath === mountPath) !== true,
  )
  return [
    ...elements(`${at}/env`, own.env, missing),
    ...elements(`${at}/volumeMounts`, own.volumeMounts, mounts),
  ]
}

function elements(path: string, own: unknown, added: readonly unknown[]): readonly Operation[] {
  if (own === undefined) return [add(path, added)]
  return added.map((one) => add(`${path}/-`, one))
}

function entries(path: string, own: unknown, added: Readonly<Record<string, string>>): readonly Operation[] {
  if (own === undefined) return [add(path, added)]
  return Object.entries(added).map(([key, value]) =>
    add(`${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, value),
  )
}

function add(path: string, value: unknown): Operation {
  return { op: 'add', path, value }
}

function newElements<T>(before: readonly T[] = [], after: readonly T[] = []): readonly T[] {
  return after.filter((one) => !before.some((old) => isDeepStrictEqual(old, one)))
}

function newEntries(
  before: Pod['metadata']['annotations'] = {},
  after: Pod['metadata']['annotations'] = {},
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(after).filter(([key, value]) => before[key] !== value))
}

function specOf(pod: Pod): Spec {
  return pod.spec as unknown as Spec
}
