/** How far a pod with an `aws-iam-ra` container is. Pure. */
import { listOf, recordOf, textOf } from './members.ts'
import type { KubeObject } from './objects.ts'

export interface PodState {
  /** Whether its apps have credentials. */
  readonly has: boolean
  /** What it is waiting for, in a few words. */
  readonly awaits: string
}

const CONTAINER = 'aws-iam-ra'

export function podState(pod: KubeObject): PodState {
  const status = recordOf(pod['status'])
  const statuses = listOf(status['initContainerStatuses'])
  const own = statuses.find(({ name }) => name === CONTAINER)
  if (own === undefined) return { has: false, awaits: scheduling(status) }
  const state = recordOf(own['state'])
  const terminated = recordOf(state['terminated'])
  // An init container that has ended, or a sidecar whose startup probe has succeeded.
  if (terminated['exitCode'] === 0 || own['started'] === true) return { has: true, awaits: '' }
  const last = recordOf(recordOf(own['lastState'])['terminated'])
  const message = textOf(terminated['message'] ?? last['message'])
  const reason = textOf(recordOf(state['waiting'])['reason'] ?? terminated['reason'])
  if (message !== '')
    return { has: false, awaits: `${CONTAINER} failed: ${message.trim().split('\n')[0] ?? ''}` }
  return { has: false, awaits: reason === '' ? `${CONTAINER} to finish` : `${CONTAINER}: ${reason}` }
}

function scheduling(status: Readonly<Record<string, unknown>>): string {
  const refused = listOf(status['conditions']).find(
    ({ type, status: is }) => type === 'PodScheduled' && is === 'False',
  )
  return refused === undefined ? 'its containers to start' : `a node: ${textOf(refused['message'])}`
}
