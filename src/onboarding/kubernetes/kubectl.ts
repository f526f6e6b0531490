/** The cluster, through the operator's own kubectl: its contexts, plug-ins, proxies and permissions are then the operator's. */
import { IamRaError } from '../../errors.ts'
import { applyObjects } from './apply.ts'
import { calling, objectsIn, type Call, type KubectlOptions, type KubectlRuntime } from './call.ts'
import { isOurs, nameOf, path, type KubeObject, type ObjectName } from './objects.ts'

export interface KubeContext {
  readonly name: string
  readonly server: string
  /** PEM. */
  readonly ca: string | undefined
}

/** All throw IamRaError with the stage `cluster`; its `status` is that of the API server's answer, if there was one. */
export interface Kubectl {
  /** Asks no server. */
  context(): Promise<KubeContext>
  /** @returns undefined if there is none, or no such kind */
  get(object: ObjectName): Promise<KubeObject | undefined>
  /** In one run of kubectl for each namespace, and for kinds of others. @returns those that exist, in no order */
  getAll(objects: readonly ObjectName[]): Promise<readonly KubeObject[]>
  /** @param kind or several, joined by commas @param selector of labels @param namespace all if undefined */
  list(kind: string, selector: string, namespace?: string): Promise<readonly KubeObject[]>
  /** Those of this name, of every namespace. */
  named(kind: string, name: string): Promise<readonly KubeObject[]>
  /**
   * Objects that carry our label in the manifest must carry it in the cluster too, if they exist.
   *
   * @returns a line for each, such as `configmap/a created`, and for each warning of the API server
   */
  apply(objects: readonly KubeObject[]): Promise<readonly string[]>
  /** Those that exist and carry our label. Does not wait for the end of pods. @returns a line for each that exists */
  delete(objects: readonly ObjectName[]): Promise<readonly string[]>
  /** A token of a service account, from TokenRequest. */
  token(
    account: { readonly namespace: string; readonly name: string },
    audience: string | undefined,
    seconds: number,
  ): Promise<string>
}

export function openKubectl(runtime: KubectlRuntime, options: KubectlOptions): Kubectl {
  const call = calling(runtime, options)
  const getAll = (names: readonly ObjectName[]): Promise<readonly KubeObject[]> => getObjects(call, names)
  return {
    context: () => readContext(call),
    getAll,
    get: async (name) => (await getAll([name]))[0],
    list: async (kind, selector, namespace) => {
      const all = namespace === undefined ? ['--all-namespaces'] : []
      const args = ['get', kind, `--selector=${selector}`, ...all, '--output=json']
      return objectsIn((await call({ doing: `list ${kind}`, args, namespace })).stdout)
    },
    named: async (kind, name) => {
      const args = [
        'get',
        kind,
        `--field-selector=metadata.name=${name}`,
        '--all-namespaces',
        '--output=json',
      ]
      return objectsIn((await call({ doing: `list ${kind}`, args })).stdout)
    },
    apply: (objects) => applyObjects(call, getAll, objects),
    delete: async (names) => await deleteObjects(call, await getAll(names)),
    token: async ({ namespace, name }, audience, seconds) => {
      const audiences = audience === undefined ? [] : [`--audience=${audience}`]
      const args = ['create', 'token', name, `--duration=${seconds}s`, ...audiences]
      const doing = `request a token of service account ${namespace}/${name}`
      return (await call({ doing, args, namespace })).stdout.trim()
    },
  }
}

/** Only what is asked for: the rest of a kubeconfig is secret. */
const CONTEXT = [
  '{.current-context}',
  '{.clusters[0].cluster.server}',
  '{.clusters[0].cluster.certificate-authority-data}',
].join('{"\\n"}')

async function readContext(call: Call): Promise<KubeContext> {
  const args = ['config', 'view', '--minify', '--flatten', '--raw', `--output=jsonpath=${CONTEXT}`]
  const { stdout } = await call({ doing: 'read the kubeconfig', args })
  const [name = '', server = '', ca = ''] = stdout.split('\n')
  return { name, server, ca: ca === '' ? undefined : Buffer.from(ca, 'base64').toString('utf8') }
}

/** If the cluster lacks one kind, kubectl reads nothing: kinds that it may lack have a run of their own. */
async function getObjects(call: Call, names: readonly ObjectName[]): Promise<readonly KubeObject[]> {
  const found: KubeObject[] = []
  for (const group of groupsBy(names, ({ kind, namespace = '' }) => `${customGroup(kind)} ${namespace}`))
    found.push(...(await readObjects(call, group)))
  return found
}

function customGroup(kind: string): string {
  const [, group = ''] = /\.(.+)$/.exec(kind) ?? []
  return group.includes('.') && !group.endsWith('.k8s.io') ? group : ''
}

async function readObjects(call: Call, names: readonly ObjectName[]): Promise<readonly KubeObject[]> {
  const args = ['get', ...names.map(path), '--ignore-not-found', '--output=json', '--show-managed-fields']
  const doing = `read ${names.map(path).join(', ')}`
  try {
    return objectsIn((await call({ doing, args, namespace: names[0]?.namespace })).stdout)
  } catch (error) {
    // An object or a namespace that does not exist is no error here, so it is the kind.
    if (error instanceof IamRaError && error.status === 404) return []
    throw error
  }
}

async function deleteObjects(call: Call, objects: readonly KubeObject[]): Promise<readonly string[]> {
  for (const group of groupsBy(objects.filter(isOurs).map(nameOf), ({ namespace = '' }) => namespace)) {
    const args = ['delete', ...group.map(path), '--ignore-not-found', '--wait=false']
    const doing = `delete ${group.map(path).join(', ')}`
    await call({ doing, args, namespace: group[0]?.namespace })
  }
  return objects.map((object) => {
    return `${path(nameOf(object))} ${isOurs(object) ? 'deleted' : 'kept: it has no label of iam-ra'}`
  })
}

function groupsBy<T>(values: readonly T[], key: (value: T) => string): readonly (readonly T[])[] {
  return [...new Set(values.map(key))].map((group) => values.filter((value) => key(value) === group))
}
