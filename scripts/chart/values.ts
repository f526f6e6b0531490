/** The values of k8s/chart: what each means, what it may be, and its default. */

/** Of JSON Schema draft 7, which every Helm 3 and 4 knows. */
export type Schema = Readonly<Record<string, unknown>>

export interface Value {
  readonly meaning: string
  readonly schema: Schema
  readonly fallback?: string | boolean
  /** Shown in values.yaml if there is no default. */
  readonly example?: string
}

const PARTITION = 'arn:aws[a-z-]*'
const ARN = `${PARTITION}:rolesanywhere:[a-z0-9-]+:[0-9]{12}`
const ID = '[a-f0-9-]{36}'
const MOUNT = text('^[^/?#%\\\\\\s]+(/[^/?#%\\\\\\s]+)*$')
const QUANTITY = {
  type: ['string', 'number'],
  pattern: '^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$',
  exclusiveMinimum: 0,
}
const RANGE = '[0-9a-fA-F.:]+/[0-9]{1,3}'
const ANY_PROFILE = `${ARN}:profile/(${ID}|\\*)`
const PROFILE = text(`^${ARN}:profile/${ID}$`)

/** The keys of the ConfigMap that have a value of the same name. The image and `unannotated` have none. */
export const SETTINGS: Readonly<Record<string, Value>> = {
  cluster: {
    meaning: "Required. The cluster's name in the pods' certificates.",
    // Empty means missing, which the chart says of all required values at once.
    schema: text('^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)?$'),
    fallback: '',
  },
  'vault-address': {
    meaning: "Required. Vault's address.",
    schema: text('^(https?://[^\\s/]+[^\\s]*)?$'),
    fallback: '',
  },
  'vault-auth-mount': {
    meaning: "Path of Vault's auth method; `kubernetes` if unset.",
    schema: MOUNT,
    example: 'kubernetes',
  },
  'vault-pki-mount': {
    meaning: "Path of Vault's PKI secrets engine; `pki` if unset.",
    schema: MOUNT,
    example: 'pki',
  },
  'vault-pki-role': {
    meaning: 'Name of the PKI role; `iam-ra` if unset.',
    schema: text('^[^/?#%\\\\\\s]+$'),
    example: 'iam-ra',
  },
  'base-role-arn': {
    meaning: "Comes before a role's name.",
    schema: text(`^${PARTITION}:iam::[0-9]{12}:role(/[!-~]*)?$`),
    example: 'arn:aws:iam::111122223333:role/',
  },
  'anchor-arn': {
    meaning: "The trust anchor. If unset, from the Secret `anchor-arn` of the pod's namespace.",
    schema: text(`^${ARN}:trust-anchor/${ID}$`),
    example:
      'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/11111111-1111-1111-1111-111111111111',
  },
  'profile-arn': {
    meaning: 'The profile. If unset, from the Secret `profile-arn`.',
    schema: PROFILE,
    example: 'arn:aws:rolesanywhere:eu-central-1:111122223333:profile/22222222-2222-2222-2222-222222222222',
  },
  'profile-arn.ROLE': {
    meaning: "The profile for the role with that name in the profile's account.",
    schema: PROFILE,
    example: 'arn:aws:rolesanywhere:eu-central-1:111122223333:profile/33333333-3333-3333-3333-333333333333',
  },
  'namespace-rules': {
    meaning: 'Which annotation of a namespace says what roles its pods may have; with both, both must allow.',
    schema: oneOf('kiam', 'kube2iam', 'kiam,kube2iam', 'kube2iam,kiam', 'none'),
    fallback: 'kiam',
  },
  'allowed-roles-format': {
    meaning: "How kube2iam's rules are read; `glob` if unset.",
    schema: oneOf('glob', 'regexp'),
    example: 'glob',
  },
  'default-role': {
    meaning: "With kube2iam's rules, allowed in every namespace.",
    schema: text('^[!-~]+$'),
    example: 'everyone',
  },
  'external-id': {
    meaning:
      'Pods with `iam.amazonaws.com/external-id` are refused, or the annotation is ignored; `refuse` if unset.',
    schema: oneOf('refuse', 'ignore'),
    example: 'refuse',
  },
  mode: {
    meaning: 'What pods get that do not say it themselves.',
    schema: oneOf('init', 'renew', 'serve', 'imds', 'metadata', 'agent'),
    fallback: 'init',
  },
  duration: {
    meaning: 'Lifetime of a session in seconds.',
    schema: {
      type: ['integer', 'string'],
      minimum: 900,
      maximum: 43200,
      pattern: '^(9[0-9]{2}|[1-9][0-9]{3}|[1-3][0-9]{4}|4[0-2][0-9]{3}|43[01][0-9]{2}|43200)$',
    },
    example: '3600',
  },
  audience: {
    meaning: 'Audience of the token for Vault; `vault` if unset.',
    schema: text('^[!-~]+$'),
    example: 'vault',
  },
  home: {
    meaning: 'The credentials file is `<home>/.aws/credentials`.',
    schema: text('^/[^:$]*$'),
    fallback: '/home/app',
  },
  'file-mode': {
    meaning: 'Permissions of the credentials file, in quotes.',
    schema: text('^0?[0-7]{3}$'),
    example: "'0640'",
  },
  'imds-v1': {
    meaning: 'In modes `imds` and `metadata`, whether to answer clients that send no token.',
    schema: { enum: [true, false, 'true', 'false'] },
    example: 'false',
  },
  'metadata-region': {
    meaning: 'In mode `metadata`, the region that the metadata service gives.',
    schema: text('^[a-z]{2,8}(-[a-z]{2,16})+-[0-9]{1,2}$'),
    example: 'eu-central-1',
  },
  'agent-endpoint': {
    meaning: "In mode `agent`, the node agent's address; `http://169.254.170.23:9911` if unset.",
    schema: text('^http://(169\\.254\\.170\\.23|\\[fd00:ec2::23\\]):[0-9]{1,5}$'),
    example: 'http://[fd00:ec2::23]:9911',
  },
  'agent-audience': {
    meaning: 'In mode `agent`, audience of the token for the agent; `iam-ra-agent` if unset.',
    schema: text('^[!-~]+$'),
    example: 'iam-ra-agent',
  },
  'cpu-request': { meaning: 'Of the injected container.', schema: QUANTITY, example: '50m' },
  'memory-request': { meaning: 'Of the injected container.', schema: QUANTITY, example: '64Mi' },
  'memory-limit': { meaning: 'Of the injected container.', schema: QUANTITY, example: '128Mi' },
}

/** By path. Helm adds `global` to the values of each dependency. */
export const OTHERS: Readonly<Record<string, Value>> = {
  'image.repository': {
    meaning: 'Required. The image of `aws-iam-ra`, with its registry.',
    schema: text('^([a-z0-9][A-Za-z0-9.-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)*)?$'),
    fallback: '',
  },
  'image.tag': {
    meaning: "Defaults to the chart's appVersion.",
    schema: text('^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$'),
    fallback: '',
  },
  'image.digest': {
    meaning: 'In place of the tag.',
    schema: text('^(sha256:[a-f0-9]{64})?$'),
    fallback: '',
  },
  namespaces: {
    meaning:
      '`labelled`: pods in namespaces with the label `iam-ra/injection: enabled` can ask. `all`: pods in every namespace can.',
    schema: oneOf('labelled', 'all'),
    fallback: 'labelled',
  },
  warnings: {
    meaning: 'Warn at `kubectl apply` of what would not work.',
    schema: { type: 'boolean' },
    fallback: true,
  },
  checkPatterns: {
    meaning: 'Refuse patterns on namespaces that are no regular expression or no JSON array.',
    schema: { type: 'boolean' },
    fallback: false,
  },
  'defaultRole.enabled': {
    meaning:
      'Pods that ask for no role get `defaultRole.settings.default-role`, in namespaces with the label `iam-ra/default-role: on`.',
    schema: { type: 'boolean' },
    fallback: false,
  },
  'defaultRole.settings': {
    meaning:
      "What differs from `settings` for these pods. kube2iam's rules always allow the default role, kiam's must permit it.",
    schema: { $ref: '#/definitions/settings' },
  },
  'agent.enabled': {
    meaning: 'Run the node agent on all Linux nodes; docs/agent.md has what it needs.',
    schema: { type: 'boolean' },
    fallback: false,
  },
  'agent.namespace': {
    meaning:
      "The agent's privileged namespace. The chart creates it and deletes it with all that is in it, so it must not be the release's.",
    schema: text('^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    fallback: 'iam-ra-agent',
  },
  'agent.podRanges': {
    meaning: 'Required with the agent. The addresses of all pods, on every node, with commas.',
    schema: text(`^(${RANGE}(, ?${RANGE})*)?$`),
    fallback: '',
  },
  'agent.profiles': {
    meaning:
      'Which profiles pods may ask for beside `profile-arn`, with commas; `*` as the ID is every profile of that account and region.',
    schema: text(`^(${ANY_PROFILE}(, ?${ANY_PROFILE})*)?$`),
    fallback: '',
  },
  'agent.vaultRole': {
    meaning: "Vault auth role. `{namespace}` is replaced by the pod's namespace.",
    schema: text('^([A-Za-z0-9_.-]|\\{namespace\\})+$'),
    fallback: '{namespace}.agent',
  },
  'agent.vaultCa': {
    meaning: "ConfigMap in the agent's namespace with Vault's CA as `ca.crt`. You create it.",
    schema: text('^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$'),
    fallback: 'vault-ca',
  },
  'agent.metricsAddress': {
    meaning: 'Where metrics are served. In an IPv6-only cluster take the second.',
    schema: oneOf('$(NODE_IP):9912', '[$(NODE_IP)]:9912'),
    fallback: '$(NODE_IP):9912',
  },
  'agent.settings': {
    meaning:
      'What differs from `settings` for the agent, which reads `cluster`, `vault-address`, `vault-auth-mount`, `vault-pki-mount`, `vault-pki-role`, and `anchor-arn` and `profile-arn`. It needs the last two, for pods that ask for no other.',
    schema: { $ref: '#/definitions/agentSettings' },
  },
}

/** Of `settings`, those that the agent reads and that may differ. Its audience is always the injection's. */
export const AGENT_SETTINGS = [
  'cluster',
  'vault-address',
  'vault-auth-mount',
  'vault-pki-mount',
  'vault-pki-role',
  'anchor-arn',
  'profile-arn',
] as const

/** The rules of the default role in values.yaml, as in k8s/injection/default-role. */
export const DEFAULT_ROLE_SETTINGS = { 'namespace-rules': 'kube2iam' } as const

function text(pattern: string): Schema {
  return { type: 'string', pattern }
}

function oneOf(...values: readonly string[]): Schema {
  return { enum: values }
}
