/** The changes to a pod, as one list of JSON patch operations. */
import { Cel, indented, literal, quoted, type Value } from './cel.ts'
import type { Variable } from './asked.ts'
import {
  withAudience,
  type AgentParts,
  type EnvEntry,
  type Parts,
  type Templates,
  type Volume,
} from './templates.ts'

const CONTAINER = 'Object.spec.initContainers'

/** Variables of our container that the templates do not have, and what they are, if that is not empty. */
const OPTIONAL: readonly (readonly [name: string, variable: string, unless: string])[] = [
  ['METADATA_REGION', 'region', "variables.mode != 'metadata' || "],
  ['SESSION_DURATION', 'duration', ''],
  ['SESSION_NAME', 'session', ''],
  ['FILE_MODE', 'fileMode', ''],
  ['VAULT_AUTH_MOUNT', 'authMount', ''],
  ['VAULT_PKI_MOUNT', 'pkiMount', ''],
  ['IMDS_V1', 'imdsV1', "!(variables.mode in ['imds', 'metadata']) || "],
]

/** Every variable that our container may have. */
export function variableNames({ init, renew, serve, metadata }: Templates): readonly string[] {
  const all = [init, renew, serve, metadata].flatMap(({ env }) => env.map(({ name }) => name))
  return [...new Set([...all, ...OPTIONAL.map(([name]) => name)])]
}

export function addedVariables({ init, renew, serve, metadata, agent }: Templates): readonly Variable[] {
  const [file, endpoint] = [serve.apps['app'], serve.apps['imds-app']]
  const [base] = Object.values(init.apps)
  if (file === undefined || endpoint === undefined || base === undefined)
    throw new Error('a template without an app')
  return [
    [
      'env',
      `(variables.mode == 'init' ? ${envList(init.env)}
: variables.mode == 'renew' ? ${envList(renew.env)}
: ${envList(serve.env)})
+ (variables.mode == 'metadata' ? ${envList(metadata.env)} : [])
${OPTIONAL.map(([name, variable, when]) => `+ (${when}variables.${variable} == '' ? [] : [{'name': '${name}', 'value': variables.${variable}}])`).join('\n')}`,
    ],
    [
      'appEnv',
      `variables.file ? ${appEnvList(base.env)}
: variables.mode == 'imds' ? ${appEnvList(endpoint.env)}
: variables.mode == 'metadata' ? []
: variables.mode == 'agent' ? [${agentEnv(agent)}]
: ${appEnvList(file.env)}`,
    ],
    // Where the app finds its file or its token; an empty path for none.
    [
      'appPath',
      `variables.file ? ${pathOf(base)}
: variables.mode == 'agent' ? ${quoted(agent.mount.mountPath)}
: variables.mode == 'serve' ? ${pathOf(file)} : ${pathOf(endpoint)}`,
    ],
    [
      'appVolume',
      `variables.file ? ${volumeOf(base)} : variables.mode == 'agent' ? ${quoted(agent.mount.name)} : ${volumeOf(file)}`,
    ],
    // Each container that finds the credentials, and its place in the pod.
    [
      'users',
      `object.spec.containers.transformList(i, c, !(c.name in variables.skip), {'at': dyn('/spec/containers/' + string(i)), 'c': dyn(c)})
+ variables.inits.transformList(i, c, !(c.name in ['aws-iam-ra', '${metadata.address.name}']) && !(c.name in variables.skip), {'at': dyn('/spec/initContainers/' + string(i)), 'c': dyn(c)})`,
    ],
    [
      'nested',
      `variables.appPath == '' ? [] : variables.users.map(u, u.c.?volumeMounts.orValue([]))
.filter(all, !all.exists(m, m.mountPath in [variables.appPath, variables.appPath + '/']))
.map(all, all.filter(m, m.mountPath.startsWith(variables.appPath + '/')).map(m, m.mountPath).join(', '))
.filter(paths, paths != '')`,
    ],
    [
      'user',
      'object.spec.?securityContext.?runAsUser.orValue(1) == 0 ? optional.of(65532) : optional.none()',
    ],
    [
      'portStart',
      `object.spec.?securityContext.?sysctls.orValue([])
.filter(s, s.name.replace('/', '.') == ${quoted(metadata.sysctl.name)}).map(s, s.value).join(',')`,
    ],
    [
      'place',
      "variables.after == '' ? 0 : variables.inits.transformList(i, c, c.name == variables.after, i + 1)[0]",
    ],
  ]
}

/** What goes into a list before other elements comes last, so that no index moves. */
export function mutation(templates: Templates): string {
  const { init, renew, serve } = templates
  return [
    add('/metadata/annotations', '{}', '!has(object.metadata.annotations)'),
    annotation('injected', 'refused', 'variables.roleArn', 'variables.right'),
    annotation('refused', 'injected', 'variables.sentence', '!variables.right'),
    `(!variables.right ? []\n  : ${[
      add('/metadata/labels', '{}', '!has(object.metadata.labels)'),
      add(
        { path: `'/metadata/labels/' + jsonpatch.escapeKey('iam-ra/credentials')` },
        "variables.file ? 'true' : variables.mode",
      ),
      add('/spec/volumes', '[]', '!has(object.spec.volumes)'),
      ...volumes(templates),
      ...appParts(templates),
      add('/spec/initContainers', '[]', "variables.mode != 'agent' && !has(object.spec.initContainers)"),
      container(init, "variables.mode == 'init'"),
      container(renew, "variables.mode == 'renew'"),
      container(serve, "!variables.file && variables.mode != 'agent'"),
      ...metadataParts(templates),
    ].join('\n  + ')})`,
  ].join('\n+ ')
}

function annotation(name: string, other: string, value: string, when: string): string {
  const path = (key: string): string => `'/metadata/annotations/' + jsonpatch.escapeKey('iam-ra/${key}')`
  return [
    add({ path: path(name) }, value, when),
    `(${when} && 'iam-ra/${other}' in variables.pod ? [JSONPatch{op: 'remove', path: ${path(other)}}] : [])`,
  ].join('\n+ ')
}

/** @param path text, or an expression */
function add(path: string | { readonly path: string }, value: string, when?: string): string {
  const at = typeof path === 'string' ? quoted(path) : path.path
  const operation = `JSONPatch{op: 'add', path: ${at}, value: ${value}}`
  return when === undefined ? `[${indented(operation)}]` : `(${when} ? [${indented(operation)}] : [])`
}

function volumes({ init, serve, agent }: Templates): readonly string[] {
  const shared = init.volumes.filter((volume) => serve.volumes.some((other) => same(volume, other)))
  const only = (parts: Parts, when: string): string[] =>
    parts.volumes
      .filter((volume) => !shared.some((other) => same(volume, other)))
      .map((volume) => one(volume, when))
  const one = (volume: Volume, when: string, audience?: string): string =>
    add(
      '/spec/volumes/-',
      literal(withAudience(volume, audience), 'Object.spec.volumes'),
      `${when}!variables.volumes.exists(v, v.name == ${quoted(volume.name)})`,
    )
  return [
    ...only(init, 'variables.file && '),
    ...only(serve, "!variables.file && variables.mode != 'agent' && "),
    ...shared.map((volume) => one(volume, "variables.mode != 'agent' && ")),
    one(agent.volume, "variables.mode == 'agent' && ", 'agentAudience'),
  ]
}

function same(one: Volume, other: Volume): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** By index, as CEL cannot join lists of lists: the first variable, the second one, and the mount. */
function appParts({ init, serve }: Templates): readonly string[] {
  const apps = [...Object.values(init.apps), ...Object.values(serve.apps)]
  const most = Math.max(...apps.map(({ env }) => env.length))
  const each = Array.from({ length: most }, (_one, index) => {
    const entry = `variables.appEnv[${index}]`
    return `variables.users.filter(u, variables.appEnv.size() > ${index} && !u.c.?env.orValue([]).exists(e, e.name == ${entry}.name))
    .map(u, JSONPatch{op: 'add', path: u.at + '/env/-', value: ${entry}})`
  })
  return [
    "variables.users.filter(u, variables.appEnv.size() > 0 && !has(u.c.env)).map(u, JSONPatch{op: 'add', path: u.at + '/env', value: []})",
    ...each,
    `variables.users.filter(u, variables.appPath != '' && !has(u.c.volumeMounts))
    .map(u, JSONPatch{op: 'add', path: u.at + '/volumeMounts', value: []})`,
    `variables.users.filter(u, variables.appPath != ''
      && !u.c.?volumeMounts.orValue([]).exists(m, m.mountPath in [variables.appPath, variables.appPath + '/']))
    .map(u, JSONPatch{op: 'add', path: u.at + '/volumeMounts/-',
      value: {'name': dyn(variables.appVolume), 'mountPath': dyn(variables.appPath), 'readOnly': dyn(true)}})`,
  ]
}

/** The step in front of the sidecar, and the sysctl with which that may listen on port 80. */
function metadataParts({ metadata: { address, sysctl } }: Templates): readonly string[] {
  const context = 'object.spec.?securityContext'
  const unset = "variables.mode == 'metadata' && variables.portStart == ''"
  return [
    add('/spec/securityContext', '{}', `${unset} && !${context}.hasValue()`),
    add('/spec/securityContext/sysctls', '[]', `${unset} && !${context}.?sysctls.hasValue()`),
    add('/spec/securityContext/sysctls/-', literal(sysctl, 'Object.spec.securityContext.sysctls'), unset),
    // The API server mounts its own token in every container that has no other mount at that path, once it sees it.
    `variables.inits.transformList(i, c, c.name == ${quoted(address.name)} && has(c.volumeMounts),
    JSONPatch{op: 'remove', path: '/spec/initContainers/' + string(i) + '/volumeMounts'})`,
    inserted({ ...address, image: new Cel('variables.image') }, "variables.mode == 'metadata'"),
  ]
}

function container({ container: template, mounts }: Parts, when: string): string {
  const { securityContext, ...rest } = template
  return inserted(
    {
      ...rest,
      image: new Cel('variables.image'),
      env: new Cel(`variables.env.map(e, ${CONTAINER}.env{
    name: e.name,
    ?value: e[?'value'],
    ?valueFrom: 'field' in e ? optional.of(${CONTAINER}.env.valueFrom{fieldRef: ${CONTAINER}.env.valueFrom.fieldRef{fieldPath: e['field']}})
      : 'secret' in e ? optional.of(${CONTAINER}.env.valueFrom{secretKeyRef: ${CONTAINER}.env.valueFrom.secretKeyRef{name: e['secret'], key: e['key']}})
      : optional.none()
  })`),
      resources: {
        requests: { cpu: new Cel('variables.cpuRequest'), memory: new Cel('variables.memoryRequest') },
        limits: { memory: new Cel('variables.memoryLimit') },
      },
      // It would not start as the user of a pod that runs as root.
      securityContext: { ...(securityContext as object), '?runAsUser': new Cel('variables.user') },
      volumeMounts: mounts.map((mount) => ({ ...mount })),
    },
    when,
  )
}

function inserted(value: Value, when: string): string {
  return add(
    { path: "'/spec/initContainers/' + string(variables.place)" },
    literal(value, CONTAINER),
    `variables.ours.size() == 0 && ${when}`,
  )
}

/** Values that come from the settings or the pod and not from the template; the others are as in the template. */
const VALUES: Readonly<Record<string, string>> = {
  CLUSTER: "variables.cluster[?'cluster'].orValue('')",
  VAULT_ADDR: "variables.cluster[?'vault-address'].orValue('')",
  VAULT_ROLE: 'variables.vaultRole',
  VAULT_CERT_NAME: 'variables.pkiRole',
  ROLE_ARN: 'variables.roleArn',
}

/** Used if they are not empty. */
const ARNS: Readonly<Record<string, string>> = {
  ANCHOR_ARN: 'variables.anchorArn',
  PROFILE_ARN: 'variables.profileArn',
}

function envList(env: readonly EnvEntry[]): string {
  const entries = env.map((entry) => {
    const arn = ARNS[entry.name]
    const template = envEntry(entry)
    return arn === undefined
      ? template
      : `${arn} == '' ? ${template} : {'name': '${entry.name}', 'value': ${arn}}`
  })
  return `[\n    ${entries.join(',\n    ')}\n  ]`
}

function envEntry({ name, value, valueFrom }: EnvEntry): string {
  const given = VALUES[name] ?? (value === undefined ? undefined : quoted(value))
  if (given !== undefined) return `{'name': '${name}', 'value': ${given}}`
  if (valueFrom?.fieldRef !== undefined)
    return `{'name': '${name}', 'field': '${valueFrom.fieldRef.fieldPath}'}`
  if (valueFrom?.secretKeyRef !== undefined) {
    return `{'name': '${name}', 'secret': '${valueFrom.secretKeyRef.name}', 'key': '${valueFrom.secretKeyRef.key}'}`
  }
  throw new Error(`the pod template's ${name} has a value of a new kind`)
}

function appEnvList(env: readonly EnvEntry[]): string {
  return `[${env.map(({ name, value = '' }) => `{'name': '${name}', 'value': ${withHome(value)}}`).join(', ')}]`
}

/** Only what is known is asked for: the agent has an anchor and a profile of its own. */
function agentEnv({ path, tokenFile }: AgentParts): string {
  const parameters: readonly (readonly [name: string, value: string])[] = [
    ['profile', 'variables.profileArn'],
    ['anchor', 'variables.anchorArn'],
    ['duration', 'variables.duration'],
    ['session', 'variables.session'],
  ]
  const optional = parameters.map(([name, value]) => `+ (${value} == '' ? '' : '&${name}=' + ${value})`)
  const uri = `variables.agentEndpoint + '${path}?role=' + ${percentEncoded('variables.roleArn')}
    ${optional.join('\n    ')}`
  return `
  {'name': 'AWS_CONTAINER_CREDENTIALS_FULL_URI', 'value': ${uri}},
  {'name': '${tokenFile.name}', 'value': ${quoted(tokenFile.value ?? '')}}
  `
}

/** What the path of a role may have and a query may not. The percent sign comes first. */
function percentEncoded(text: string): string {
  const odd = ['%', '&', '#', '"', '<', '>', '\\', '^', '`', '{', '|', '}']
  const code = (one: string): string => `%${one.charCodeAt(0).toString(16).toUpperCase()}`
  return odd.reduce((from, one) => `${from}.replace(${quoted(one)}, '${code(one)}')`, text)
}

function pathOf({ volumeMounts: [mount] }: { readonly volumeMounts: Parts['mounts'] }): string {
  return withHome(mount?.mountPath ?? '')
}

function volumeOf({ volumeMounts: [mount] }: { readonly volumeMounts: Parts['mounts'] }): string {
  return quoted(mount?.name ?? '')
}

/** HOME is the template's placeholder. */
function withHome(text: string): string {
  return text.startsWith('HOME') ? `variables.home + ${quoted(text.slice('HOME'.length))}` : quoted(text)
}
