/** The checks of pods: the one that is named, or those that have a workload's label. */
import type { Kubectl } from '../../kubernetes/kubectl.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'
import type { Anchor } from '../../aws/installation.ts'
import { configName } from '../../kubernetes/manifests/workload.ts'
import { arnsOf, dataOf } from '../cluster/objects.ts'
import type { Commands } from '../commands.ts'
import type { Examination } from '../examination.ts'
import type { Finding } from '../finding.ts'
import type { Bound } from '../scope.ts'
import { audienceOf } from '../vault/auth.ts'
import type { VaultFacts } from '../vault/examine.ts'
import { noPodFindings, podFindings, standardFinding } from './findings.ts'
import { podOf } from './pod.ts'
import { isRecord } from '../../../text/json.ts'

export const LABEL = 'iam-ra/workload'
const STANDARD = 'pod-security.kubernetes.io/enforce'

export interface PodQuestion {
  readonly kubectl: Kubectl
  readonly anchor: Anchor
  readonly bound: readonly Bound[]
  /** The one that is asked for. */
  readonly pod: KubeObject | undefined
  /** Undefined if it could not be looked at. */
  readonly vault: VaultFacts | undefined
  readonly commands: Commands
}

/** A workload of many replicas fails in all of them alike. */
const MOST_PODS = 3

export async function examinePods(
  exam: Examination,
  { kubectl, anchor, bound, pod, vault, commands }: PodQuestion,
): Promise<void> {
  const standards = new Set<string>()
  for (const one of bound) {
    const { namespace, workload } = one.binding
    await exam.look('Pod', 'pod', {
      read: async () => {
        const [space, map, found] = await Promise.all([
          kubectl.get({ kind: 'namespace', name: namespace }),
          kubectl.get({ kind: 'configmap', name: configName(workload), namespace }),
          pod === undefined ? kubectl.list('pod', `${LABEL}=${workload}`, namespace) : [pod],
        ])
        const pods = newest(found).slice(0, MOST_PODS)
        const events = pods.length === 0 ? await kubectl.list('event', '', namespace) : []
        const nodes = await Promise.all(pods.map((object) => kubeletOf(kubectl, podOf(object).node)))
        return { space, map, pods, events, nodes }
      },
      judge: ({ space, map, pods, events, nodes }) => {
        const level = space?.metadata.labels?.[STANDARD]
        const configMaps = { [configName(workload)]: dataOf(map) }
        const findings: Finding[] =
          standards.has(namespace) || level === undefined ? [] : [standardFinding(namespace, level)]
        standards.add(namespace)
        if (pods.length === 0) return [...findings, ...noPodFindings(one, events)]
        return [
          ...findings,
          ...pods.flatMap((object, at) =>
            podFindings(
              {
                pod: podOf(object),
                bound: one,
                arns: arnsOf(anchor, one),
                ...{ place: vault?.place, configMaps },
                audience: audienceOf(vault?.roles.get(namespace)),
                kubelet: nodes[at],
              },
              commands,
            ),
          ),
        ]
      },
    })
  }
}

function newest(pods: readonly KubeObject[]): readonly KubeObject[] {
  const at = ({ metadata }: KubeObject): string =>
    String((metadata as { creationTimestamp?: unknown }).creationTimestamp)
  return pods.toSorted((a, b) => (at(a) < at(b) ? 1 : -1))
}

/** Undefined if the operator may not look at nodes: many may not. */
async function kubeletOf(kubectl: Kubectl, node: string | undefined): Promise<string | undefined> {
  if (node === undefined) return undefined
  const found = await kubectl.get({ kind: 'node', name: node }).catch(() => undefined)
  const status = found?.['status']
  const info = isRecord(status) ? status['nodeInfo'] : undefined
  return isRecord(info) && typeof info['kubeletVersion'] === 'string' ? info['kubeletVersion'] : undefined
}
