/** What Kubernetes' controllers say of the pods that they make, or may not make. */
import { until, type Asked } from './cluster.ts'
import type { PodName } from './pods.ts'

/** Waits for a Job of a CronJob. @returns its name */
export async function jobOf(cluster: Asked, [namespace, name]: PodName): Promise<string> {
  interface Job {
    readonly metadata: { readonly name: string; readonly ownerReferences?: readonly { name: string }[] }
  }
  return await until(
    `a Job of ${name}`,
    async () => {
      const { items } = await cluster.request('GET', `/apis/batch/v1/namespaces/${namespace}/jobs`)
      const isOf = ({ metadata }: Job): boolean => metadata.ownerReferences?.[0]?.name === name
      return (items as readonly Job[]).find(isOf)?.metadata.name
    },
    () => events(cluster, namespace),
  )
}

/** Waits until a Deployment cannot create its pods. @returns what its condition says */
export async function replicaFailure(cluster: Asked, [namespace, name]: PodName): Promise<string> {
  interface Status {
    readonly conditions?: readonly { readonly type: string; readonly message: string }[]
  }
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`
  return await until(
    `ReplicaFailure of ${name}`,
    async () => {
      const { conditions } = (await cluster.request('GET', path))['status'] as Status
      return conditions?.find(({ type }) => type === 'ReplicaFailure')?.message
    },
    () => events(cluster, namespace),
  )
}

/** Waits for an event. @returns what it says of the object, or of one that a Deployment of that name made */
export async function failedCreate(
  cluster: Asked,
  kind: 'Job' | 'ReplicaSet',
  [namespace, name]: PodName,
): Promise<string> {
  interface Event {
    readonly involvedObject: { readonly name: string }
    readonly message: string
  }
  const selector = encodeURIComponent(`reason=FailedCreate,involvedObject.kind=${kind}`)
  const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=${selector}`
  return await until(
    `the event of ${kind} ${name}`,
    async () => {
      const { items } = await cluster.request('GET', path)
      const isOf = ({ involvedObject }: Event): boolean => involvedObject.name.startsWith(name)
      return (items as readonly Event[]).find(isOf)?.message
    },
    () => events(cluster, namespace),
  )
}

function events({ kubectl }: Asked, namespace: string): Promise<string> {
  return kubectl(['get', 'events', '--namespace', namespace])
}
