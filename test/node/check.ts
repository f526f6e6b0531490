/** `aws-iam-ra check` by the commands of docs/kubernetes.md: beside an init container, with its env, mounts and user. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TAGS } from './build-images.ts'
import type { Cluster } from './cluster.ts'
import { RUN } from './ground.ts'
import { untilPod, type ContainerStatus, type Pod, type PodName } from './pods.ts'

export interface Checked {
  readonly exitCode: number | undefined
  readonly report: string
}

const IMAGE = TAGS['aws-iam-ra']

/** In an ephemeral container, which starts whatever the init container does. */
export async function check(cluster: Cluster, pod: PodName): Promise<Checked> {
  await debug(cluster, pod, [])
  return await resultOf(cluster, pod, ({ status }) => status.ephemeralContainerStatuses)
}

/** A pod that has ended starts none: in a copy of it, where the app's containers run the image of aws-iam-ra instead. */
export async function checkCopy(cluster: Cluster, pod: PodName): Promise<Checked> {
  const copy = `${pod[1]}-check`
  const flags = ['--keep-init-containers=false', '--share-processes=false', `--set-image=*=${IMAGE}`]
  await debug(cluster, pod, [`--copy-to=${copy}`, ...flags])
  const checked = await resultOf(cluster, [pod[0], copy], ({ status }) => status.containerStatuses)
  await cluster.kubectl(['delete', 'pod', '--namespace', pod[0], copy, '--wait=false'])
  return checked
}

const PARTS = ['env', 'volumeMounts', 'securityContext'].map((part) => `${part}: {.${part}}{"\\n"}`)

async function debug(cluster: Cluster, [namespace, name]: PodName, flags: readonly string[]): Promise<void> {
  const jsonpath = `{range .spec.initContainers[?(@.name=="aws-iam-ra")]}${PARTS.join('')}{end}`
  const spec = join(RUN, 'check.yaml')
  const got = ['get', 'pod', '--namespace', namespace, name, '--output', `jsonpath=${jsonpath}`]
  writeFileSync(spec, await cluster.kubectl(got))
  await cluster.kubectl([
    ...['debug', '--namespace', namespace, name, ...flags, '--image', IMAGE, '--container', 'check'],
    // It adds nothing to what the file says, as kubectl's default does: SYS_PTRACE.
    ...['--profile', 'baseline', '--custom', spec, '--attach', '--', 'aws-iam-ra', 'check'],
  ])
}

/** Its log has all of the report; what was attached to it comes too late for the beginning, or for all of it. */
async function resultOf(
  cluster: Cluster,
  pod: PodName,
  statusesOf: (pod: Pod) => readonly ContainerStatus[] | undefined,
): Promise<Checked> {
  const endOf = (one: Pod): ContainerStatus['state']['terminated'] =>
    statusesOf(one)?.find(({ name }) => name === 'check')?.state.terminated
  const ended = await untilPod(cluster, pod, 'checked', (one) => endOf(one) !== undefined)
  const [namespace, name] = pod
  const report = await cluster.kubectl(['logs', '--namespace', namespace, name, '--container', 'check'])
  return { exitCode: endOf(ended)?.exitCode, report }
}
