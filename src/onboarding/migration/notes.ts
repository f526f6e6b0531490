/** What is worth knowing of the cluster as a whole, and of kiam's and kube2iam's flags that are not kept. */
import type { Asker } from './askers.ts'
import type { Meaning } from './meaning.ts'
import type { Running } from './running.ts'

export interface ClusterNotes {
  readonly running: readonly Running[]
  readonly meaning: Meaning
  readonly askers: readonly Asker[]
  /** Whether the policies of k8s/injection are installed. */
  readonly hasPolicies: boolean
  /** Of kubectl, if it is not the current one. */
  readonly context: string | undefined
  /** Whether all namespaces were looked at. */
  readonly isWhole: boolean
}

/** Annotations that are read by another name in k8s/injection, which cannot be told. */
const KEYS = ['iam-role-key', 'namespace-key', 'iam-external-id'] as const

export function clusterNotes({
  context,
  running,
  meaning,
  askers,
  hasPolicies,
  isWhole,
}: ClusterNotes): readonly string[] {
  const without = askers.filter(({ role }) => role === undefined).length
  return [
    ...(context === undefined
      ? []
      : [`the commands of kubectl are for the cluster of ${context}: make it the current context first`]),
    ...(hasPolicies
      ? []
      : [
          'the policies of k8s/injection are not installed in this cluster: docs/injection.md says how, and which versions of Kubernetes have them',
        ]),
    ...running.flatMap(({ where, flags }) =>
      KEYS.filter((key) => flags[key] !== undefined && !flags[key].startsWith('iam.amazonaws.com/')).map(
        (key) =>
          `${where} has --${key}=${flags[key] ?? ''}: here annotations begin with iam.amazonaws.com/, so add those too`,
      ),
    ),
    ...(running.some(({ flags }) => 'auto-discover-default-role' in flags)
      ? [
          'kube2iam gives pods without annotation the role of the node (--auto-discover-default-role): give each an annotation, because nodes have no certificate here',
        ]
      : []),
    ...(meaning.defaultRole === '' || without === 0
      ? []
      : [
          `kube2iam gives ${without} workloads without annotation the role ${meaning.defaultRole}${isWhole ? '' : ' in the namespaces that were looked at'}: annotate those that use AWS, or see "A default role" in docs/injection.md`,
        ]),
    ...(meaning.names === 'none'
      ? [
          'any pod may ask for any role, as in kube2iam without --namespace-restrictions: set namespace-rules in the settings to limit it',
        ]
      : []),
  ]
}
