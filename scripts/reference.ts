/**
 * The files of k8s that the operator's program needs, as a module of it: an installed one has no checkout beside it.
 * Part of `npm run format`; a test keeps the two equal.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { ROOT } from './checks/files.ts'
import { PARAMETER_FILES } from '../src/onboarding/vault/parameters.ts'

export const REFERENCE_MODULE = 'src/onboarding/vault/reference.ts'

/** The module as it is to be. */
export async function referenceModule(): Promise<string> {
  const texts = ['setup.json', ...PARAMETER_FILES].map((name) => {
    const text = readFileSync(join(ROOT, 'k8s/vault', name), 'utf8')
    return `${JSON.stringify(name)}: ${templateLiteral(text)}`
  })
  const module = `/** The files of k8s/vault, by name. Made by scripts/reference.ts. */
export const REFERENCE = { ${texts.join(',\n')} } as const
`
  return await format(module, { ...(await resolveConfig(join(ROOT, 'package.json'))), parser: 'typescript' })
}

function templateLiteral(text: string): string {
  return `\`${text.replace(/[\\`]|\$\{/g, (found) => `\\${found}`)}\``
}

if (import.meta.main) writeFileSync(join(ROOT, REFERENCE_MODULE), await referenceModule())
