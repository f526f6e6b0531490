/** What a pod can ask for by annotation, and where the answer comes from if it does not. */
import { quoted } from './cel.ts'
import type { Templates } from './templates.ts'

/** A variable of the policy. */
export type Variable = readonly [name: string, expression: string]

interface Key {
  readonly variable: string
  /** Without `iam-ra/`. */
  readonly key: string
  /** Who may say it, the strongest first. */
  readonly from: readonly ('pod' | 'ns' | 'cluster')[]
  readonly otherwise: string
}

const EVERYWHERE = ['pod', 'ns', 'cluster'] as const

function keys({ init, agent }: Templates): readonly Key[] {
  const { requests, limits } = init.container.resources
  const valueOf = (name: string): string => init.env.find((one) => one.name === name)?.value ?? ''
  return [
    { variable: 'mode', key: 'mode', from: EVERYWHERE, otherwise: 'init' },
    { variable: 'duration', key: 'duration', from: EVERYWHERE, otherwise: '' },
    { variable: 'audience', key: 'audience', from: EVERYWHERE, otherwise: 'vault' },
    { variable: 'image', key: 'image', from: EVERYWHERE, otherwise: '' },
    { variable: 'homeAsked', key: 'home', from: EVERYWHERE, otherwise: '' },
    { variable: 'fileMode', key: 'file-mode', from: EVERYWHERE, otherwise: '' },
    { variable: 'imdsV1', key: 'imds-v1', from: EVERYWHERE, otherwise: '' },
    { variable: 'region', key: 'metadata-region', from: EVERYWHERE, otherwise: '' },
    { variable: 'cpuRequest', key: 'cpu-request', from: EVERYWHERE, otherwise: requests.cpu },
    { variable: 'memoryRequest', key: 'memory-request', from: EVERYWHERE, otherwise: requests.memory },
    { variable: 'memoryLimit', key: 'memory-limit', from: EVERYWHERE, otherwise: limits.memory },
    { variable: 'vaultRole', key: 'vault-role', from: ['pod', 'ns'], otherwise: valueOf('VAULT_ROLE') },
    // As ConfigMap `iam-ra` of `iam-ra k8s setup` has them.
    { variable: 'authMount', key: 'vault-auth-mount', from: ['cluster'], otherwise: '' },
    { variable: 'pkiMount', key: 'vault-pki-mount', from: ['cluster'], otherwise: '' },
    { variable: 'pkiRole', key: 'vault-pki-role', from: ['cluster'], otherwise: valueOf('VAULT_CERT_NAME') },
    { variable: 'agentEndpoint', key: 'agent-endpoint', from: ['cluster'], otherwise: agent.endpoint },
    { variable: 'agentAudience', key: 'agent-audience', from: ['cluster'], otherwise: agent.audience },
    { variable: 'profileAsked', key: 'profile-arn', from: ['pod', 'ns'], otherwise: '' },
    { variable: 'anchorArn', key: 'anchor-arn', from: ['ns', 'cluster'], otherwise: '' },
    { variable: 'baseAsked', key: 'base-role-arn', from: ['ns', 'cluster'], otherwise: '' },
    { variable: 'skipAsked', key: 'skip-containers', from: ['pod'], otherwise: '' },
    { variable: 'after', key: 'after', from: ['pod'], otherwise: '' },
  ]
}

/** A list of every annotation of ours that such an object may have. */
export function knownAnnotations(templates: Templates, of: 'pod' | 'ns'): string {
  const asked = keys(templates).filter(({ from }) => from.includes(of))
  const written = of === 'pod' ? ['injected', 'refused'] : []
  return `[${[...asked.map(({ key }) => key), ...written].map((key) => `'iam-ra/${key}'`).join(', ')}]`
}

export function askedVariables(templates: Templates): readonly Variable[] {
  return [
    ['pod', 'object.metadata.?annotations.orValue({})'],
    ['ns', 'namespaceObject.metadata.?annotations.orValue({})'],
    ['cluster', 'params.?data.orValue({})'],
    ...keys(templates).map((key): Variable => [key.variable, chosen(key)]),
    // It may end within a name, as with kiam and kube2iam.
    ['base', "variables.baseAsked.endsWith(':role') ? variables.baseAsked + '/' : variables.baseAsked"],
    [
      'role',
      "variables.pod[?'iam.amazonaws.com/role'].orValue(variables.cluster[?'default-role'].orValue('')).trim()",
    ],
    ['roleArn', arnOf('variables.role')],
    ['defaultRole', "variables.cluster[?'default-role'].orValue('').trim()"],
    ['session', "variables.pod[?'iam.amazonaws.com/session-name'].orValue('')"],
    // The profile of this role if the settings have one in the role's account: names can be the same in two accounts.
    [
      'profileOfRole',
      `!variables.roleArn.matches('^arn:[^:]+:iam::[0-9]{12}:role/') ? ''
: variables.cluster[?('profile-arn.' + variables.roleArn.split('/')[variables.roleArn.split('/').size() - 1])].orValue('')`,
    ],
    [
      'profileArn',
      `variables.profileAsked != '' ? variables.profileAsked
: variables.profileOfRole != '' && variables.profileOfRole.contains(':' + variables.roleArn.split(':')[4] + ':') ? variables.profileOfRole
: variables.cluster[?'profile-arn'].orValue('')`,
    ],
    [
      'home',
      "variables.homeAsked.endsWith('/') ? variables.homeAsked.substring(0, variables.homeAsked.size() - 1) : variables.homeAsked",
    ],
    ['skip', "variables.skipAsked.split(',').map(one, one.trim()).filter(one, one != '')"],
    ['inits', 'object.spec.?initContainers.orValue([])'],
    ['volumes', 'object.spec.?volumes.orValue([])'],
    // What the app gets: a file, an endpoint with a token file, the address of a metadata service, or the agent's.
    ['file', "variables.mode in ['init', 'renew']"],
  ]
}

/** As kiam and kube2iam resolve a role: an ARN is kept, a name comes after the base, without its leading slash. */
export function arnOf(role: string): string {
  return `${role}.lowerAscii().startsWith('arn:') ? ${role}
: variables.base + (${role}.startsWith('/') ? ${role}.substring(1) : ${role})`
}

function chosen({ key, from, otherwise }: Key): string {
  return from.reduceRight((rest, source) => {
    const name = source === 'cluster' ? key : `iam-ra/${key}`
    return `variables.${source}[?${quoted(name)}].orValue(${rest})`
  }, quoted(otherwise))
}
