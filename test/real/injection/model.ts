/** What a pod must become, worked out from the pod templates and not from the policy. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ROOT } from '../../../scripts/checks/files.ts'
import type { Pod } from './cluster.ts'

/** What is not as the settings and the templates have it. */
export interface Injected {
  readonly role: string
  readonly mode?: 'init' | 'renew' | 'serve' | 'imds' | 'metadata' | 'agent'
  readonly home?: string
  readonly image?: string
  readonly audience?: string
  readonly resources?: object
  /** Of the container: changed, added, or `secret` as the template has it. */
  readonly env?: Readonly<Record<string, string>>
  readonly skip?: readonly string[]
  /** Containers that keep a mount of their own. */
  readonly unmounted?: readonly string[]
  readonly after?: string
  /** Of the agent's address, after the role; only in mode `agent`. */
  readonly query?: string
}

interface Entry {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: object
}

interface Mount {
  readonly name: string
  readonly mountPath: string
}

interface Container {
  readonly name: string
  readonly env?: readonly Entry[]
  readonly volumeMounts?: readonly Mount[]
  readonly [other: string]: unknown
}

interface Volume {
  readonly name: string
}

interface Spec {
  readonly securityContext?: { readonly sysctls?: readonly object[]; readonly runAsUser?: number }
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes?: readonly Volume[]
}

const ARNS: Readonly<Record<string, string>> = {
  ANCHOR_ARN:
    'arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/11111111-1111-1111-1111-111111111111',
  PROFILE_ARN: 'arn:aws:rolesanywhere:eu-central-1:123456789012:profile/22222222-2222-2222-2222-222222222222',
}

export function injectedPod(pod: Pod, injected: Injected): Pod {
  return injected.mode === 'agent' ? withAgent(pod, injected) : withContainer(pod, injected)
}

/** No container, but a token, and the agent's address with all that is known in its query. */
function withAgent(pod: Pod, { role, skip = [], unmounted = [], audience, query }: Injected): Pod {
  const spec = pod.spec as unknown as Spec
  const { containers, volumes = [] } = templateOf('agent/client/pod-template.yaml')
  const [app] = containers
  const uri = app?.env?.find(({ name }) => name === 'AWS_CONTAINER_CREDENTIALS_FULL_URI')?.value ?? ''
  const asked = role.replace(/[%&#]/g, encodeURIComponent)
  const known = `role=${asked}${query ?? `&profile=${ARNS['PROFILE_ARN']}&anchor=${ARNS['ANCHOR_ARN']}`}`
  const more = [
    { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: uri.replace(/\?.*/, `?${known}`) },
    ...(app?.env?.filter(({ name }) => name === 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE') ?? []),
  ]
  const withApp = (container: Container): Container => {
    if (skip.includes(container.name)) return container
    const { env = [], volumeMounts = [] } = container
    const mounts = unmounted.includes(container.name) ? [] : (app?.volumeMounts ?? [])
    const added = more.filter(({ name }) => !env.some((own) => own.name === name))
    return { ...container, env: [...env, ...added], volumeMounts: [...volumeMounts, ...mounts] }
  }
  const own = (spec.volumes ?? []).filter(({ name }) => !volumes.some((one) => one.name === name))
  const text = JSON.stringify(volumes).replace(
    '"audience":"iam-ra-agent"',
    `"audience":${JSON.stringify(audience ?? 'iam-ra-agent')}`,
  )
  return {
    metadata: {
      ...pod.metadata,
      annotations: { ...pod.metadata.annotations, 'iam-ra/injected': role },
      labels: { ...pod.metadata.labels, 'iam-ra/credentials': 'agent' },
    },
    spec: {
      ...spec,
      containers: spec.containers.map(withApp),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(withApp) }),
      volumes: [...own, ...(parse(text) as readonly Volume[])],
    },
  }
}

function withContainer(pod: Pod, injected: Injected): Pod {
  const { mode = 'init', role, audience = 'vault', home = '/home/app', after } = injected
  const isFile = mode === 'init' || mode === 'renew'
  const template = templateOf(isFile ? 'base/pod-template.yaml' : 'sidecar/pod-template.yaml')
  const app = template.containers.find(({ name }) => name === (mode === 'imds' ? 'imds-app' : 'app'))
  const metadata = mode === 'metadata' ? templateOf('sidecar/metadata/pod-template.yaml') : undefined
  const spec = pod.spec as unknown as Spec
  const inits = (spec.initContainers ?? []).map((one) => withApp(one))
  const place = 1 + inits.findIndex(({ name }) => name === after)
  function withApp(container: Container): Container {
    if (injected.skip?.includes(container.name) === true) return container
    if (metadata !== undefined) return container
    const { env = [], volumeMounts = [] } = container
    const more = parse(JSON.stringify(app).replaceAll('HOME/', `${home}/`)) as Container
    const added = (more.env ?? []).filter(({ name }) => !env.some((own) => own.name === name))
    const mounts = injected.unmounted?.includes(container.name) === true ? [] : (more.volumeMounts ?? [])
    const all = [...volumeMounts, ...mounts]
    return { ...container, env: [...env, ...added], ...(all.length === 0 ? {} : { volumeMounts: all }) }
  }
  const own = (spec.volumes ?? []).filter(({ name }) => !template.volumes?.some((one) => one.name === name))
  const text = JSON.stringify(template.volumes).replace(
    '"audience":"vault"',
    `"audience":${JSON.stringify(audience)}`,
  )
  return {
    metadata: {
      ...pod.metadata,
      annotations: { ...pod.metadata.annotations, 'iam-ra/injected': role },
      labels: { ...pod.metadata.labels, 'iam-ra/credentials': isFile ? 'true' : mode },
    },
    spec: {
      ...spec,
      containers: spec.containers.map((one) => withApp(one)),
      initContainers: inits.toSpliced(
        place,
        0,
        ...(metadata === undefined ? [] : [addressContainer(metadata, injected)]),
        asUser(spec, ourContainer(template, mode, injected)),
      ),
      ...withSysctls(spec, metadata),
      volumes: [...own, ...(parse(text) as readonly Volume[])],
    },
  }
}

function addressContainer({ initContainers: [container] = [] }: Spec, { image }: Injected): Container {
  if (container === undefined) throw new Error('the template has no init container')
  return { ...container, image: image ?? container['image'] }
}

/** Not root, whatever the pod is. */
function asUser({ securityContext }: Spec, container: Container): Container {
  if (securityContext?.runAsUser !== 0) return container
  return { ...container, securityContext: { ...(container['securityContext'] as object), runAsUser: 65532 } }
}

/** Nothing if the pod has the sysctl already. */
function withSysctls(
  { securityContext = {} }: Spec,
  metadata: Spec | undefined,
): Pick<Spec, 'securityContext'> {
  const { sysctls = [] } = securityContext
  const has = sysctls.some((one) => JSON.stringify(one).includes('ip_unprivileged_port_start'))
  if (metadata === undefined || has) return {}
  return {
    securityContext: {
      ...securityContext,
      sysctls: [...sysctls, ...(metadata.securityContext?.sysctls ?? [])],
    },
  }
}

function ourContainer(
  template: Spec,
  mode: string,
  { role, env = {}, image, resources }: Injected,
): Container {
  const [container] = template.initContainers ?? []
  if (container === undefined) throw new Error('the template has no init container')
  const { env: added = [], ...more } = addedBy(mode)
  const values: Readonly<Record<string, string>> = {
    ...{ CLUSTER: 'demo', VAULT_ADDR: 'https://vault.vault.svc.cluster.local:8200', ROLE_ARN: role },
    ...ARNS,
    ...env,
  }
  const entries = [...(container.env ?? []), ...added]
  const others = Object.keys(env).filter((name) => !entries.some((entry) => entry.name === name))
  return {
    ...container,
    ...more,
    image: image ?? container['image'],
    resources: resources ?? container['resources'],
    env: [...entries, ...others.map((name) => ({ name }))].map((entry) => {
      const value = values[entry.name]
      return value === undefined || value === 'secret' ? entry : { name: entry.name, value }
    }),
  }
}

function addedBy(mode: string): Partial<Container> {
  if (mode === 'metadata') {
    const [, sidecar] = templateOf('sidecar/metadata/pod-template.yaml').initContainers ?? []
    return { env: sidecar?.env ?? [] }
  }
  if (mode !== 'renew') return {}
  const patch = read('examples/renew/patch.yaml') as { spec: { template: { spec: Spec } } }
  return patch.spec.template.spec.initContainers?.[0] ?? {}
}

function templateOf(path: string): Spec {
  return (read(path) as { template: { spec: Spec } }).template.spec
}

function read(path: string): unknown {
  return parse(readFileSync(join(ROOT, 'k8s', path), 'utf8'))
}
