/**
 * Copies the files of k8s that the operator's program needs into its modules, because an installed program has no
 * checkout. `npm run format` runs it, and a test checks it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { parse } from 'yaml'
import { ROOT } from './checks/files.ts'
import { PARAMETER_FILES } from '../src/onboarding/vault/parameters.ts'

/** The text of each module, by its path. */
export const REFERENCE_MODULES: Readonly<Record<string, () => Promise<string>>> = {
  'src/onboarding/vault/reference.ts': vaultModule,
  'src/onboarding/aws/templates.ts': awsModule,
  'src/onboarding/kubernetes/manifests/pod-templates.ts': templatesModule,
}

function vaultModule(): Promise<string> {
  return textsModule('REFERENCE', 'vault', ['setup.json', ...PARAMETER_FILES])
}

function awsModule(): Promise<string> {
  return textsModule('TEMPLATES', 'aws', ['trust-anchor.yaml', 'role.yaml'])
}

function textsModule(constant: string, directory: string, names: readonly string[]): Promise<string> {
  const texts = names.map((name) => {
    return `${JSON.stringify(name)}: ${templateLiteral(read(`${directory}/${name}`))}`
  })
  return formatted(`/** Files of k8s/${directory}, by name. Written by scripts/reference.ts. */
export const ${constant} = { ${texts.join(',\n')} } as const
`)
}

function templatesModule(): Promise<string> {
  const template = (directory: string): string => {
    const file = parse(read(`${directory}/pod-template.yaml`)) as { template: { spec: unknown } }
    return JSON.stringify(file.template.spec)
  }
  return formatted(`/** The pods of k8s/base and k8s/sidecar. Written by scripts/reference.ts. */
import type { PodSpec } from './pod.ts'

export const BASE: PodSpec = ${template('base')}

export const SIDECAR: PodSpec = ${template('sidecar')}
`)
}

function read(path: string): string {
  return readFileSync(join(ROOT, 'k8s', path), 'utf8')
}

async function formatted(module: string): Promise<string> {
  return await format(module, { ...(await resolveConfig(join(ROOT, 'package.json'))), parser: 'typescript' })
}

function templateLiteral(text: string): string {
  return `\`${text.replace(/[\\`]|\$\{/g, (found) => `\\${found}`)}\``
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(REFERENCE_MODULES)) writeFileSync(join(ROOT, path), await text())
}
