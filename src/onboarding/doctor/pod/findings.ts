/** What is wrong with a pod: what its container is told, and how it fares. */
import type { VaultCluster } from '../../authority/vault/names.ts'
import { commonName } from '../../names.ts'
import type { KubeObject } from '../../kubernetes/objects.ts'
import { isRecord } from '../../../text/json.ts'
import type { Arns } from '../cluster/objects.ts'
import type { Commands } from '../commands.ts'
import { failed, faultsOr, skipped, warning, type Finding } from '../finding.ts'
import type { Bound } from '../../aws/installation.ts'
import { environmentOf, type ConfigMaps } from './environment.ts'
import { AGENT_AUDIENCE } from '../agent/agent.ts'
import { CONTAINER, type Container, type ContainerStatus, type Pod } from './pod.ts'

export interface PodFacts {
  readonly pod: Pod
  readonly bound: Bound
  readonly arns: Arns
  /** Undefined if Vault could not be looked at. */
  readonly place: VaultCluster | undefined
  /** Of the tokens that Vault takes. */
  readonly audience: string
  readonly configMaps: ConfigMaps
  /** Such as `v1.29.3`; undefined if the pod has no node yet, or it may not be looked at. */
  readonly kubelet: string | undefined
  /** Of the namespace; read only while something waits. */
  readonly events: readonly KubeObject[]
}

export function podFindings(facts: PodFacts, commands: Commands): readonly Finding[] {
  const { pod, bound } = facts
  const { binding, role } = bound
  const { container } = pod
  const where = `pod ${pod.namespace}/${pod.name}`
  const remake = `${commands.onboard(binding, role.role)} prints what a pod needs`
  if (pod.asksAgent) return agentPodFindings(where, facts, remake)
  if (container === undefined) return [failed(`${where} has no container ${CONTAINER}`, remake)]
  const findings = [
    ...accountFindings(where, facts, remake),
    ...settingsFindings(where, container, facts, remake),
    ...sidecarFindings(where, container, facts.kubelet),
  ]
  if (pod.unschedulable !== undefined)
    findings.push(
      failed(
        `${where} waits for a node: ${pod.unschedulable}`,
        `kubectl describe pod ${pod.name} --namespace ${pod.namespace}`,
      ),
    )
  findings.push(...statusFindings(where, pod, container))
  if (container.status?.waiting !== undefined) findings.push(...mountFindings(where, facts))
  return faultsOr(findings, `${where}: ${CONTAINER} ${conditionOf(container.status)}`)
}

/** The agent's own checks are made before. */
function agentPodFindings(where: string, facts: PodFacts, remake: string): readonly Finding[] {
  const findings = accountFindings(where, { ...facts, audience: AGENT_AUDIENCE }, remake)
  return faultsOr(findings, `${where} asks the node agent`)
}

function accountFindings(where: string, { pod, bound, audience }: PodFacts, remake: string): Finding[] {
  const findings: Finding[] = []
  if (pod.account !== bound.binding.account)
    findings.push(
      failed(
        `${where} runs as ServiceAccount ${pod.account}, and the role is for ${bound.binding.account}`,
        `set serviceAccountName: ${bound.binding.account}; ${remake}`,
      ),
    )
  if (!pod.audiences.includes(audience)) {
    const found = pod.audiences.filter((one) => one !== '')
    findings.push(
      failed(
        found.length === 0
          ? `${where} mounts no service-account token for audience ${audience}`
          : `${where} mounts a service-account token for audience ${found.join(' and ')}, and ${pod.asksAgent ? 'the agent' : 'Vault'} takes ${audience}`,
        remake,
      ),
    )
  }
  return findings
}

/** What is set otherwise than AWS and Vault have it; what comes from a Secret cannot be compared. */
function settingsFindings(where: string, container: Container, facts: PodFacts, remake: string): Finding[] {
  const { pod, bound, arns, place, configMaps } = facts
  const env = environmentOf(pod, container, configMaps)
  const { namespace, account, cluster } = bound.binding
  const wanted: Readonly<Record<string, string | undefined>> = {
    ROLE_ARN: arns.ROLE_ARN,
    PROFILE_ARN: arns.PROFILE_ARN,
    TRUST_ANCHOR_ARN: arns.TRUST_ANCHOR_ARN,
    ANCHOR_ARN: arns.TRUST_ANCHOR_ARN,
    VAULT_ADDR: place?.address,
    VAULT_AUTH_MOUNT: place?.authMount,
    VAULT_PKI_MOUNT: place?.pkiMount,
    VAULT_NAMESPACE: place?.vaultNamespace,
    VAULT_CERT_NAME: place?.pkiRole,
    VAULT_ROLE: namespace,
    VAULT_CERT_CN: commonName({ cluster, namespace, account }),
  }
  const findings = Object.entries(wanted).flatMap(([name, value]): Finding[] => {
    const found = env[name]
    if (value === undefined || found === undefined || found === value) return []
    return [failed(`${where} has ${name}=${found}, and it must be ${value}`, remake)]
  })
  // The program's defaults are kubernetes and pki.
  const named = new Set(container.env.map(({ name }) => name))
  for (const [name, value] of Object.entries({
    VAULT_AUTH_MOUNT: place?.authMount,
    VAULT_PKI_MOUNT: place?.pkiMount,
  })) {
    const usual = name === 'VAULT_AUTH_MOUNT' ? 'kubernetes' : 'pki'
    if (value !== undefined && value !== usual && !named.has(name))
      findings.push(
        failed(`${where} has no ${name}, so it uses ${usual}, and its cluster has ${value}`, remake),
      )
  }
  if (env['SESSION_NAME'] !== undefined && bound.role.profiles[0]?.all['acceptRoleSessionName'] !== true)
    findings.push(
      failed(
        `${where} sets SESSION_NAME, which its profile does not accept`,
        'unset SESSION_NAME: the session is then named after the certificate',
      ),
    )
  return findings
}

const SERVING = ['serve', 'renew']

function sidecarFindings(
  where: string,
  { args, isInit, restartPolicy }: Container,
  kubelet: string | undefined,
): Finding[] {
  if (!isInit || !args.some((one) => SERVING.includes(one))) return []
  if (restartPolicy !== 'Always') {
    return [
      failed(
        `${where} has ${CONTAINER} as an init container that never ends, so its apps never start`,
        'set restartPolicy: Always for it; if it was set, this Kubernetes dropped it: sidecars need 1.29 or newer',
      ),
    ]
  }
  const [, minor] = /^v1\.(\d+)/.exec(kubelet ?? '') ?? []
  return minor !== undefined && Number(minor) < 29
    ? [
        failed(
          `${where} has a sidecar, and its node runs Kubernetes ${kubelet ?? ''}: sidecars need 1.29 or newer`,
          'use --mode init, or upgrade the node',
        ),
      ]
    : []
}

/** What the kubelet says while it waits: https://kubernetes.io/docs/concepts/containers/images/#imagepullbackoff */
const WAITS: readonly (readonly [reason: RegExp, hint: string])[] = [
  [
    /^(ErrImagePull|ImagePullBackOff|InvalidImageName|ErrImageNeverPull|RegistryUnavailable)$/,
    'set the image that your registry has, by --image or IAM_RA_IMAGE, and check the imagePullSecrets',
  ],
  [
    /^CreateContainerConfigError$/,
    'apply what iam-ra k8s onboard prints: a ConfigMap or Secret that the container names is missing',
  ],
]

function statusFindings(where: string, { name, namespace }: Pod, { image, status }: Container): Finding[] {
  if (status === undefined) return []
  const { waiting, ended, restarts } = status
  const logs = `kubectl logs ${name} --namespace ${namespace} --container ${CONTAINER}`
  const wait = WAITS.find(([reason]) => waiting !== undefined && reason.test(waiting.reason))
  if (waiting !== undefined && wait !== undefined) {
    return [
      failed(
        `${where} waits: ${waiting.reason} of image ${image}${waiting.message === '' ? '' : `, ${waiting.message}`}`,
        wait[1],
      ),
    ]
  }
  if (ended !== undefined && ended.exitCode !== 0 && !status.isRunning)
    return [endFinding(where, ended, logs)]
  if (status.isRunning && restarts > 0)
    return [
      warning(
        `${where}: ${CONTAINER} was restarted ${restarts === 1 ? 'once' : `${restarts} times`}${ended === undefined ? '' : `, the last time after ${firstLine(ended.message) || ended.reason}`}`,
        `${logs} --previous`,
      ),
    ]
  return []
}

/** The kubelet starts no container of a pod whose volumes it cannot mount. */
function mountFindings(where: string, { pod, events }: PodFacts): Finding[] {
  const failing = events.find(
    (event) => event['reason'] === 'FailedMount' && nameOf(event['involvedObject']) === pod.name,
  )
  if (failing === undefined) return []
  return [
    failed(
      `${where} waits for a volume: ${String(failing['message'])}`,
      'apply what iam-ra k8s onboard prints: it has the ConfigMap or Secret that is missing',
    ),
  ]
}

function nameOf(object: unknown): string {
  return isRecord(object) ? String(object['name']) : ''
}

/** The program's last words: a sentence, problems, and its own hint. */
function endFinding(
  where: string,
  { exitCode, reason, message: written }: NonNullable<ContainerStatus['ended']>,
  logs: string,
): Finding {
  const lines = written.split('\n')
  const own = lines.find((line) => line.startsWith('hint: '))?.slice('hint: '.length)
  if (reason === 'OOMKilled')
    return failed(
      `${where}: ${CONTAINER} was killed for its memory limit`,
      'raise the limit: 128Mi is enough for every mode',
    )
  const words = lines
    .filter((line) => line !== '' && !line.startsWith('hint: '))
    .map((line) => line.trim())
    .join('; ')
  return failed(
    `${where}: ${CONTAINER} ended with exit code ${exitCode}${words === '' ? '' : `: ${words}`}`,
    own ?? logs,
  )
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? ''
}

function conditionOf(status: ContainerStatus | undefined): string {
  if (status === undefined) return 'has not started yet'
  if (status.isRunning) return 'runs'
  return status.ended?.exitCode === 0 ? 'has done its work' : 'is about to start'
}

/** Why a workload has no pod, as far as its namespace's events tell. */
export function noPodFindings({ binding }: Bound, events: readonly KubeObject[]): readonly Finding[] {
  const { workload, namespace } = binding
  const refused = events.find(
    (event) => event['reason'] === 'FailedCreate' && nameOf(event['involvedObject']).startsWith(workload),
  )
  if (refused === undefined) {
    return [
      skipped(
        `${namespace} has no pod with the label iam-ra/workload=${workload}: this is no verdict on pods`,
      ),
    ]
  }
  const words = String(refused['message'])
  return [
    failed(
      `no pod of ${namespace}/${workload} can be created: ${words}`,
      /violates PodSecurity/.test(words)
        ? 'use the pod template that iam-ra k8s onboard prints, which fits the restricted standard'
        : `kubectl get events --namespace ${namespace}`,
    ),
  ]
}
