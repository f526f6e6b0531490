/**
 * Writes the policies of k8s/injection from the pod templates of k8s/base and k8s/sidecar. `npm run format` runs it, and a
 * test checks it.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { stringify } from 'yaml'
import { ROOT } from './checks/files.ts'
import { defaultRole, inject, keep, namespaces, refuse, warn, type Manifest } from './injection/policies.ts'
import { templates } from './injection/templates.ts'

const READ = templates()

/** The text of each file, by its path. */
export const INJECTION_FILES: Readonly<Record<string, () => Promise<string>>> = {
  'k8s/injection/inject.yaml': written(
    `Gives pods that ask by annotation the init container or the sidecar. It refuses none: if a pod cannot or may not have
what it asks for, the reason becomes the annotation iam-ra/refused, and refuse.yaml refuses the pod with it. So no fault of
this policy or its settings stops a pod that asks for nothing.`,
    inject(READ),
  ),
  'k8s/injection/keep.yaml': written(
    `Changes nothing. It keeps API servers reading the settings while inject.yaml is missing: after that they would never
read them again until they restart (kubernetes#130887). Leave it in the cluster if you remove the others.`,
    keep(),
  ),
  'k8s/injection/refuse.yaml': written(
    'Refuses pods that ask and were not given what they ask for.',
    refuse(READ),
  ),
  'k8s/injection/warn.yaml': written(
    'Warns at `kubectl apply` of what would not work as its author expects. It refuses nothing.',
    warn(READ),
  ),
  'k8s/injection/default-role/policies.yaml': written(
    'Pods that ask for no role get the default role, in namespaces with the label iam-ra/default-role: on.',
    defaultRole(READ),
  ),
  'k8s/injection/namespaces/policies.yaml': written(
    'Refuses patterns that are no regular expression or no JSON array when they are written, on the namespace.',
    namespaces(),
  ),
}

function written(comment: string, manifests: readonly Manifest[]): () => Promise<string> {
  const head = `${comment}\nWritten by scripts/injection.ts.`.replaceAll(/^/gm, '# ')
  const documents = manifests.map((manifest) => stringify(manifest, { lineWidth: 0, compat: 'yaml-1.1' }))
  const text = `${head}\n${documents.join('---\n')}`
  return async () =>
    await format(text, { ...(await resolveConfig(join(ROOT, 'package.json'))), parser: 'yaml' })
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(INJECTION_FILES)) writeFileSync(join(ROOT, path), await text())
}
