/** Server-side validation by a real kube-apiserver: YAML as it stands, strict, with every warning that comes with the answer. */
import https from 'node:https'
import { dirname } from 'node:path/posix'
import { startKubernetes, type Kubernetes } from '../../rig/servers/kubernetes.ts'

const STRICT = 'fieldManager=test&fieldValidation=Strict'

export interface Verdict {
  readonly status: number
  /** Each Warning header, as kubectl would print it. */
  readonly warnings: readonly string[]
  /** The object with its defaults, or the refusal. */
  readonly json: Record<string, unknown>
}

export interface Validation {
  /** Server-side apply; nothing is kept unless asked. @param manifest YAML, or JSON, which is YAML */
  apply(manifest: string, options?: { keep?: boolean }): Promise<Verdict>
  /** As kubectl's own apply asks for an object that is not there yet; nothing is kept. */
  create(manifest: string): Promise<Verdict>
  get(path: string): Promise<Record<string, unknown>>
  stop(): Promise<void>
}

export async function startValidation(): Promise<Validation> {
  const kubernetes = await startKubernetes()
  try {
    const token = await adminToken(kubernetes)
    const resources = new Map<string, Promise<readonly Resource[]>>()
    const resourcesOf = (version: string): Promise<readonly Resource[]> => {
      const path = version.includes('/') ? `/apis/${version}` : `/api/${version}`
      const known =
        resources.get(path) ??
        kubernetes.request('GET', path).then((list) => list['resources'] as readonly Resource[])
      resources.set(path, known)
      return known
    }
    return {
      async apply(manifest, { keep = false } = {}) {
        const path = await pathOf(manifest, resourcesOf)
        const query = `${STRICT}${keep ? '' : '&dryRun=All'}`
        return await send(kubernetes, token, {
          method: 'PATCH',
          path: `${path}?${query}`,
          type: 'application/apply-patch+yaml',
          body: manifest,
        })
      },
      async create(manifest) {
        const path = dirname(await pathOf(manifest, resourcesOf))
        return await send(kubernetes, token, {
          method: 'POST',
          path: `${path}?${STRICT}&dryRun=All`,
          type: 'application/yaml',
          body: manifest,
        })
      },
      get: (path) => kubernetes.request('GET', path),
      stop: () => kubernetes.stop(),
    }
  } catch (error) {
    await kubernetes.stop()
    throw error
  }
}

/** A namespace that enforces and warns by a Pod Security Standard; its name is the standard's own unless given. */
export function namespaceOf(standard: string, name = standard): string {
  const labels = Object.fromEntries(
    ['enforce', 'warn', 'audit'].map((mode) => [`pod-security.kubernetes.io/${mode}`, standard]),
  )
  return JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
}

interface Resource {
  readonly name: string
  readonly kind: string
  readonly namespaced: boolean
}

/** From the text as kustomize or JSON.stringify writes it. */
async function pathOf(
  manifest: string,
  resourcesOf: (version: string) => Promise<readonly Resource[]>,
): Promise<string> {
  const { version, kind, name, namespace } = manifest.startsWith('{') ? ofJson(manifest) : ofYaml(manifest)
  const resource = (await resourcesOf(version)).find(
    (found) => found.kind === kind && !found.name.includes('/'),
  )
  if (resource === undefined) throw new Error(`the API server knows no ${kind} in ${version}`)
  if (resource.namespaced && namespace === undefined) throw new Error(`${kind} ${name} names no namespace`)
  const base = version.includes('/') ? `/apis/${version}` : `/api/${version}`
  return `${base}${resource.namespaced ? `/namespaces/${namespace ?? ''}` : ''}/${resource.name}/${name}`
}

interface Identity {
  readonly version: string
  readonly kind: string
  readonly name: string
  readonly namespace: string | undefined
}

function ofYaml(text: string): Identity {
  const metadata = /^metadata:\n((?: .*\n?)+)/m.exec(text)?.[1] ?? ''
  return {
    version: /^apiVersion: (.+)$/m.exec(text)?.[1] ?? '',
    kind: /^kind: (.+)$/m.exec(text)?.[1] ?? '',
    name: /^ {2}name: (.+)$/m.exec(metadata)?.[1] ?? '',
    namespace: /^ {2}namespace: (.+)$/m.exec(metadata)?.[1],
  }
}

function ofJson(text: string): Identity {
  const { apiVersion, kind, metadata } = JSON.parse(text) as {
    apiVersion: string
    kind: string
    metadata: { name: string; namespace?: string }
  }
  return { version: apiVersion, kind, name: metadata.name, namespace: metadata.namespace }
}

interface Manifest {
  readonly method: string
  readonly path: string
  readonly type: string
  readonly body: string
}

function send(
  { url, ca }: Kubernetes,
  token: string,
  { method, path, type, body }: Manifest,
): Promise<Verdict> {
  return new Promise((resolve, reject) => {
    const sent = https.request(
      `${url}${path}`,
      {
        method,
        agent: false,
        ca,
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': type },
      },
      (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            warnings: answer.headersDistinct['warning'] ?? [],
            json: JSON.parse(text) as Record<string, unknown>,
          }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

async function adminToken(kubernetes: Kubernetes): Promise<string> {
  await kubernetes.makeServiceAccount('validation', 'admin')
  await kubernetes.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'validation-admin' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'validation', name: 'admin' }],
  })
  return await kubernetes.token('validation', 'admin', kubernetes.issuer)
}
