/**
 * What containers with our names must be if a pod brings them itself, as one does that was exported and is created again:
 * nothing that runs another program, sees other files or has more rights. Resources are free, because LimitRanges and
 * autoscalers change them, and so is what only delays or names things.
 */
import { hasAll, quoted, type Value } from './cel.ts'
import type { Variable } from './asked.ts'
import type { Container, Mount, Parts, Templates } from './templates.ts'

export const OURS = 'aws-iam-ra'
/** Where the API server mounts its own token, in each container that has no mount there. */
const API_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount'

/** For the policy that has the settings, and knows what the container would be. */
export function ownVariables({ init, renew, serve, metadata: { address } }: Templates): readonly Variable[] {
  return [
    ['names', 'variables.inits.map(c, c.name)'],
    ['ours', `variables.inits.filter(c, c.name == ${quoted(OURS)})`],
    ['addresses', `variables.inits.filter(c, c.name == ${quoted(address.name)})`],
    [
      'oursIsRight',
      `variables.ours.all(c, c.?image.orValue('') == variables.image
  && ${closed(init.container)}
  && (variables.mode == 'init' ? ${runs(init.container)}
    : variables.mode == 'renew' ? ${runs(renew.container)}
    : ${runs(serve.container)})
  && c.?env.orValue([]).map(e, [e.name, e.?value.orValue(''), e.?valueFrom.?fieldRef.?fieldPath.orValue(''),
      e.?valueFrom.?secretKeyRef.?name.orValue(''), e.?valueFrom.?secretKeyRef.?key.orValue('')])
    == variables.env.map(e, [e.name, e.?value.orValue(''), e.?field.orValue(''), e.?secret.orValue(''), e.?key.orValue('')])
  && (variables.file
    ? ${mountsOnly(init)}
    : ${mountsOnly(serve)}))`,
    ],
    [
      'addressIsRight',
      `variables.mode == 'metadata'
? variables.addresses.size() == variables.ours.size()
  && variables.names.indexOf(${quoted(address.name)}) <= variables.names.indexOf(${quoted(OURS)})
  && variables.addresses.all(c, c.?image.orValue('') == variables.image
    && ${closed(address)}
    && ${runs(address)}
    && c.?env.orValue([]).size() == 0
    && c.?volumeMounts.orValue([]).all(m, m.mountPath == ${quoted(API_TOKEN)}))
: variables.addresses.size() == 0`,
    ],
  ]
}

/**
 * For the policy that refuses, which has no settings: it sees what could be one of our containers, with this role.
 * @param arn an expression
 * @param names of the variables that the container may have
 */
export function plausible(
  { init, renew, serve, metadata, agent }: Templates,
  names: readonly string[],
): string {
  const { address } = metadata
  const mounts = [...init.mounts, ...serve.mounts].map((mount) => [mount.name, mount.mountPath].map(quoted))
  const list = (texts: readonly string[]): string => `[${texts.join(', ')}]`
  return `!object.spec.containers.exists(c, c.name in [${quoted(OURS)}, ${quoted(address.name)}])
&& (object.metadata.?labels[?'iam-ra/credentials'].orValue('') == 'agent'
? variables.ours.size() == 0 && variables.addresses.size() == 0
  && object.spec.?volumes.orValue([]).exists(v, v.name == ${quoted(agent.volume.name)}
    && v.?projected.?sources.orValue([]).exists(s, has(s.serviceAccountToken)))
: variables.ours.size() == 1
&& variables.envNames.size() <= ${names.length}
&& ${list(names.map(quoted))}.filter(name, name in variables.envNames).size() == variables.envNames.size()
&& variables.ours.all(c, ${closed(init.container)}
  && (${[init, renew, serve].map(({ container }) => runs(container)).join('\n    || ')})
  && c.?env.orValue([]).exists(e, e.name == 'ROLE_ARN' && e.?value.orValue('') == variables.arn)
  && c.?volumeMounts.orValue([]).all(m, [m.name, m.mountPath] in ${list(mounts.map(list))} && ${whole()})
  && c.?image.orValue('') == variables.image.orValue(c.?image.orValue('')))
&& variables.addresses.size() == variables.ours.filter(c, c.?env.orValue([]).exists(e, e.name == 'METADATA_ADDR')).size()
&& variables.addresses.all(c, ${closed(address)}
  && ${runs(address)}
  && c.?env.orValue([]).size() == 0 && c.?volumeMounts.orValue([]).size() == 0
  && c.?image.orValue('') == variables.ours[0].?image.orValue('')))`
}

/** Of the container in `c`. The members are those of Kubernetes 1.37. */
function closed({ securityContext }: Container): string {
  const { capabilities, runAsUser, ...context } = securityContext as Readonly<Record<string, Value>>
  const { add = [] } = capabilities as { readonly add?: readonly string[] }
  const at = 'c.?securityContext'
  return [
    ...['command', 'envFrom', 'volumeDevices', 'restartPolicyRules'].map(
      (name) => `c.?${name}.orValue([]).size() == 0`,
    ),
    ...['lifecycle', 'readinessProbe'].map((name) => `!has(c.${name})`),
    "c.?workingDir.orValue('') == ''",
    'c.?resources.?claims.orValue([]).size() == 0',
    "c.?terminationMessagePath.orValue('') in ['', '/dev/termination-log']",
    '!c.?stdin.orValue(false) && !c.?tty.orValue(false)',
    hasAll(at, context),
    `'ALL' in ${at}.?capabilities.?drop.orValue([])`,
    `${at}.?capabilities.?add.orValue([]) == [${add.map(quoted).join(', ')}]`,
    `${at}.?runAsUser.orValue(1) ${runAsUser === 0 ? '==' : '!='} 0`,
    `!${at}.?privileged.orValue(false)`,
    `${at}.?procMount.orValue('') in ['', 'Default']`,
    `${at}.?appArmorProfile.?type.orValue('') in ['', 'RuntimeDefault']`,
    `${at}.?seLinuxOptions.?type.orValue('') == ''`,
  ].join('\n  && ')
}

/** What a container runs, where it listens, and whether it is asked. */
function runs({ args = [], restartPolicy = '', ports = [], startupProbe, livenessProbe }: Container): string {
  return [
    `c.?args.orValue([]) == [${(args as readonly string[]).map(quoted).join(', ')}]`,
    `c.?restartPolicy.orValue('') == ${quoted(restartPolicy as string)}`,
    hasAll('c', { ports }),
    'c.?ports.orValue([]).all(p, object.spec.?hostNetwork.orValue(false) || p.?hostPort.orValue(0) == 0)',
    ...Object.entries({ startupProbe, livenessProbe }).map(([name, probe]) =>
      probe === undefined ? `!has(c.${name})` : probes(name, probe),
    ),
  ].join(' && ')
}

function probes(name: string, probe: Value): string {
  const get = `c.?${name}.?httpGet`
  return `${hasAll('c', { [name]: probe })} && ${get}.?host.orValue('') == '' && ${get}.?httpHeaders.orValue([]).size() == 0`
}

function mountsOnly({ mounts }: Parts): string {
  return [
    `c.?volumeMounts.orValue([]).size() == ${mounts.length}`,
    ...mounts.map(
      ({ name, mountPath, readOnly = false }: Mount) =>
        `c.?volumeMounts.orValue([]).exists(m, m.name == '${name}' && m.mountPath == '${mountPath}' && m.?readOnly.orValue(false) == ${readOnly} && ${whole()})`,
    ),
  ].join('\n    && ')
}

/** The volume of the mount in `m`, and not a part of it. */
function whole(): string {
  return "m.?subPath.orValue('') == '' && m.?subPathExpr.orValue('') == '' && m.?mountPropagation.orValue('None') == 'None'"
}
