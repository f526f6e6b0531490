/** The operator's own definitions. They have a licence of their own and are no part of this project. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ROOT } from '../../../scripts/checks/files.ts'
import { documents } from './kustomize.ts'
import type { Validation } from './validation.ts'

/** Installs them, and waits until the API server serves each. @returns whether they are there to be installed */
export async function installOperatorDefinitions(server: Validation): Promise<boolean> {
  const found = definitions()
  if (found.length === 0) {
    process.stdout.write(
      '\nnote: objects for the Vault Secrets Operator are rendered only: name the folder of its definitions in VSO_CRDS (the crds of its chart, version 1.4.1)\n',
    )
    return false
  }
  for (const definition of found) {
    const { status, json } = await server.apply(definition, { keep: true })
    if (status > 299) throw new Error(`the API server refuses a definition: ${String(json['message'])}`)
    await untilServed(server, (json['metadata'] as { name: string }).name)
  }
  return true
}

function definitions(): string[] {
  const named = process.env['VSO_CRDS'] ?? ''
  const folder = named === '' ? join(ROOT, '../shared/crds') : named
  // Whoever names a folder means it; the other one is there where the project is developed.
  if (named === '' && !existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => documents(readFileSync(join(folder, name), 'utf8')))
}

async function untilServed(server: Validation, name: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { status } = await server.get(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`)
    const { conditions } = (status ?? {}) as { conditions?: { type: string; status: string }[] | null }
    if (conditions?.some((one) => one.type === 'Established' && one.status === 'True')) return
    await delay(100)
  }
  throw new Error(`the API server does not serve ${name}`)
}
