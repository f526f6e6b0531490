/** The operator's own definitions. They have a licence of their own and are no part of this project. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../../scripts/checks/files.ts'
import { installDefinitions } from './definitions.ts'
import type { Validation } from './validation.ts'

/** @returns whether they are there to be installed */
export async function installOperatorDefinitions(server: Validation): Promise<boolean> {
  const folder = definitionsFolder()
  if (folder === undefined) {
    process.stdout.write(
      '\nnote: objects for the Vault Secrets Operator are rendered only: name the folder of its definitions in VSO_CRDS (the crds of its chart, version 1.4.1)\n',
    )
    return false
  }
  await installDefinitions(server, folder)
  return true
}

export function definitionsFolder(): string | undefined {
  const named = process.env['VSO_CRDS'] ?? ''
  // Whoever names a folder means it; the other one is there where the project is developed.
  if (named !== '') return named
  const beside = join(ROOT, '../shared/crds')
  return existsSync(beside) ? beside : undefined
}
