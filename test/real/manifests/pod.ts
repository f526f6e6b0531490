/** The pods in what the API server answers, and the environment that a kubelet gives their containers. */

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string }
    readonly secretKeyRef?: { readonly name: string; readonly key: string }
    readonly configMapKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean }
  }
}

export interface Container {
  readonly name: string
  readonly image?: string
  readonly args?: readonly string[]
  readonly restartPolicy?: string
  readonly ports?: readonly { name?: string; containerPort: number; hostPort?: number }[]
  readonly startupProbe?: Probe
  readonly livenessProbe?: Probe
  readonly readinessProbe?: Probe
  readonly env?: readonly EnvVar[]
  readonly volumeMounts?: readonly {
    name: string
    mountPath: string
    readOnly?: boolean
    subPath?: string
  }[]
  readonly securityContext?: Readonly<Record<string, unknown>>
  readonly resources?: unknown
}

export interface Probe {
  readonly httpGet?: { readonly host?: string; readonly path: string; readonly port: number | string }
  readonly periodSeconds?: number
  readonly failureThreshold?: number
}

export interface Volume {
  readonly name: string
  readonly [source: string]: unknown
}

export interface PodTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> }
  readonly spec: {
    readonly automountServiceAccountToken?: boolean
    readonly serviceAccountName?: string
    readonly hostNetwork?: boolean
    readonly priorityClassName?: string
    readonly securityContext?: { readonly sysctls?: readonly { name: string; value: string }[] }
    readonly initContainers?: readonly Container[]
    readonly containers: readonly Container[]
    readonly volumes?: readonly Volume[]
  }
}

/** The pod of a Pod, of a workload or of a CronJob; undefined for anything else. */
export function templateOf(object: Readonly<Record<string, unknown>>): PodTemplate | undefined {
  if (object['kind'] === 'Pod') return object as unknown as PodTemplate
  const spec = object['spec'] as
    { template?: PodTemplate; jobTemplate?: { spec: { template: PodTemplate } } } | undefined
  return spec?.jobTemplate?.spec.template ?? spec?.template
}

/** The pod that a controller would make of the template. */
export function podOf(template: PodTemplate, name: string, namespace: string): string {
  const { metadata, spec } = template
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: metadata?.labels ?? {} },
    spec,
  })
}

export interface Surroundings {
  readonly namespace: string
  readonly serviceAccount: string
  /** By name, then by key. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** In the same way. */
  readonly configMaps?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/**
 * `$(NAME)` stands for what was set before it in the list, and stays as it is where nothing was.
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
export function environmentOf(
  { env = [] }: Container,
  surroundings: Surroundings,
): Readonly<Record<string, string>> {
  const known: Record<string, string> = {}
  for (const variable of env) {
    const value =
      variable.valueFrom === undefined
        ? (variable.value ?? '').replace(/\$\((\w+)\)/g, (text, name: string) => known[name] ?? text)
        : sourceOf(variable, surroundings)
    if (value !== undefined) known[variable.name] = value
  }
  return known
}

function sourceOf({ name, valueFrom }: EnvVar, surroundings: Surroundings): string | undefined {
  const { namespace, serviceAccount, secrets, configMaps = {} } = surroundings
  const fields: Readonly<Record<string, string>> = {
    'metadata.namespace': namespace,
    'spec.serviceAccountName': serviceAccount,
    'spec.nodeName': 'node-1',
    'status.hostIP': '192.0.2.10',
  }
  const { fieldRef, secretKeyRef, configMapKeyRef } = valueFrom ?? {}
  const value = fieldRef === undefined ? undefined : fields[fieldRef.fieldPath]
  const found =
    value ??
    secrets[secretKeyRef?.name ?? '']?.[secretKeyRef?.key ?? ''] ??
    configMaps[configMapKeyRef?.name ?? '']?.[configMapKeyRef?.key ?? '']
  if (found === undefined && configMapKeyRef?.optional !== true)
    throw new Error(`a kubelet would find nothing for ${name}`)
  return found
}
