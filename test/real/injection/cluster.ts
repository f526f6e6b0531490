/** A real API server with the policies of k8s/injection in force, and pods that are sent to it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'
import { ROOT } from '../../../scripts/checks/files.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { api, type ApiAnswer } from '../../rig/servers/api.ts'
import {
  startKubernetes,
  type ApiServerName,
  type Kubernetes,
  type KubernetesOptions,
} from '../../rig/servers/kubernetes.ts'
import { render, renderAt } from '../manifests/kustomize.ts'

export interface Pod {
  readonly metadata: {
    readonly annotations?: Readonly<Record<string, string>>
    readonly labels?: Readonly<Record<string, string>>
    readonly [other: string]: unknown
  }
  readonly spec: Readonly<Record<string, unknown>>
}

export interface Answer {
  readonly status: number
  readonly pod: Pod
  /** The API server's message, if it refused. */
  readonly says: string
  /** The code of each reason in it. */
  readonly codes: readonly string[]
}

export interface Cluster {
  readonly kubernetes: Kubernetes
  /** A namespace with the label that switches injection on. @param labels more, or `iam-ra/injection` changed */
  namespace(name: string, annotations: Pod['metadata']['annotations'], labels?: object): Promise<void>
  /** Another ConfigMap with a binding of its own, for namespaces with the labels that it returns. */
  settings(changes: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>>
  /** As cluster-admin; refusals and warnings are part of the answer. */
  call(method: string, path: string, body: object, type?: string): Promise<ApiAnswer>
  /** Nothing is kept. */
  send(namespace: string, pod: Pod): Promise<Answer>
  /** Another API server on the same etcd, to send to. */
  beside(apiserver: ApiServerName): Promise<Cluster>
  /** Sends until `accept` holds: a change of policies is in force after about a second. */
  sendUntil(namespace: string, pod: Pod, accept: (answer: Answer) => boolean): Promise<Answer>
}

export const ADMISSION = '/apis/admissionregistration.k8s.io/v1'
export const SETTINGS = '/api/v1/namespaces/iam-ra/configmaps'
const ANCHOR =
  'arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/11111111-1111-1111-1111-111111111111'
const PROFILE = 'arn:aws:rolesanywhere:eu-central-1:123456789012:profile/22222222-2222-2222-2222-222222222222'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly [other: string]: unknown
}

/** What the policies are tried on. */
const SERVERS = {
  '1.36': {},
  '1.37': { apiserver: 'kube-apiserver-1.37' },
  /**
   * 1.36 with the expressions of 1.33 alone, as 1.34 has them, and the policies written by its beta API. It would not
   * evaluate them without v1, which 1.34 did not have.
   */
  v1beta1: {
    args: [
      '--emulated-version=1.34',
      '--emulation-forward-compatible',
      '--feature-gates=MutatingAdmissionPolicy=true',
      '--runtime-config=admissionregistration.k8s.io/v1beta1=true',
    ],
  },
} as const satisfies Readonly<Record<string, KubernetesOptions>>

let chosen: keyof typeof SERVERS = '1.36'

/** For the whole process, before its first cluster. */
export function runOn(server: keyof typeof SERVERS): void {
  chosen = server
}

/** @param hasAccountPlugin the pods' accounts must exist, and their containers get tokens for the API server */
export async function startCluster(hasAccountPlugin = false): Promise<Cluster> {
  const kubernetes = await startKubernetes({ ...SERVERS[chosen], hasAccountPlugin })
  try {
    const manifests = policies()
    for (const manifest of manifests) {
      await kubernetes.request('POST', `${collectionOf(manifest)}?fieldValidation=Strict`, manifest)
    }
    const cluster = clusterOf(kubernetes, manifests, hasAccountPlugin)
    await cluster.namespace('probe', { 'iam.amazonaws.com/permitted': '.*' })
    await cluster.namespace('plain', {}, { 'iam-ra/injection': 'off' })
    await cluster.sendUntil(
      'probe',
      asker('r'),
      ({ pod }) => 'iam-ra/injected' in (pod.metadata.annotations ?? {}),
    )
    await cluster.sendUntil('probe', asker(''), ({ codes }) => codes.includes('role-invalid'))
    return cluster
  } catch (error) {
    await kubernetes.stop()
    throw error
  }
}

/** What kustomize prints, with ARNs in the settings. */
export function policies(): readonly Manifest[] {
  return rendered('k8s/injection').map((manifest) => {
    if (manifest.kind !== 'ConfigMap') return manifest
    return {
      ...manifest,
      data: { ...(manifest['data'] as object), 'anchor-arn': ANCHOR, 'profile-arn': PROFILE },
    }
  })
}

/** The objects of such a directory, for the API server that was chosen. */
export function rendered(directory: string): readonly Manifest[] {
  if (chosen === 'v1beta1') return renderedForOlder([directory])
  return render(directory).map((text) => parse(text) as Manifest)
}

/** The same with the component for clusters that have the beta. */
export function renderedForOlder(directories: readonly string[]): readonly Manifest[] {
  const overlay = join(scratchFolder('older'), 'overlay')
  mkdirSync(overlay)
  const [component, ...resources] = ['k8s/injection/v1beta1', ...directories].map((path) =>
    relative(overlay, join(ROOT, path)),
  )
  const text = JSON.stringify({ resources, components: [component] })
  writeFileSync(join(overlay, 'kustomization.yaml'), text)
  return renderAt(overlay).map((one) => parse(one) as Manifest)
}

export function isInjected({ pod }: Answer): boolean {
  return 'iam-ra/injected' in (pod.metadata.annotations ?? {})
}

/** Where such objects are created. */
export function collectionOf({ apiVersion, kind, metadata: { namespace } }: Manifest): string {
  const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`
  const place = namespace === undefined ? '' : `/namespaces/${namespace}`
  return `${group}${place}/${kind.toLowerCase().replace(/policy$/, 'policie')}s`
}

export function asker(role: string, annotations: Readonly<Record<string, string>> = {}): Pod {
  return {
    metadata: { annotations: { 'iam.amazonaws.com/role': role, ...annotations } },
    spec: { containers: [{ name: 'app', image: 'nginx' }] },
  }
}

/** The pod as its author would send it again. */
export function exported({ metadata, spec }: Pod): Pod {
  const { annotations = {}, labels = {} } = metadata
  return { metadata: { annotations, labels }, spec }
}

export function clusterOf(
  kubernetes: Kubernetes,
  manifests: readonly Manifest[] = [],
  hasAccountPlugin = false,
): Cluster {
  const known: { readonly changes: object; readonly label: string }[] = []
  const token = tokenOf(kubernetes)
  const call: Cluster['call'] = (method, path, body, type = 'application/json') =>
    api(method, `${kubernetes.url}${path}`, {
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': type },
      ...{ ca: kubernetes.ca, body },
    })
  const send: Cluster['send'] = async (namespace, pod) => {
    const { status, json } = await call(
      'POST',
      `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldValidation=Strict`,
      {
        ...{ apiVersion: 'v1', kind: 'Pod' },
        metadata: { name: 'p', ...pod.metadata },
        // This server has no controller for accounts, and none is looked for.
        spec: { serviceAccountName: 'default', ...pod.spec },
      },
    )
    const says = status < 300 ? '' : String(json['message'])
    return { status, pod: json as unknown as Pod, says, codes: codesOf(says) }
  }
  const sendUntil: Cluster['sendUntil'] = async (namespace, pod, accept) => {
    for (const deadline = Date.now() + 30_000; ;) {
      const answer = await send(namespace, pod)
      if (accept(answer)) return answer
      if (Date.now() > deadline) throw new Error(`still not in force: ${JSON.stringify(answer)}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  const namespace: Cluster['namespace'] = async (name, annotations, labels = {}) => {
    const metadata = { name, annotations, labels: { 'iam-ra/injection': 'enabled', ...labels } }
    await kubernetes.request('POST', '/api/v1/namespaces', { metadata })
    if (hasAccountPlugin) await kubernetes.makeServiceAccount(name, 'default')
  }
  return {
    ...{ kubernetes, call, send, sendUntil, namespace },
    beside: async (apiserver) => clusterOf(await kubernetes.beside(apiserver), manifests, hasAccountPlugin),
    async settings(changes) {
      const found = known.find((one) => isDeepStrictEqual(one.changes, changes))
      if (found !== undefined) return labelsOf(found.label)
      const label = `settings-${known.length}`
      known.push({ changes, label })
      for (const manifest of withSettings(manifests, changes, label)) {
        await kubernetes.request('POST', collectionOf(manifest), manifest)
      }
      await namespace(`probe-${label}`, { 'iam.amazonaws.com/permitted': '.*' }, labelsOf(label))
      await sendUntil(`probe-${label}`, asker('r'), ({ codes }) => !codes.includes('not-injected'))
      return labelsOf(label)
    },
  }
}

/** The first label takes the namespace from the product's own binding. */
function labelsOf(label: string): Readonly<Record<string, string>> {
  return { 'iam-ra/default-role': 'on', settings: label }
}

function withSettings(
  manifests: readonly Manifest[],
  changes: Readonly<Record<string, string>>,
  name: string,
): readonly Manifest[] {
  return manifests.flatMap((manifest) => {
    const copy = { ...manifest, metadata: { ...manifest.metadata, name } }
    if (manifest.kind === 'ConfigMap')
      return { ...copy, data: { ...(manifest['data'] as object), ...changes } }
    if (manifest.kind !== 'MutatingAdmissionPolicyBinding' || manifest.metadata.name !== 'iam-ra-inject')
      return []
    const { paramRef, ...spec } = manifest['spec'] as { readonly paramRef: object }
    const matchResources = { namespaceSelector: { matchLabels: { settings: name } } }
    return { ...copy, spec: { ...spec, paramRef: { ...paramRef, name }, matchResources } }
  })
}

/** cluster-admin's. */
export function tokenOf(kubernetes: Kubernetes): string {
  const config = JSON.parse(kubernetes.kubeconfig()) as { users: { user: { token: string } }[] }
  return config.users[0]?.user.token ?? ''
}

/** `…denied request: code: sentence; code: sentence`. */
function codesOf(says: string): readonly string[] {
  const text = says.split(' denied request: ').slice(1).join(' ')
  return text.split('; ').flatMap((one) => /^([a-z][a-z0-9-]*): /.exec(one)?.[1] ?? [])
}
