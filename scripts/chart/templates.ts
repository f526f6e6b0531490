/** The policies as templates of Helm. */
import { stringify } from 'yaml'
import type { Manifest } from '../injection/policies.ts'

/** What the value `namespaces` may be. */
export type Namespaces = 'labelled' | 'all'

/** Stand for actions of a template until everything else is escaped. */
const ACTIONS: Readonly<Record<string, string>> = {
  HELM_MUTATING_API: '{{ include "iam-ra.mutatingApi" . }}',
  HELM_NAMESPACE: '{{ .Release.Namespace | quote }}',
  HELM_AGENT_CHECKSUM: '{{ include "iam-ra.agentData" . | sha256sum | quote }}',
  HELM_AGENT_DATA: '{{- include "iam-ra.agentData" . | trim | nindent 2 }}',
  HELM_AGENT_METRICS: '{{ .Values.agent.metricsAddress | quote }}',
  HELM_AGENT_NAMESPACE: '{{ .Values.agent.namespace | quote }}',
  HELM_AGENT_PKI_ROLE:
    '{{ index (merge (dict) .Values.agent.settings .Values.settings) "vault-pki-role" | default "iam-ra" | quote }}',
  HELM_AGENT_VAULT_CA: '{{ .Values.agent.vaultCa | quote }}',
  HELM_AGENT_VAULT_ROLE: '{{ .Values.agent.vaultRole | quote }}',
  HELM_IMAGE: '{{ include "iam-ra.image" . | quote }}',
  HELM_NAME: '{{ .Release.Name | quote }}',
}
const LABEL = 'iam-ra/injection'

/** Text that Helm prints as it is. */
export function escaped(text: string): string {
  return text.replace(/\{{2,}/g, (braces) => `{{ "${braces}" }}`)
}

/** @param when an action's condition, such as `.Values.warnings` @param manifests of each choice, in the same order */
export function template(
  comment: string,
  manifests: (namespaces: Namespaces) => readonly Manifest[],
  when?: string,
): string {
  const all = manifests('all')
  const documents = manifests('labelled').map((labelled, index) => {
    const [one, other] = [labelled, everywhere(all[index] ?? labelled)].map(document)
    return one === other
      ? one
      : `{{- if eq .Values.namespaces "all" }}\n${other ?? ''}{{- else }}\n${one ?? ''}{{- end }}\n`
  })
  const head = escaped(`${comment}\nWritten by scripts/chart.ts.`).replaceAll(/^/gm, '# ')
  const body = documents.join('---\n')
  return when === undefined ? `${head}\n${body}` : `{{- if ${when} }}\n${head}\n${body}{{- end }}\n`
}

export function annotated(manifest: Manifest, annotations: Readonly<Record<string, string>>): Manifest {
  const metadata = manifest['metadata'] as object
  return { ...manifest, metadata: { ...metadata, annotations } }
}

/** As Helm itself marks what belongs to a release. */
export function owned(manifest: Manifest, annotations: Readonly<Record<string, string>>): Manifest {
  const marked = annotated(manifest, {
    ...annotations,
    'meta.helm.sh/release-name': 'HELM_NAME',
    'meta.helm.sh/release-namespace': 'HELM_NAMESPACE',
  })
  const metadata = marked['metadata'] as object
  return { ...marked, metadata: { ...metadata, labels: { 'app.kubernetes.io/managed-by': 'Helm' } } }
}

function document(manifest: Manifest): string {
  const { apiVersion, kind } = manifest as { readonly apiVersion: string; readonly kind: string }
  const placed = withNamespace({
    ...manifest,
    apiVersion: kind.startsWith('Mutating') ? 'HELM_MUTATING_API' : apiVersion,
  })
  const text = escaped(stringify(placed, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' }))
  return Object.entries(ACTIONS).reduce((rest, [name, action]) => rest.replaceAll(name, action), text)
}

/** The ConfigMap is where the release is. */
function withNamespace(manifest: Manifest): Manifest {
  const spec = manifest['spec'] as { readonly paramRef?: object } | undefined
  if (spec?.paramRef === undefined) return manifest
  return { ...manifest, spec: { ...spec, paramRef: { ...spec.paramRef, namespace: 'HELM_NAMESPACE' } } }
}

/** The binding without the label that switches injection on. */
function everywhere(manifest: Manifest): Manifest {
  const spec = manifest['spec'] as
    { readonly matchResources?: { readonly namespaceSelector?: Selector } } | undefined
  const { matchLabels, ...selector } = spec?.matchResources?.namespaceSelector ?? {}
  if (matchLabels?.[LABEL] !== 'enabled') return manifest
  const labels = Object.fromEntries(Object.entries(matchLabels).filter(([name]) => name !== LABEL))
  const namespaceSelector = {
    ...(Object.keys(labels).length === 0 ? {} : { matchLabels: labels }),
    ...selector,
  }
  return { ...manifest, spec: { ...spec, matchResources: { namespaceSelector } } }
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly [other: string]: unknown
}
