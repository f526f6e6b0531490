/** What of a pod differs from kiam and kube2iam, or keeps it from being injected. */
import { listOf, recordOf, textOf, type Data } from '../kubernetes/members.ts'
import { shellWord } from '../../text/shell-word.ts'
import { EXTERNAL_ID, isMirror, SESSION_NAME, type Asker } from './askers.ts'
import { blocks, differs, type Finding } from './finding.ts'

/** As `iam-ra/mode` has it. */
export const MODES = ['init', 'renew', 'serve', 'imds', 'metadata'] as const
export type Mode = (typeof MODES)[number]

/** @param chosen what the namespace says, or what is proposed for it */
export function modeOf(asker: Asker, chosen: string): string {
  return asker.annotations['iam-ra/mode'] ?? chosen
}

/** Jobs have ended before their session does, as a rule; all else asks again and again, as it did until now. */
export function modeFor(asker: Asker): Mode {
  const isShort = asker.kind === 'Job' || asker.kind === 'CronJob' || asker.spec['restartPolicy'] === 'Never'
  if (isShort) return 'init'
  return asker.spec['hostNetwork'] === true ? 'renew' : 'serve'
}

export interface PodPlace {
  readonly mode: string
  /** Of `pod-security.kubernetes.io/enforce`; empty if nothing is enforced. */
  readonly enforced: string
  /** Whether the setting `external-id` is `ignore`. */
  readonly ignoresExternalId: boolean
}

export function podFindings(asker: Asker, place: PodPlace): readonly Finding[] {
  const { annotations, spec } = asker
  return [
    ...(isMirror(annotations)
      ? [
          blocks(
            'static-pod',
            'is a static pod, which no policy of the API server changes: move it to a DaemonSet',
          ),
        ]
      : []),
    ...(isWindows(spec) ? [blocks('windows', 'runs on Windows, which aws-iam-ra does not')] : []),
    ...(hasOwnContainer(spec)
      ? [blocks('own-container', 'has a container of its own with the name aws-iam-ra: rename it')]
      : []),
    ...externalId(asker, place),
    ...sessionName(asker),
    ...network(asker, place),
    ...variables(spec),
  ]
}

function externalId(asker: Asker, { ignoresExternalId }: PodPlace): readonly Finding[] {
  if (!(EXTERNAL_ID in asker.annotations)) return []
  const text = `has an external id (${EXTERNAL_ID}), which IAM Roles Anywhere does not have: the trust policy names the pod's certificate instead`
  return [
    ignoresExternalId
      ? differs('external-id', text)
      : blocks('external-id', text, ...withoutAnnotation(asker, EXTERNAL_ID)),
  ]
}

/** The rule of k8s/injection, narrower than kiam's: kiam replaces what AWS does not accept. */
const SESSION = /^[A-Za-z0-9_+=,.@-]{2,64}$/

function sessionName(asker: Asker): readonly Finding[] {
  const name = asker.annotations[SESSION_NAME]
  if (name === undefined || SESSION.test(name)) return []
  const text = `has the session name '${name}', but one must have 2 to 64 letters, digits and _+=,.@-`
  return [blocks('session-name-invalid', text, ...withoutAnnotation(asker, SESSION_NAME))]
}

function network({ spec }: Asker, { mode, enforced }: PodPlace): readonly Finding[] {
  const onNode = spec['hostNetwork'] === true
  if (onNode && ['serve', 'imds', 'metadata', 'agent'].includes(mode)) {
    const text = `has hostNetwork, with which mode ${mode} does not work: set iam-ra/mode to renew or init in its pod template`
    return [blocks('host-network', text)]
  }
  if (mode === 'metadata' && enforced !== '' && enforced !== 'privileged') {
    const text = `is in mode metadata, whose first step needs NET_ADMIN, and the namespace enforces ${enforced}: use mode serve or imds`
    return [blocks('pod-security', text)]
  }
  return []
}

/** Those that SDKs read before the ones that are injected, or that injection leaves as they are. */
const WINNING = [
  ...['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_SHARED_CREDENTIALS_FILE', 'AWS_WEB_IDENTITY_TOKEN_FILE'],
  ...['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
  ...['AWS_EC2_METADATA_DISABLED', 'AWS_EC2_METADATA_SERVICE_ENDPOINT'],
]

function variables(spec: Data): readonly Finding[] {
  const containers = [...listOf(spec['initContainers']), ...listOf(spec['containers'])]
  return containers.flatMap((container) => {
    const names = listOf(container['env'])
      .map(({ name }) => textOf(name))
      .filter((name) => WINNING.includes(name))
    if (names.length === 0) return []
    const text = `sets ${names.join(', ')} in container ${textOf(container['name'])}, which takes precedence over what is injected`
    return [differs('own-env', text)]
  })
}

function isWindows(spec: Data): boolean {
  const { os, nodeSelector } = spec
  return recordOf(os)['name'] === 'windows' || recordOf(nodeSelector)['kubernetes.io/os'] === 'windows'
}

function hasOwnContainer(spec: Data): boolean {
  return [...listOf(spec['containers']), ...listOf(spec['initContainers'])].some(
    ({ name }) => name === 'aws-iam-ra',
  )
}

/** The path from a controller to its pod template; none for kinds that cannot be patched. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
}

/** @returns nothing for what must be created again instead */
export function patched({ namespace, kind, name }: Asker, template: object): readonly string[] {
  const path = TEMPLATES[kind]
  if (path === undefined) return []
  const patch = path.reduceRight<object>((inner, member) => ({ [member]: inner }), template)
  const object = shellWord(`${kind.toLowerCase()}/${name}`)
  return [
    `kubectl -n ${shellWord(namespace)} patch ${object} --type merge -p ${shellWord(JSON.stringify(patch))}`,
  ]
}

function withoutAnnotation(asker: Asker, key: string): readonly string[] {
  return patched(asker, { metadata: { annotations: { [key]: null } } })
}
