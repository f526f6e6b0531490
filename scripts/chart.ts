/**
 * Writes what k8s/chart has of the policies of k8s/injection and of k8s/agent, and its values. `npm run format` runs it,
 * and a test checks it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { stringify } from 'yaml'
import { agent } from './chart/agent.ts'
import { annotated, owned, template, type Namespaces } from './chart/templates.ts'
import { schema, valuesFile, withValues } from './chart/values-files.ts'
import { packageJson, ROOT } from './checks/files.ts'
import { defaultRole, inject, keep, namespaces, refuse, warn, type Manifest } from './injection/policies.ts'
import { templates } from './injection/templates.ts'

const READ = templates()
const README = 'k8s/chart/README.md'
/** Helm leaves these in the cluster. */
const KEPT = { 'helm.sh/resource-policy': 'keep' }
/** Helm deletes what has the hook's name, creates the hook, and deletes it again. */
const REMOVED_FIRST = {
  'helm.sh/hook': 'pre-delete',
  'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
}
/** `helm template` finds nothing: what it prints has each object once. */
const HAS_CLUSTER = '(lookup "v1" "Namespace" "" "default")'
const REMOVAL = `Helm would remove the refusing binding last, and refuse pods that ask until then. This hook removes it before all else.`

interface Template {
  readonly comment: string
  readonly manifests: (namespaces: Namespaces) => readonly Manifest[]
  readonly when?: string
}

const TEMPLATES: Readonly<Record<string, Template>> = {
  inject: {
    comment: 'Gives pods that ask by annotation the init container or the sidecar.',
    manifests: () => inject(READ),
  },
  keep: {
    comment: `Changes nothing, and stays in the cluster. It keeps API servers reading the settings while the other policies are
missing (kubernetes#130887).`,
    manifests: () => keep().map((manifest) => annotated(manifest, KEPT)),
  },
  refuse: {
    comment: 'Refuses pods that ask and were not given what they ask for.',
    manifests: () => refuse(READ),
  },
  'refuse-removal': {
    comment: REMOVAL,
    manifests: () => hooks(refuse(READ)),
    when: HAS_CLUSTER,
  },
  warn: {
    comment: 'Warns at `kubectl apply` of what would not work as its author expects. It refuses nothing.',
    manifests: () => warn(READ),
    when: '.Values.warnings',
  },
  namespaces: {
    comment:
      'Refuses patterns that are no regular expression or no JSON array when they are written, on the namespace.',
    manifests: (chosen) => namespaces(chosen === 'labelled'),
    when: '.Values.checkPatterns',
  },
  'default-role': {
    comment:
      'Pods that ask for no role get the default role, in namespaces with the label iam-ra/default-role: on.',
    manifests: () => defaultRole(READ),
    when: '.Values.defaultRole.enabled',
  },
  'default-role-removal': {
    comment: REMOVAL,
    manifests: () => hooks(defaultRole(READ)),
    when: `and .Values.defaultRole.enabled ${HAS_CLUSTER}`,
  },
  agent: {
    comment: 'The node agent, in a privileged namespace of its own.',
    manifests: agent,
    when: '.Values.agent.enabled',
  },
}

/** The text of each file, by its path. */
export const CHART_FILES: Readonly<Record<string, () => Promise<string>>> = {
  'k8s/chart/Chart.yaml': () => formatted(stringify(chart()), 'yaml'),
  'k8s/chart/values.yaml': () => formatted(valuesFile(), 'yaml'),
  'k8s/chart/values.schema.json': () => formatted(JSON.stringify(schema()), 'json'),
  [README]: () => Promise.resolve(withValues(readFileSync(join(ROOT, README), 'utf8'))),
  ...Object.fromEntries(
    Object.entries(TEMPLATES).map(([name, { comment, manifests, when }]) => [
      `k8s/chart/templates/${name}.yaml`,
      () => Promise.resolve(template(comment, manifests, when)),
    ]),
  ),
}

function chart(): object {
  const { version, license } = packageJson()
  return {
    apiVersion: 'v2',
    name: 'iam-ra',
    description: "AWS credentials for pods by annotation, injected by Kubernetes' own admission policies",
    type: 'application',
    version,
    appVersion: version,
    // With pre-releases, as some providers name their versions.
    kubeVersion: '>=1.34.0-0',
    keywords: ['aws', 'iam', 'iam-roles-anywhere', 'kiam', 'kube2iam', 'vault'],
    annotations: { 'artifacthub.io/category': 'security', 'artifacthub.io/license': license },
  }
}

function hooks(manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests
    .filter(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding')
    .map((manifest) => owned(manifest, REMOVED_FIRST))
}

async function formatted(text: string, parser: 'yaml' | 'json'): Promise<string> {
  return await format(text, { ...(await resolveConfig(join(ROOT, 'package.json'))), parser })
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(CHART_FILES)) writeFileSync(join(ROOT, path), await text())
}
