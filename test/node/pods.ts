/** Pods as the API server shows them, and what their containers do when they are asked. */
import { until, type Asked, type Cluster } from './cluster.ts'

interface Terminated {
  readonly exitCode: number
  /** What the container wrote to its termination log. */
  readonly message?: string
}

export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  /** Whether its startup probe has succeeded. */
  readonly started?: boolean
  readonly restartCount: number
  /** `containerd://` and its id. */
  readonly containerID?: string
  readonly state: {
    readonly terminated?: Terminated
    readonly running?: object
    readonly waiting?: { readonly reason?: string }
  }
  readonly lastState: { readonly terminated?: Terminated }
}

interface Condition {
  readonly type: string
  readonly status: string
}

export interface Pod {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly status: {
    readonly phase: string
    readonly conditions?: readonly Condition[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly ephemeralContainerStatuses?: readonly ContainerStatus[]
  }
}

export type PodName = readonly [namespace: string, name: string]

export async function podsOf(cluster: Asked, namespace: string, selector: string): Promise<readonly Pod[]> {
  const query = `labelSelector=${encodeURIComponent(selector)}`
  const list = await cluster.request('GET', `/api/v1/namespaces/${namespace}/pods?${query}`)
  return list['items'] as readonly Pod[]
}

/** Waits for a pod. @throws Error with what `kubectl describe` says of it */
export async function untilPod(
  cluster: Asked,
  [namespace, name]: PodName,
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

/** The first init container, which may go on as a sidecar. @throws Error where it has no status yet */
export function sidecarOf({ status }: Pod): ContainerStatus {
  return only(status.initContainerStatuses)
}

/** The first app container. @throws Error where it has no status yet */
export function appOf({ status }: Pod): ContainerStatus {
  return only(status.containerStatuses)
}

function only([first]: readonly ContainerStatus[] = []): ContainerStatus {
  if (first === undefined) throw new Error('the pod has no such container yet')
  return first
}

/** Of the first init container; it may have ended and be waiting for its next start. */
export function initEnd({ status }: Pod): Terminated | undefined {
  const first = status.initContainerStatuses?.[0]
  return first?.state.terminated ?? first?.lastState.terminated
}

export async function describe(cluster: Asked, namespace: string, name: string): Promise<string> {
  return await cluster.kubectl(['describe', 'pod', '--namespace', namespace, name])
}

/** Waits for words in a container's log, which may be written after its end is known. @returns the log */
export async function untilLogged(
  cluster: Asked,
  [namespace, name]: PodName,
  container: string,
  what: RegExp,
): Promise<string> {
  const flags = ['--namespace', namespace, '--container', container]
  return await until(
    `${String(what)} in the log of ${name}`,
    async () => {
      // Before the container is there, the API server refuses.
      const log = await cluster.kubectl(['logs', ...flags, name]).catch(() => '')
      return what.test(log) ? log : undefined
    },
    () => cluster.kubectl(['logs', ...flags, name]),
  )
}

/** Waits for a Job to be complete. @returns its one pod */
export async function completedPod(cluster: Asked, [namespace, job]: PodName): Promise<Pod> {
  const selector = `batch.kubernetes.io/job-name=${job}`
  await until(
    `the job ${job}`,
    async () => {
      const { status } = await cluster.request('GET', `/apis/batch/v1/namespaces/${namespace}/jobs/${job}`)
      const { conditions = [] } = status as { conditions?: Condition[] }
      return conditions.find((one) => one.type === 'Complete' && one.status === 'True')
    },
    () => cluster.kubectl(['describe', 'pod', '--namespace', namespace, '--selector', selector]),
  )
  const [pod, ...others] = await podsOf(cluster, namespace, selector)
  if (pod === undefined || others.length > 0) throw new Error(`job ${job} has ${others.length + 1} pods`)
  return pod
}

/** Runs a command in the pod's first container. */
export async function inPod(
  cluster: Asked,
  [namespace, name]: PodName,
  command: readonly string[],
  input?: string,
): Promise<string> {
  const flags = input === undefined ? [] : ['--stdin']
  return await cluster.kubectl(['exec', '--namespace', namespace, ...flags, name, '--', ...command], input)
}

/** What the AWS CLI's place says who it is. */
export async function callerIn(cluster: Asked, pod: PodName): Promise<string> {
  const answer = await inPod(cluster, pod, ['aws', 'sts', 'get-caller-identity'])
  return (JSON.parse(answer) as { Arn: string }).Arn
}

/** @returns what `get-caller-identity` says of a session of the role; its name is the certificate's serial */
export function sessionOf(roleArn: string): RegExp {
  const [account, role] = roleArn.split(':').slice(4)
  return new RegExp(`:sts::${account ?? ''}:assumed-${role ?? ''}/[0-9a-f]{16,40}\\b`)
}

interface Search {
  readonly files: number
  readonly found: readonly { readonly where: string; readonly which: number | string }[]
  readonly mounts: readonly string[]
}

/** Looks for texts in all that the app container can read. */
export async function searchIn(cluster: Asked, pod: PodName, secrets: readonly string[]): Promise<Search> {
  const command = ['/usr/local/bin/node', '/usr/local/lib/search.mjs']
  return JSON.parse(await inPod(cluster, pod, command, JSON.stringify(secrets))) as Search
}

/** Waits until no token of a pod is left in Vault. @throws Error with what the namespace's pods warned of */
export async function untilRootAlone(cluster: Cluster, namespace: string): Promise<void> {
  await until(
    "root's token alone",
    async () => (await cluster.vault.tokens()) === 1 || undefined,
    () => warnings(cluster, namespace),
  )
}

/** A container that could not revoke its token says so. */
async function warnings(cluster: Asked, namespace: string): Promise<string> {
  const pods = await podsOf(cluster, namespace, 'iam-ra/credentials')
  const logs = pods.map(({ metadata }) =>
    cluster.kubectl(['logs', '--namespace', namespace, '--all-containers', metadata.name]),
  )
  return (
    (await Promise.all(logs))
      .join('\n')
      .match(/^.*warning: .*$/gm)
      ?.join('\n') ?? 'no pod warned'
  )
}
