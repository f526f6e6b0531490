/**
 * Copies the files of k8s that the operator's program needs into its modules, because an installed program has no checkout.
 * `npm run format` runs it, and a test checks it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { ROOT } from './checks/files.ts'
import { PARAMETER_FILES } from '../src/onboarding/vault/parameters.ts'

export interface Module {
  readonly path: string
  readonly directory: string
  readonly constant: string
  readonly files: readonly string[]
}

export const MODULES: readonly Module[] = [
  {
    path: 'src/onboarding/vault/reference.ts',
    directory: 'k8s/vault',
    constant: 'REFERENCE',
    files: ['setup.json', ...PARAMETER_FILES],
  },
  {
    path: 'src/onboarding/aws/templates.ts',
    directory: 'k8s/aws',
    constant: 'TEMPLATES',
    files: ['trust-anchor.yaml', 'role.yaml'],
  },
]

/** The text of a module. */
export async function moduleText({ directory, constant, files }: Module): Promise<string> {
  const texts = files.map((name) => {
    const text = readFileSync(join(ROOT, directory, name), 'utf8')
    return `${JSON.stringify(name)}: ${templateLiteral(text)}`
  })
  const module = `/** Files of ${directory}, by name. Written by scripts/reference.ts. */
export const ${constant} = { ${texts.join(',\n')} } as const
`
  return await format(module, { ...(await resolveConfig(join(ROOT, 'package.json'))), parser: 'typescript' })
}

function templateLiteral(text: string): string {
  return `\`${text.replace(/[\\`]|\$\{/g, (found) => `\\${found}`)}\``
}

if (import.meta.main) {
  for (const one of MODULES) writeFileSync(join(ROOT, one.path), await moduleText(one))
}
