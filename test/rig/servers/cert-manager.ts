/** cert-manager on a real API server: its definitions, and its own controllers. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'yaml'
import { scratchFolder, startProcess, type ServerProcess } from '../processes/process.ts'
import { requireServer } from './build.ts'
import type { Kubernetes } from './kubernetes.ts'

export type CertManager = Pick<ServerProcess, 'pid' | 'output' | 'stop'>

/** Installs the definitions, and starts the controllers once they are served. */
export async function startCertManager(kubernetes: Kubernetes): Promise<CertManager> {
  await installDefinitions(kubernetes)
  const kubeconfig = join(scratchFolder('cert-manager'), 'kubeconfig')
  writeFileSync(kubeconfig, kubernetes.kubeconfig(), { mode: 0o600 })
  return startProcess(requireServer('cert-manager-controller'), ['--kubeconfig', kubeconfig])
}

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

interface Definition {
  readonly metadata: { readonly name: string }
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[] | null
  }
}

async function installDefinitions(kubernetes: Kubernetes): Promise<void> {
  const folder = requireServer('cert-manager-crds')
  for (const name of readdirSync(folder)) {
    const definition = parse(readFileSync(join(folder, name), 'utf8')) as Definition
    await kubernetes.request('POST', DEFINITIONS, definition)
    await untilServed(kubernetes, definition.metadata.name)
  }
}

async function untilServed(kubernetes: Kubernetes, name: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { status } = (await kubernetes.request('GET', `${DEFINITIONS}/${name}`)) as unknown as Definition
    if (status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True')) return
    await delay(100)
  }
  throw new Error(`the API server does not serve ${name}`)
}
