/** Why a pod that asks gets nothing: each reason has a code that stays the same, and a sentence. */
import { hasAll, oneLine } from './cel.ts'
import { ALLOWED, PERMITTED } from './permitted.ts'
import { knownAnnotations, type Variable } from './asked.ts'
import { OURS, ownVariables } from './own.ts'
import { withAudience, type Templates, type Volume } from './templates.ts'

interface Problem {
  readonly code: string
  readonly right: string
  /** An expression of text. */
  readonly says: string
}

/** Longer sentences are cut: the API server shows none of more than 5 KiB. */
const LONGEST = 1000
const ENFORCE = 'pod-security.kubernetes.io/enforce'

export function problemVariables(templates: Templates): readonly Variable[] {
  const problems = [
    ...settingsProblems(),
    ...askedProblems(),
    ...permittedProblems(),
    ...podProblems(templates),
    ...metadataProblems(templates),
  ]
  const each = problems.map(({ code, right, says }) => `(${right}\n    ? [] : ['${code}: ' + ${says}])`)
  return [
    ['settings', "'ConfigMap ' + params.metadata.namespace + '/' + params.metadata.name"],
    ['namespaceName', "'namespace ' + namespaceObject.metadata.name"],
    ['imageAsked', "'iam-ra/image' in variables.pod || 'iam-ra/image' in variables.ns"],
    ['standard', `namespaceObject.metadata.?labels[?'${ENFORCE}'].orValue('')`],
    [
      'unknown',
      `variables.pod.map(key, key).filter(key, key.startsWith('iam-ra/') && !(key in ${knownAnnotations(templates, 'pod')}))`,
    ],
    ...ownVariables(templates),
    ...ownVolumes(templates),
    ['problems', each.join('\n+ ')],
    ['right', 'variables.problems.size() == 0'],
    ['text', oneLine(`variables.problems.join('; ')`)],
    [
      'sentence',
      `variables.text.size() > ${LONGEST} ? variables.text.substring(0, ${LONGEST}) + '...' : variables.text`,
    ],
  ]
}

/** Volumes with our names, in a pod that was not injected yet or that was sent again. */
function ownVolumes({ renew, serve, agent }: Templates): readonly Variable[] {
  return [
    [
      'foreignVolumes',
      `variables.volumes.filter(v, variables.file
  ? ${volumesAreForeign(renew.volumes)}
  : variables.mode == 'agent'
  ? ${volumesAreForeign([agent.volume], 'agentAudience')}
  : ${volumesAreForeign(serve.volumes)}).map(v, v.name)`,
    ],
  ]
}

function volumesAreForeign(volumes: readonly Volume[], audience?: string): string {
  return volumes
    .map((volume) => `v.name == '${volume.name}' && !(${isVolume(volume, audience)})`)
    .join('\n    || ')
}

function isVolume({ name: _name, ...source }: Volume, audience?: string): string {
  return hasAll('v', withAudience(source, audience))
}

function settingsProblems(): readonly Problem[] {
  const oneOf = (key: string, fallback: string, values: readonly string[]): Problem => ({
    code: 'settings-invalid',
    right: `variables.cluster[?'${key}'].orValue('${fallback}') in [${values.map((value) => `'${value}'`).join(', ')}]`,
    says: `variables.settings + ': ${key} must be ${values.join(' or ')}'`,
  })
  const missing = (key: string, right: string): Problem => ({
    ...{ code: 'settings-missing', right },
    says: `variables.settings + ' must have ${key}'`,
  })
  return [
    // The node agent has its own cluster, address of Vault and image.
    missing('cluster', "variables.mode == 'agent' || variables.cluster[?'cluster'].orValue('') != ''"),
    missing(
      'vault-address',
      "variables.mode == 'agent' || variables.cluster[?'vault-address'].orValue('') != ''",
    ),
    missing('image', "variables.mode == 'agent' || variables.imageAsked || variables.image != ''"),
    {
      code: 'settings-invalid',
      right: String.raw`variables.mode != 'agent' || variables.agentEndpoint.matches(r'^http://(169\.254\.170\.23|\[fd00:ec2::23\]):[0-9]{1,5}$')`,
      says: "variables.settings + ': agent-endpoint must be http://169.254.170.23 or http://[fd00:ec2::23] with a port'",
    },
    {
      code: 'settings-invalid',
      right: "variables.mode != 'agent' || variables.agentAudience.matches('^[!-~]+$')",
      says: "variables.settings + ': agent-audience must be one word'",
    },
    {
      code: 'settings-invalid',
      right:
        "variables.rules in [['none'], ['kiam'], ['kube2iam'], ['kiam', 'kube2iam'], ['kube2iam', 'kiam']]",
      says: "variables.settings + ': namespace-rules must be kiam, kube2iam, both with a comma between, or none'",
    },
    oneOf('allowed-roles-format', 'glob', ['glob', 'regexp']),
    oneOf('external-id', 'refuse', ['refuse', 'ignore']),
  ]
}

function askedProblems(): readonly Problem[] {
  const matches = (variable: string, pattern: string): string =>
    String.raw`variables.${variable}.matches(r'${pattern}')`
  const optional = (variable: string, pattern: string): string =>
    `variables.${variable} == '' || ${matches(variable, pattern)}`
  const bad = (code: string, key: string, variable: string, right: string, must: string): Problem => ({
    ...{ code, right },
    says: `${whereIs(key)} + " is '" + variables.${variable} + "', but must be ${must}"`,
  })
  const quantity = (key: string, variable: string): Problem =>
    bad(
      'quantity-invalid',
      key,
      variable,
      `isQuantity(variables.${variable}) && quantity(variables.${variable}).isGreaterThan(quantity('0'))`,
      'a quantity such as 50m or 64Mi',
    )
  return [
    bad(
      'image-invalid',
      'image',
      'image',
      `!variables.imageAsked && variables.image == '' || ${matches('image', '^[!-~]+$')}`,
      'the name of an image',
    ),
    {
      code: 'unknown-annotation',
      right: 'variables.unknown.size() == 0',
      says: "variables.unknown.join(', ') + ' is not known'",
    },
    {
      code: 'role-invalid',
      right: matches('roleArn', '^arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-#%-~]+/)?[A-Za-z0-9_+=,.@-]{1,64}$'),
      // Without $, which the kubelet would replace after the namespace's rules have been asked.
      says: `(variables.role == '' ? 'iam.amazonaws.com/role is empty'
      : "iam.amazonaws.com/role is '" + variables.role + "', and '" + variables.roleArn + "' is no ARN of a role")`,
    },
    bad(
      'mode-invalid',
      'mode',
      'mode',
      "variables.mode in ['init', 'renew', 'serve', 'imds', 'metadata', 'agent']",
      'init, renew, serve, imds, metadata or agent',
    ),
    bad(
      'duration-invalid',
      'duration',
      'duration',
      `variables.duration == '' || ${matches('duration', '^[0-9]{3,5}$')} && int(variables.duration) >= 900 && int(variables.duration) <= 43200`,
      'whole seconds from 900 to 43200',
    ),
    bad(
      'profile-invalid',
      'profile-arn',
      'profileArn',
      optional('profileArn', '^arn:aws[a-z-]*:rolesanywhere:[a-z0-9-]+:[0-9]{12}:profile/[a-f0-9-]{36}$'),
      'the ARN of a profile of IAM Roles Anywhere',
    ),
    bad(
      'anchor-invalid',
      'anchor-arn',
      'anchorArn',
      optional('anchorArn', '^arn:aws[a-z-]*:rolesanywhere:[a-z0-9-]+:[0-9]{12}:trust-anchor/[a-f0-9-]{36}$'),
      'the ARN of a trust anchor',
    ),
    bad(
      'session-name-invalid',
      'iam.amazonaws.com/session-name',
      'session',
      optional('session', '^[A-Za-z0-9_+=,.@-]{2,64}$'),
      '2 to 64 letters, digits and _+=,.@-',
    ),
    bad('audience-invalid', 'audience', 'audience', matches('audience', '^[!-~]+$'), 'one word'),
    bad(
      'home-invalid',
      'home',
      'homeAsked',
      `!variables.file && variables.homeAsked == '' || ${matches('homeAsked', '^/[^:$[:cntrl:]]*$')}`,
      'an absolute path',
    ),
    bad(
      'vault-role-invalid',
      'vault-role',
      'vaultRole',
      `variables.vaultRole == '$(POD_NAMESPACE)' || ${matches('vaultRole', '^[A-Za-z0-9_.-]+$')}`,
      'the name of a Vault auth role',
    ),
    bad(
      'file-mode-invalid',
      'file-mode',
      'fileMode',
      optional('fileMode', '^0?[0-7]{3}$'),
      'octal, such as 0640',
    ),
    bad('imds-v1-invalid', 'imds-v1', 'imdsV1', "variables.imdsV1 in ['', 'true', 'false']", 'true or false'),
    bad(
      'metadata-region-invalid',
      'metadata-region',
      'region',
      optional('region', '^[a-z]{2,8}(-[a-z]{2,16})+-[0-9]{1,2}$'),
      'a region such as eu-west-1',
    ),
    quantity('cpu-request', 'cpuRequest'),
    quantity('memory-request', 'memoryRequest'),
    quantity('memory-limit', 'memoryLimit'),
    {
      code: 'external-id',
      right:
        "!('iam.amazonaws.com/external-id' in variables.pod) || variables.cluster[?'external-id'].orValue('refuse') == 'ignore'",
      says: "'IAM Roles Anywhere has no external id: remove iam.amazonaws.com/external-id'",
    },
  ]
}

/** An expression that names what has the value. @param key without `iam-ra/` */
function whereIs(key: string): string {
  if (key.includes('/')) return `'${key}'`
  const annotation = `'iam-ra/${key}'`
  return `(${annotation} in variables.pod ? ${annotation}
      : ${annotation} in variables.ns ? variables.namespaceName + ': iam-ra/${key}'
      : variables.settings + ': ${key}')`
}

function permittedProblems(): readonly Problem[] {
  return [
    {
      code: 'permitted-missing',
      right: "!('kiam' in variables.rules) || variables.permitted != ''",
      says: `variables.namespaceName + ' permits no role: it has no annotation ${PERMITTED}'`,
    },
    {
      code: 'not-permitted',
      right: "!('kiam' in variables.rules) || variables.permitted == '' || variables.kiamAllows",
      says: `variables.namespaceName + ' does not permit ' + variables.roleArn + ": ${PERMITTED} is '" + variables.permitted + "'"`,
    },
    {
      code: 'allowed-roles-invalid',
      right: "!('kube2iam' in variables.rules) || variables.allowedIsRead",
      says: `variables.namespaceName + ': ${ALLOWED} is no JSON array of strings'`,
    },
    {
      code: 'not-allowed',
      right: "!('kube2iam' in variables.rules) || variables.kube2iamAllows",
      says: `variables.namespaceName + ' does not allow ' + variables.roleArn + ': ${ALLOWED} is [' + variables.allowed.join(', ') + ']'`,
    },
  ]
}

function podProblems({ metadata: { address } }: Templates): readonly Problem[] {
  return [
    {
      code: 'host-network',
      right: "!(variables.mode in ['serve', 'imds', 'metadata']) || !object.spec.?hostNetwork.orValue(false)",
      says: `'mode ' + variables.mode + ' does not work with hostNetwork: every pod of the node could ask for credentials'`,
    },
    {
      code: 'host-network',
      right: "variables.mode != 'agent' || !object.spec.?hostNetwork.orValue(false)",
      says: `'mode agent does not work with hostNetwork: the agent answers the addresses of pods, and this pod would have the node\\'s'`,
    },
    // The mount of a volume below ours cannot be made, because ours is read-only.
    {
      code: 'home-in-use',
      right: 'variables.nested.size() == 0',
      says: `'a container of the pod has a mount below ' + variables.appPath + ', where its credentials would be: '
      + variables.nested.join(', ') + '. Set iam-ra/home to another directory'`,
    },
    {
      code: 'after-unknown',
      right: "variables.after == '' || variables.inits.exists(c, c.name == variables.after)",
      says: `"iam-ra/after is '" + variables.after + "', but the pod has no such init container"`,
    },
    {
      code: 'skip-unknown',
      right: 'variables.skip.all(one, (object.spec.containers + variables.inits).exists(c, c.name == one))',
      says: `'iam-ra/skip-containers has a name that no container of the pod has: '
      + variables.skip.filter(one, !(object.spec.containers + variables.inits).exists(c, c.name == one)).join(', ')`,
    },
    {
      code: 'own-container',
      right: `!object.spec.containers.exists(c, c.name in ['${OURS}', '${address.name}'])`,
      says: `'the pod has a container of its own with the name ${OURS} or ${address.name}'`,
    },
    {
      code: 'own-container',
      right:
        "variables.ours.size() == 0 || variables.mode != 'agent' && variables.ours.size() == 1 && variables.oursIsRight",
      says: `'the pod has an init container ${OURS} that is not the one it would get: remove it, ${AGAIN}'`,
    },
    {
      code: 'own-container',
      right: 'variables.addressIsRight',
      says: `'the pod has init containers ${OURS} or ${address.name} that are not those it would get: remove them, ${AGAIN}'`,
    },
    {
      code: 'own-volume',
      right: 'variables.foreignVolumes.size() == 0',
      says: "'the pod has a volume of its own with the name ' + variables.foreignVolumes.join(', ')",
    },
  ]
}

/** The API server runs the policy twice for a pod, and the settings may change in between. */
const AGAIN = 'or create the pod again if the settings have just changed'

/** Its first step is root: nobody but administrators says what it runs. */
function metadataProblems({ metadata: { sysctl } }: Templates): readonly Problem[] {
  return [
    {
      code: 'image-not-allowed',
      right: "variables.mode != 'metadata' || !('iam-ra/image' in variables.pod)",
      says: "'a pod with mode metadata cannot have an image of its own (iam-ra/image): set it on the namespace or in the settings'",
    },
    {
      code: 'pod-security',
      right: `variables.mode != 'metadata' || variables.standard in ['', 'privileged']`,
      says: `variables.namespaceName + ' does not allow NET_ADMIN, which mode metadata needs: its label ${ENFORCE} is ' + variables.standard + ', but must be privileged'`,
    },
    {
      code: 'port-start',
      right: `variables.mode != 'metadata' || variables.portStart == ''
    || variables.portStart.matches('^[0-9]{1,5}$') && int(variables.portStart) <= ${sysctl.value}`,
      says: `"the pod sets the sysctl ${sysctl.name} to '" + variables.portStart + "', but mode metadata listens on port ${sysctl.value}: set it to ${sysctl.value} or remove it"`,
    },
  ]
}
