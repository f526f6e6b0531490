/** Definitions of others' kinds, before the manifests that use them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { untilServed } from '../../rig/servers/definitions.ts'
import { documents } from './kustomize.ts'
import type { Validation } from './validation.ts'

/** Installs all of a folder's files, and waits until the API server serves each. */
export async function installDefinitions(server: Validation, folder: string): Promise<void> {
  const definitions = readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => documents(readFileSync(join(folder, name), 'utf8')))
  if (definitions.length === 0) throw new Error(`${folder} holds no definitions`)
  for (const definition of definitions) {
    const { status, json } = await server.apply(definition, { keep: true })
    if (status > 299) throw new Error(`the API server refuses a definition: ${String(json['message'])}`)
    await untilServed((path) => server.get(path), (json['metadata'] as { name: string }).name)
  }
}
