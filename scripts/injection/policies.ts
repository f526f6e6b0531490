/** The policies of k8s/injection, as objects of Kubernetes. */
import { addedVariables, mutation, variableNames } from './added.ts'
import { askedVariables, knownAnnotations, type Variable } from './asked.ts'
import { ALLOWED, compiles, isJsonArray, PERMITTED, PERMITTED_VARIABLES } from './permitted.ts'
import { oneLine } from './cel.ts'
import { OURS, plausible } from './own.ts'
import { problemVariables } from './problems.ts'
import type { Templates } from './templates.ts'

export type Manifest = Readonly<Record<string, unknown>>

const API = 'admissionregistration.k8s.io/v1'
const ENABLED = { matchLabels: { 'iam-ra/injection': 'enabled' } }
/** With the API server's default, so that `kubectl apply` finds nothing to change. */
const OF_PODS = {
  resourceRules: [
    { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: '*' },
  ],
}
const OF_NAMESPACES = {
  resourceRules: [
    {
      apiGroups: [''],
      apiVersions: ['v1'],
      operations: ['CREATE', 'UPDATE'],
      resources: ['namespaces'],
      scope: '*',
    },
  ],
}
const ROLE = 'iam.amazonaws.com/role'
const ASKS = `'${ROLE}' in object.metadata.?annotations.orValue({})`

/** The API server accepts no change to a mirror of a static pod, and no Linux container runs on Windows. */
const CONDITIONS = [
  { name: 'not-windows', expression: notWindows('object') },
  {
    name: 'not-mirror',
    expression: "!('kubernetes.io/config.mirror' in object.metadata.?annotations.orValue({}))",
  },
]

export function inject(templates: Templates): readonly Manifest[] {
  const variables = [
    ...askedVariables(templates),
    ...PERMITTED_VARIABLES,
    ...addedVariables(templates),
    ...problemVariables(templates),
  ]
  return [
    policy('Mutating', 'iam-ra-inject', {
      failurePolicy: 'Ignore',
      reinvocationPolicy: 'IfNeeded',
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: OF_PODS,
      matchConditions: [
        {
          name: 'asks',
          expression: `${ASKS}\n|| params.?data[?'unannotated'].orValue('') == 'default-role'`,
        },
        ...CONDITIONS,
      ],
      variables: named(variables),
      mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: mutation(templates) } }],
    }),
    binding('Mutating', 'iam-ra-inject', 'iam-ra-inject', {
      ...settings('iam-ra-injection'),
      matchResources: {
        namespaceSelector: {
          ...ENABLED,
          matchExpressions: [{ key: 'iam-ra/default-role', operator: 'NotIn', values: ['on'] }],
        },
      },
    }),
  ]
}

/**
 * It matches nothing. While any bound policy has ConfigMaps as its parameters, the API server keeps reading them; once
 * none has, it reads none again until it restarts, and a policy that is created again sees them as they were
 * (kubernetes#130887).
 */
export function keep(): readonly Manifest[] {
  return [
    policy('Mutating', 'iam-ra-keep', {
      failurePolicy: 'Ignore',
      reinvocationPolicy: 'Never',
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: OF_PODS,
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
    }),
    binding('Mutating', 'iam-ra-keep', 'iam-ra-keep', {
      ...settings('iam-ra-injection'),
      matchResources: { namespaceSelector: { matchLabels: { 'iam-ra/injection': 'never' } } },
    }),
  ]
}

/** It sees the pod after every mutation. */
export function refuse(templates: Templates): readonly Manifest[] {
  return denying(templates, {
    name: 'iam-ra',
    asks: { name: 'asks', expression: ASKS },
    says: `'not-injected: the pod asks for role ' + object.metadata.?annotations[?'${ROLE}'].orValue('')
  + ' and got no container aws-iam-ra with it: see that the policy iam-ra-inject and the ConfigMap of its binding exist, '
  + 'that ${PERMITTED} and ${ALLOWED} of the namespace are regular expressions, '
  + 'and that the pod does not have thousands of containers or variables'`,
    namespaces: ENABLED,
  })
}

/** For namespaces whose pods get the default role if they ask for none: nobody starts there without a role. */
export function defaultRole(templates: Templates): readonly Manifest[] {
  const labels = { matchLabels: { ...ENABLED.matchLabels, 'iam-ra/default-role': 'on' } }
  return [
    binding('Mutating', 'iam-ra-default-role', 'iam-ra-inject', {
      ...settings('iam-ra-default-role'),
      matchResources: { namespaceSelector: labels },
    }),
    ...denying(templates, {
      name: 'iam-ra-default-role',
      asks: { name: 'asks-for-none', expression: `!(${ASKS})` },
      says: "'not-injected: pods of this namespace get the default role, and this one got no container aws-iam-ra'",
      namespaces: labels,
    }),
  ]
}

export function warn(templates: Templates): readonly Manifest[] {
  const workloads = { apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], scope: '*' }
  const env = ['AWS_ACCESS_KEY_ID', 'AWS_PROFILE', 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE']
  return [
    policy('Validating', 'iam-ra-warn', {
      failurePolicy: 'Ignore',
      matchConstraints: {
        resourceRules: [
          ...OF_PODS.resourceRules,
          { apiGroups: ['apps'], ...workloads, resources: ['deployments', 'statefulsets', 'daemonsets'] },
          { apiGroups: ['batch'], ...workloads, resources: ['jobs', 'cronjobs'] },
        ],
      },
      // Most pods that are created ask for nothing, and have nothing to be warned of.
      matchConditions: [{ name: 'asks-or-workload', expression: `request.kind.kind != 'Pod' || ${ASKS}` }],
      variables: named([
        [
          'template',
          `request.kind.kind == 'Pod' ? object
: request.kind.kind == 'CronJob' ? object.spec.jobTemplate.spec.template
: object.spec.template`,
        ],
        ['annotations', 'variables.template.?metadata.?annotations.orValue({})'],
        ['asks', `'${ROLE}' in variables.annotations`],
        // Empty if the settings have it, which are not known here.
        [
          'mode',
          "variables.annotations[?'iam-ra/mode'].orValue(namespaceObject.metadata.?annotations[?'iam-ra/mode'].orValue(''))",
        ],
      ]),
      validations: [
        {
          expression: `request.kind.kind == 'Pod' || variables.asks || !(${ASKS})`,
          message: `${ROLE} is an annotation of the workload, where nothing reads it: set it in the pod template's metadata`,
        },
        {
          expression: `!variables.asks || (${notWindows('variables.template')})`,
          message: 'Windows pods get no credentials from iam-ra',
        },
        {
          expression: `!variables.asks || !variables.template.spec.containers.exists(c,
  c.?env.orValue([]).exists(e, e.name in [${env.map((name) => `'${name}'`).join(', ')}]))`,
          message: `the SDK of a container may prefer what it finds in ${env.slice(0, -1).join(', ')} or ${env.at(-1) ?? ''}: remove these variables`,
        },
        {
          expression: `!variables.asks || !(variables.mode in ['imds', 'metadata']) || !variables.template.spec.containers.exists(c,
  c.?env.orValue([]).exists(e, e.name == 'AWS_EC2_METADATA_DISABLED' && e.?value.orValue('').lowerAscii() == 'true'))`,
          message:
            'a container has AWS_EC2_METADATA_DISABLED, with which its SDK does not ask for credentials: remove it',
        },
        {
          expression: `!variables.asks || variables.mode != 'metadata' || !variables.template.spec.containers.exists(c,
  c.?env.orValue([]).exists(e, e.name in ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE']))`,
          message:
            'a container has AWS_EC2_METADATA_SERVICE_ENDPOINT, so its SDK may not ask 169.254.169.254: remove it',
        },
        {
          expression: `!variables.asks || variables.mode != 'metadata' || !variables.template.spec.containers.exists(c,
  c.?ports.orValue([]).exists(p, p.containerPort == 80 && p.?protocol.orValue('TCP') == 'TCP'))`,
          message:
            'an app that listens on port 80 of all addresses does not start in mode metadata, because 169.254.169.254:80 is in use: give it another port',
        },
        {
          expression:
            "!variables.asks || variables.mode != 'metadata' || !('iam-ra/skip-containers' in variables.annotations)",
          message:
            'in mode metadata every container of the pod can ask for credentials: iam-ra/skip-containers has no effect',
        },
        {
          expression: "!variables.asks || !('iam.amazonaws.com/external-id' in variables.annotations)",
          message: 'IAM Roles Anywhere has no external id: remove iam.amazonaws.com/external-id',
        },
        {
          expression: `!variables.asks || variables.annotations.all(key, !key.startsWith('iam-ra/') || key in ${knownAnnotations(templates, 'pod')})`,
          message: 'an annotation that starts with iam-ra/ is not known: pods with it are refused',
        },
      ],
    }),
    binding('Validating', 'iam-ra-warn', 'iam-ra-warn', {
      validationActions: ['Warn'],
      matchResources: { namespaceSelector: ENABLED },
    }),
    ...warnOfNamespaces(templates),
  ]
}

/** Pods are not refused because of these: they may not be for us. */
function warnOfNamespaces(templates: Templates): readonly Manifest[] {
  const name = 'iam-ra-warn-namespaces'
  return [
    policy('Validating', name, {
      failurePolicy: 'Ignore',
      matchConstraints: OF_NAMESPACES,
      variables: named([
        [
          'unknown',
          `object.metadata.?annotations.orValue({}).map(key, key).filter(key, key.startsWith('iam-ra/') && !(key in ${knownAnnotations(templates, 'ns')}))`,
        ],
      ]),
      validations: [
        {
          expression: 'variables.unknown.size() == 0',
          messageExpression: `string(variables.unknown.join(', ') + ' is no annotation that iam-ra reads on a namespace')`,
        },
      ],
    }),
    binding('Validating', name, name, {
      validationActions: ['Warn'],
      matchResources: { namespaceSelector: ENABLED },
    }),
  ]
}

/** @param labelled whether only namespaces with the label count, so that setting it is a change too */
export function namespaces(labelled = true): readonly Manifest[] {
  const keys = `['${PERMITTED}', '${ALLOWED}']`
  const wasOff = "oldObject.metadata.?labels[?'iam-ra/injection'].orValue('') != 'enabled'"
  return [
    policy('Validating', 'iam-ra-namespaces', {
      failurePolicy: 'Fail',
      matchConstraints: OF_NAMESPACES,
      matchConditions: [
        {
          // A namespace that has a wrong one already can still be changed and deleted.
          name: 'changes-them',
          expression: `${keys}.exists(key, key in object.metadata.?annotations.orValue({})
  && (oldObject == null${labelled ? ` || ${wasOff}` : ''}
    || object.metadata.annotations[key] != oldObject.metadata.?annotations[?key].orValue('')))`,
        },
      ],
      variables: named([
        ['permitted', `object.metadata.annotations[?'${PERMITTED}'].orValue('')`],
        ['allowed', `object.metadata.annotations[?'${ALLOWED}'].orValue('[]')`],
      ]),
      validations: [
        // What is wrong with the expression is the API server's own error.
        { expression: compiles('variables.permitted') },
        {
          expression: isJsonArray('variables.allowed'),
          message: `allowed-roles-invalid: ${ALLOWED} is no JSON array of strings`,
        },
      ],
    }),
    binding('Validating', 'iam-ra-namespaces', 'iam-ra-namespaces', {
      validationActions: ['Deny'],
      matchResources: { namespaceSelector: ENABLED },
    }),
  ]
}

interface Denying {
  readonly name: string
  readonly asks: { readonly name: string; readonly expression: string }
  /** The sentence if the first policy said none. */
  readonly says: string
  readonly namespaces: object
}

/**
 * Without parameters: the API server looks for parameters before conditions, and without the ConfigMap would refuse
 * pods that ask for nothing too.
 */
function denying(
  templates: Templates,
  { name, asks, says, namespaces: namespaceSelector }: Denying,
): readonly Manifest[] {
  return [
    policy('Validating', name, {
      failurePolicy: 'Fail',
      matchConstraints: OF_PODS,
      matchConditions: [asks, ...CONDITIONS],
      variables: named([
        ['annotations', 'object.metadata.?annotations.orValue({})'],
        ['ours', containersNamed(OURS)],
        ['addresses', containersNamed(templates.metadata.address.name)],
        // The settings' is not known here.
        [
          'image',
          `variables.annotations[?'iam-ra/image'].or(namespaceObject.metadata.?annotations.orValue({})[?'iam-ra/image'])`,
        ],
        ['arn', "variables.annotations[?'iam-ra/injected'].orValue('')"],
        // As many as of the names that are known: then all are, and none is there twice.
        ['envNames', 'variables.ours[?0].?env.orValue([]).map(e, e.name)'],
        ['says', `variables.annotations[?'iam-ra/refused'].orValue(${says})`],
      ]),
      validations: [
        {
          expression: `!('iam-ra/refused' in variables.annotations) && variables.arn != ''
&& ${plausible(templates, variableNames(templates))}`,
          reason: 'Forbidden',
          // Of more than one line, or 5 KiB, the API server would show the expression.
          messageExpression: `string(${oneLine('(variables.says.size() > 1003 ? variables.says.substring(0, 1003) : variables.says)')})`,
        },
      ],
    }),
    binding('Validating', name, name, { validationActions: ['Deny'], matchResources: { namespaceSelector } }),
  ]
}

function containersNamed(name: string): string {
  return `object.spec.?initContainers.orValue([]).filter(c, c.name == '${name}')`
}

function policy(kind: 'Mutating' | 'Validating', name: string, spec: object): Manifest {
  return { apiVersion: API, kind: `${kind}AdmissionPolicy`, metadata: { name }, spec }
}

function binding(kind: 'Mutating' | 'Validating', name: string, policyName: string, spec: object): Manifest {
  return {
    apiVersion: API,
    kind: `${kind}AdmissionPolicyBinding`,
    metadata: { name },
    spec: { policyName, ...spec },
  }
}

/** Without the ConfigMap nothing is injected, and pods that ask are refused: Deny would refuse all pods. */
function settings(name: string): object {
  return { paramRef: { name, namespace: 'iam-ra', parameterNotFoundAction: 'Allow' } }
}

function named(variables: readonly Variable[]): readonly object[] {
  return variables.map(([name, expression]) => ({ name, expression }))
}

function notWindows(pod: string): string {
  return `${pod}.spec.?os.?name.orValue('') != 'windows'
&& ${pod}.spec.?nodeSelector[?'kubernetes.io/os'].orValue('') != 'windows'`
}
