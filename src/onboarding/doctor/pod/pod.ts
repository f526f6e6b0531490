/** The parts of a pod that doctor looks at, read from its object. */
import { asksAgent } from '../agent/agent.ts'
import { isRecord } from '../../../text/json.ts'
import { listOf, recordOf, textOf, type Data } from '../../kubernetes/members.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'

/** The container with the pod's program. */
export const CONTAINER = 'aws-iam-ra'

export interface Container {
  readonly image: string
  readonly args: readonly string[]
  readonly env: readonly Data[]
  /** As a sidecar has it. */
  readonly restartPolicy: string | undefined
  readonly isInit: boolean
  readonly status: ContainerStatus | undefined
}

export interface ContainerStatus {
  readonly isRunning: boolean
  readonly restarts: number
  readonly waiting: { readonly reason: string; readonly message: string } | undefined
  /** The last end, of this run or the one before. */
  readonly ended: { readonly exitCode: number; readonly reason: string; readonly message: string } | undefined
}

export interface Pod {
  readonly name: string
  readonly namespace: string
  readonly account: string
  /** Whether it asks the node agent, and needs no container. */
  readonly asksAgent: boolean
  readonly node: string | undefined
  readonly container: Container | undefined
  /** Of the service-account tokens that it mounts. */
  readonly audiences: readonly string[]
  /** Why no node takes it. */
  readonly unschedulable: string | undefined
}

export function podOf(object: KubeObject): Pod {
  const [spec, status] = [recordOf(object['spec']), recordOf(object['status'])]
  const scheduled = listOf(status['conditions']).find(({ type }) => type === 'PodScheduled')
  return {
    name: object.metadata.name,
    namespace: object.metadata.namespace ?? '',
    account: textOf(spec['serviceAccountName']) || 'default',
    asksAgent: asksAgent(object),
    node: textOf(spec['nodeName']) || undefined,
    container: containerOf(spec, status),
    audiences: listOf(spec['volumes'])
      .flatMap(({ projected }) => listOf(recordOf(projected)['sources']))
      .flatMap(({ serviceAccountToken }) =>
        isRecord(serviceAccountToken) ? [textOf(serviceAccountToken['audience'])] : [],
      ),
    unschedulable: scheduled?.['status'] === 'False' ? textOf(scheduled['message']) : undefined,
  }
}

function containerOf(spec: Data, status: Data): Container | undefined {
  const named = ({ name }: Data): boolean => name === CONTAINER
  const init = listOf(spec['initContainers']).find(named)
  const found = init ?? listOf(spec['containers']).find(named)
  if (found === undefined) return undefined
  const state = listOf(status[init === undefined ? 'containerStatuses' : 'initContainerStatuses']).find(named)
  return {
    image: textOf(found['image']),
    args: Array.isArray(found['args']) ? found['args'].map(String) : [],
    env: listOf(found['env']),
    restartPolicy: textOf(found['restartPolicy']) || undefined,
    isInit: init !== undefined,
    status: state === undefined ? undefined : statusOf(state),
  }
}

function statusOf(found: Data): ContainerStatus {
  const state = recordOf(found['state'])
  const waiting = state['waiting']
  const ended = state['terminated'] ?? recordOf(found['lastState'])['terminated']
  return {
    isRunning: isRecord(state['running']),
    restarts: Number(found['restartCount'] ?? 0),
    waiting: isRecord(waiting)
      ? { reason: textOf(waiting['reason']), message: textOf(waiting['message']) }
      : undefined,
    ended: isRecord(ended)
      ? {
          exitCode: Number(ended['exitCode'] ?? 0),
          reason: textOf(ended['reason']),
          message: textOf(ended['message']),
        }
      : undefined,
  }
}
