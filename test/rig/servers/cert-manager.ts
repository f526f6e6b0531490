/** cert-manager on a real API server: its definitions, and its own controllers. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { scratchFolder, startProcess, type ServerProcess } from '../processes/process.ts'
import { requireServer } from './build.ts'
import { DEFINITIONS, untilServed } from './definitions.ts'
import type { Kubernetes } from './kubernetes.ts'

export type CertManager = Pick<ServerProcess, 'pid' | 'output' | 'stop'>

/** Installs the definitions, and starts the controllers once they are served. */
export async function startCertManager(kubernetes: Kubernetes): Promise<CertManager> {
  await installDefinitions(kubernetes)
  const kubeconfig = join(scratchFolder('cert-manager'), 'kubeconfig')
  writeFileSync(kubeconfig, kubernetes.kubeconfig(), { mode: 0o600 })
  return startProcess(requireServer('cert-manager-controller'), ['--kubeconfig', kubeconfig])
}

async function installDefinitions(kubernetes: Kubernetes): Promise<void> {
  const folder = requireServer('cert-manager-crds')
  for (const name of readdirSync(folder)) {
    const definition = parse(readFileSync(join(folder, name), 'utf8')) as {
      readonly metadata: { readonly name: string }
    }
    await kubernetes.request('POST', DEFINITIONS, definition)
    await untilServed((path) => kubernetes.request('GET', path), definition.metadata.name)
  }
}
