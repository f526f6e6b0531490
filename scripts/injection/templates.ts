/**
 * The pod templates of k8s/base, k8s/sidecar and k8s/agent/client, and what k8s/examples/renew and k8s/sidecar/metadata
 * add to them.
 */
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

/** What mode `agent` gives each app container. */
export interface AgentParts {
  /** The agent's scheme, address and port. */
  readonly endpoint: string
  /** Of `AWS_CONTAINER_CREDENTIALS_FULL_URI`, up to its query. */
  readonly path: string
  readonly tokenFile: EnvEntry
  readonly mount: Mount
  readonly audience: string
  readonly volume: Volume
}

export interface Templates {
  readonly init: Parts
  readonly renew: Parts
  readonly serve: Parts
  readonly metadata: MetadataParts
  readonly agent: AgentParts
}

export function templates(): Templates {
  const init = partsOf((read('base/pod-template.yaml') as { template: PodTemplate }).template)
  const serve = partsOf((read('sidecar/pod-template.yaml') as { template: PodTemplate }).template)
  const patch = read('examples/renew/patch.yaml') as { spec: { template: PodTemplate } }
  const { env = [], ...more } = containerOf(patch.spec.template)
  const renew = { ...init, container: { ...init.container, ...more }, env: [...init.env, ...env] }
  const metadata = metadataOf(read('sidecar/metadata/pod-template.yaml'))
  return { init, renew, serve, metadata, agent: agentOf(read('agent/client/pod-template.yaml')) }
}

/** @param variable has the token's audience, which is the pod's or the settings' choice */
export function withAudience(value: Value, variable = 'audience'): Value {
  if (typeof value !== 'object' || value instanceof Cel) return value
  if (Array.isArray(value)) return (value as readonly Value[]).map((one) => withAudience(one, variable))
  const entries = Object.entries(value).map(([key, one]): [string, Value] => [
    key,
    key === 'audience' ? new Cel(`variables.${variable}`) : withAudience(one, variable),
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

function agentOf(file: unknown): AgentParts {
  const { spec } = (file as { template: PodTemplate }).template
  const { env = [], volumeMounts: [mount] = [] } = spec.containers[0] ?? {}
  const uri = env.find(({ name }) => name === 'AWS_CONTAINER_CREDENTIALS_FULL_URI')?.value
  const [, endpoint, path] = /^(http:\/\/[^/]+)(\/[^?]+)\?/.exec(uri ?? '') ?? []
  const tokenFile = env.find(({ name }) => name === 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')
  const [volume] = spec.volumes
  const audience = /"audience":"([^"]+)"/.exec(JSON.stringify(volume))?.[1]
  if (!endpoint || !path || !tokenFile || !mount || !volume || !audience)
    throw new Error('a template of the agent without its address, token or volume')
  return { endpoint, path, tokenFile, mount, audience, volume }
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
