/**
 * Copies the files of k8s that the operator's program needs into one of its modules, because an installed program has no
 * checkout. `npm run format` runs it, and a test checks it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { ROOT } from './checks/files.ts'
import { PARAMETER_FILES } from '../src/onboarding/vault/parameters.ts'

export const REFERENCE_MODULE = 'src/onboarding/vault/reference.ts'

/** The text of the module. */
export async function referenceModule(): Promise<string> {
  const texts = ['setup.json', ...PARAMETER_FILES].map((name) => {
    const text = readFileSync(join(ROOT, 'k8s/vault', name), 'utf8')
    return `${JSON.stringify(name)}: ${templateLiteral(text)}`
  })
  const module = `/** The files of k8s/vault, by name. Written by scripts/reference.ts. */
export const REFERENCE = { ${texts.join(',\n')} } as const
`
  return await format(module, { ...(await resolveConfig(join(ROOT, 'package.json'))), parser: 'typescript' })
}

function templateLiteral(text: string): string {
  return `\`${text.replace(/[\\`]|\$\{/g, (found) => `\\${found}`)}\``
}

if (import.meta.main) writeFileSync(join(ROOT, REFERENCE_MODULE), await referenceModule())
