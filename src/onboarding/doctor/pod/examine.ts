/** The checks of pods: the one that is named, or those that have a workload's label. */
import { IamRaError } from '../../../errors.ts'
import type { Kubectl } from '../../kubernetes/kubectl.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'
import type { Binding } from '../../aws/bindings.ts'
import { configName } from '../../kubernetes/manifests/workload.ts'
import { dataOf, type WorkloadObjects } from '../cluster/objects.ts'
import type { Commands } from '../commands.ts'
import type { Examination } from '../examination.ts'
import { ok, type Finding } from '../finding.ts'
import { audienceOf } from '../vault/auth.ts'
import type { VaultFacts } from '../vault/examine.ts'
import { noPodFindings, podFindings, type PodFacts } from './findings.ts'
import { podOf } from './pod.ts'
import { isRecord } from '../../../text/json.ts'

export const LABEL = 'iam-ra/workload'
const STANDARD = 'pod-security.kubernetes.io/enforce'

interface PodQuestion {
  readonly kubectl: Kubectl
  readonly workloads: readonly WorkloadObjects[]
  /** The one that is asked for. */
  readonly pod: KubeObject | undefined
  /** Undefined if it could not be looked at. */
  readonly vault: VaultFacts | undefined
  readonly commands: Commands
}

/** A workload of many replicas fails in all of them alike. */
const MOST_PODS = 3

export async function examinePods(exam: Examination, question: PodQuestion): Promise<void> {
  const levels = new Map(
    question.workloads.flatMap(({ bound, namespace }) => {
      const level = namespace?.metadata.labels?.[STANDARD]
      return level === undefined ? [] : [[bound.binding.namespace, level] as const]
    }),
  )
  for (const [namespace, level] of levels)
    exam.say('Pod', 'standard', [ok(`namespace ${namespace} enforces the ${level} Pod Security Standard`)])
  for (const workload of question.workloads) {
    await exam.look('Pod', 'pod', {
      read: () => readPods(question, workload.bound.binding),
      judge: ({ pods, events, nodes }) =>
        pods.length === 0
          ? noPodFindings(workload.bound, events)
          : pods.flatMap((object, at) =>
              findingsOf(question, workload, object, { kubelet: nodes[at], events }),
            ),
    })
  }
}

async function readPods(
  { kubectl, pod }: PodQuestion,
  { workload, namespace }: Binding,
): Promise<{
  readonly pods: readonly KubeObject[]
  readonly events: readonly KubeObject[]
  readonly nodes: readonly (string | undefined)[]
}> {
  const found = pod === undefined ? await kubectl.list('pod', `${LABEL}=${workload}`, namespace) : [pod]
  const pods = newest(found).slice(0, MOST_PODS)
  return {
    pods,
    events: pods.every(isUnderWay) && pods.length > 0 ? [] : await eventsOf(kubectl, namespace),
    nodes: await Promise.all(pods.map((object) => kubeletOf(kubectl, podOf(object).node))),
  }
}

function findingsOf(
  { vault, commands }: PodQuestion,
  { bound, arns, config }: WorkloadObjects,
  object: KubeObject,
  { kubelet, events }: Pick<PodFacts, 'kubelet' | 'events'>,
): readonly Finding[] {
  const { workload, namespace } = bound.binding
  return podFindings(
    {
      ...{ pod: podOf(object), bound, arns, kubelet, events, place: vault?.place },
      configMaps: { [configName(workload)]: dataOf(config) },
      audience: audienceOf(vault?.roles.get(namespace)),
    },
    commands,
  )
}

function isUnderWay(object: KubeObject): boolean {
  const { status } = podOf(object).container ?? {}
  return status !== undefined && status.waiting === undefined
}

function newest(pods: readonly KubeObject[]): readonly KubeObject[] {
  const at = ({ metadata }: KubeObject): string =>
    String((metadata as { creationTimestamp?: unknown }).creationTimestamp)
  return pods.toSorted((a, b) => (at(a) < at(b) ? 1 : -1))
}

/** None if the operator may not look at events: pods say most by themselves. */
async function eventsOf(kubectl: Kubectl, namespace: string): Promise<readonly KubeObject[]> {
  return await kubectl.list('event', '', namespace).catch(unseen([]))
}

/** Undefined if the operator may not look at nodes: many may not. */
async function kubeletOf(kubectl: Kubectl, node: string | undefined): Promise<string | undefined> {
  if (node === undefined) return undefined
  const found = await kubectl.get({ kind: 'node', name: node }).catch(unseen(undefined))
  const status = found?.['status']
  const info = isRecord(status) ? status['nodeInfo'] : undefined
  return isRecord(info) && typeof info['kubeletVersion'] === 'string' ? info['kubeletVersion'] : undefined
}

/** In place of what kubectl could not read. @throws a bug */
function unseen<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof IamRaError && error.stage === 'cluster') return instead
    throw error
  }
}
