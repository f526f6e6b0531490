/** Pods as the API server shows them, and what their containers do when they are asked. */
import { until, type Cluster } from './cluster.ts'

interface Terminated {
  readonly exitCode: number
  /** What the container wrote to its termination log. */
  readonly message?: string
}

export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly restartCount: number
  /** `containerd://` and its id. */
  readonly containerID?: string
  readonly state: { readonly terminated?: Terminated; readonly running?: object; readonly waiting?: object }
  readonly lastState: { readonly terminated?: Terminated }
}

export interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string }
  readonly status: {
    readonly phase: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
    readonly containerStatuses?: readonly ContainerStatus[]
  }
}

export async function podsOf(cluster: Cluster, namespace: string, selector: string): Promise<readonly Pod[]> {
  const query = `labelSelector=${encodeURIComponent(selector)}`
  const list = await cluster.request('GET', `/api/v1/namespaces/${namespace}/pods?${query}`)
  return list['items'] as readonly Pod[]
}

/** Waits for a pod. @throws Error with what `kubectl describe` says of it */
export async function untilPod(
  cluster: Cluster,
  [namespace, name]: readonly [namespace: string, name: string],
  what: string,
  isSo: (pod: Pod) => boolean,
): Promise<Pod> {
  return await until(
    `${namespace}/${name}: ${what}`,
    async () => {
      const pod = (await cluster.request(
        'GET',
        `/api/v1/namespaces/${namespace}/pods/${name}`,
      )) as unknown as Pod
      return isSo(pod) ? pod : undefined
    },
    () => describe(cluster, namespace, name),
  )
}

export function isReady({ status }: Pod): boolean {
  return (status.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True')
}

/** Of the first init container; it may have ended and be waiting for its next start. */
export function initEnd({ status }: Pod): Terminated | undefined {
  const first = status.initContainerStatuses?.[0]
  return first?.state.terminated ?? first?.lastState.terminated
}

export async function describe(cluster: Cluster, namespace: string, name: string): Promise<string> {
  return await cluster.kubectl(['describe', 'pod', '--namespace', namespace, name])
}

/** Runs a command in the pod's first container. */
export async function inPod(
  cluster: Cluster,
  [namespace, name]: readonly [namespace: string, name: string],
  command: readonly string[],
  input?: string,
): Promise<string> {
  const flags = input === undefined ? [] : ['--stdin']
  return await cluster.kubectl(['exec', '--namespace', namespace, ...flags, name, '--', ...command], input)
}

/** What the AWS CLI's place says who it is. */
export async function callerIn(
  cluster: Cluster,
  pod: readonly [namespace: string, name: string],
): Promise<string> {
  const answer = await inPod(cluster, pod, ['aws', 'sts', 'get-caller-identity'])
  return (JSON.parse(answer) as { Arn: string }).Arn
}
