/** The node agent of k8s/agent, with what the chart sets in place of its examples. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { ROOT } from '../checks/files.ts'
import type { Manifest } from '../injection/policies.ts'

const DIRECTORY = join(ROOT, 'k8s/agent')

/** What the chart writes in place of these members, wherever they are in a DaemonSet. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  VAULT_ROLE: 'HELM_AGENT_VAULT_ROLE',
  VAULT_CERT_NAME: 'HELM_AGENT_PKI_ROLE',
  AGENT_METRICS_ADDR: 'HELM_AGENT_METRICS',
}

interface DaemonSet extends Manifest {
  readonly spec: {
    readonly template: {
      readonly metadata: object
      readonly spec: {
        readonly initContainers: readonly Container[]
        readonly containers: readonly Container[]
        readonly volumes: readonly { readonly name: string }[]
      }
    }
  }
}

interface Container {
  readonly image: string
  readonly env?: readonly { readonly name: string }[]
}

export function agent(): readonly Manifest[] {
  const { resources } = read('kustomization.yaml') as { readonly resources: readonly string[] }
  return resources.map((name) => placed(filled(read(name) as Manifest)))
}

function placed(manifest: Manifest): Manifest {
  const metadata = manifest['metadata'] as object
  const place = manifest['kind'] === 'Namespace' ? 'name' : 'namespace'
  return { ...manifest, metadata: { ...metadata, [place]: 'HELM_AGENT_NAMESPACE' } }
}

function filled(manifest: Manifest): Manifest {
  if (manifest['kind'] === 'ConfigMap') return { ...manifest, data: 'HELM_AGENT_DATA' }
  return manifest['kind'] === 'DaemonSet' ? withValues(manifest as DaemonSet) : manifest
}

function withValues(manifest: DaemonSet): Manifest {
  const { template } = manifest.spec
  const pod = template.spec
  return {
    ...manifest,
    spec: {
      ...manifest.spec,
      template: {
        // The agent reads its settings when it starts.
        metadata: { ...template.metadata, annotations: { 'iam-ra/settings': 'HELM_AGENT_CHECKSUM' } },
        spec: {
          ...pod,
          initContainers: pod.initContainers.map(container),
          containers: pod.containers.map(container),
          volumes: pod.volumes.map((volume) =>
            volume.name === 'vault-ca' ? { ...volume, configMap: { name: 'HELM_AGENT_VAULT_CA' } } : volume,
          ),
        },
      },
    },
  }
}

function container({ env, ...rest }: Container): Container {
  const values = env?.map((entry) => {
    const value = ENVIRONMENT[entry.name]
    return value === undefined ? entry : { ...entry, value }
  })
  return { ...rest, image: 'HELM_IMAGE', ...(values && { env: values }) }
}

function read(name: string): unknown {
  return parse(readFileSync(join(DIRECTORY, name), 'utf8'))
}
