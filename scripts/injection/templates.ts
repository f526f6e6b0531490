/** The pod templates of k8s/base and k8s/sidecar, and what k8s/examples/renew and k8s/sidecar/metadata add to them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ROOT } from '../checks/files.ts'
import { Cel, type Value } from './cel.ts'

export interface EnvEntry {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string }
    readonly secretKeyRef?: { readonly name: string; readonly key: string }
  }
}

export interface Mount {
  readonly name: string
  readonly mountPath: string
  readonly readOnly?: boolean
}

export type Container = Readonly<Record<string, Value>> & {
  readonly name: string
  readonly resources: {
    readonly requests: { readonly cpu: string; readonly memory: string }
    readonly limits: { readonly memory: string }
  }
}

export interface App {
  readonly env: readonly EnvEntry[]
  readonly volumeMounts: readonly Mount[]
}

export interface Volume {
  readonly name: string
  readonly [key: string]: Value
}

/** What pods get in one of the modes; `init`, `renew` and `serve` are also the argument of the program, if it has one. */
export interface Parts {
  /** Without env and mounts. */
  readonly container: Container
  readonly env: readonly EnvEntry[]
  readonly mounts: readonly Mount[]
  readonly volumes: readonly Volume[]
  /** What each app container gets, by the container's name in the template. */
  readonly apps: Readonly<Record<string, App>>
}

/** What mode `metadata` adds to the parts of `serve`. */
export interface MetadataParts {
  /** The init container that adds the address to the pod's loopback interface. */
  readonly address: Container
  readonly env: readonly EnvEntry[]
  readonly sysctl: { readonly name: string; readonly value: string }
}

export interface Templates {
  readonly init: Parts
  readonly renew: Parts
  readonly serve: Parts
  readonly metadata: MetadataParts
}

export function templates(): Templates {
  const init = partsOf((read('base/pod-template.yaml') as { template: PodTemplate }).template)
  const serve = partsOf((read('sidecar/pod-template.yaml') as { template: PodTemplate }).template)
  const patch = read('examples/renew/patch.yaml') as { spec: { template: PodTemplate } }
  const { env = [], ...more } = containerOf(patch.spec.template)
  const renew = { ...init, container: { ...init.container, ...more }, env: [...init.env, ...env] }
  return { init, renew, serve, metadata: metadataOf(read('sidecar/metadata/pod-template.yaml')) }
}

/** The token's audience is the pod's choice. */
export function withAudience(value: Value): Value {
  if (typeof value !== 'object' || value instanceof Cel) return value
  if (Array.isArray(value)) return (value as readonly Value[]).map(withAudience)
  const entries = Object.entries(value).map(([key, one]): [string, Value] => [
    key,
    key === 'audience' ? new Cel('variables.audience') : withAudience(one),
  ])
  return Object.fromEntries(entries)
}

interface PodTemplate {
  readonly spec: {
    readonly securityContext?: { readonly sysctls: readonly MetadataParts['sysctl'][] }
    readonly initContainers: readonly TemplateContainer[]
    readonly containers: readonly (Partial<App> & { readonly name: string })[]
    readonly volumes: readonly Volume[]
  }
}

type TemplateContainer = Container & {
  readonly env?: readonly EnvEntry[]
  readonly volumeMounts?: readonly Mount[]
}

function metadataOf(file: unknown): MetadataParts {
  const { template } = file as { template: PodTemplate }
  const [address, { env = [] } = {}] = template.spec.initContainers
  const [sysctl] = template.spec.securityContext?.sysctls ?? []
  if (address === undefined || sysctl === undefined)
    throw new Error('a template without an address or a sysctl')
  return { address, env, sysctl }
}

function partsOf(template: PodTemplate): Parts {
  const { env = [], volumeMounts = [], ...container } = containerOf(template)
  const apps = template.spec.containers.map(
    ({ name, env = [], volumeMounts = [] }) => [name, { env, volumeMounts }] as const,
  )
  return {
    container: container,
    ...{ env, mounts: volumeMounts, volumes: template.spec.volumes, apps: Object.fromEntries(apps) },
  }
}

function containerOf(template: PodTemplate): TemplateContainer {
  const [container] = template.spec.initContainers
  if (container === undefined) throw new Error('a pod template without an init container')
  return container
}

function read(path: string): unknown {
  return parse(readFileSync(join(ROOT, 'k8s', path), 'utf8'))
}
