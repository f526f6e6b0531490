/** The real Helm and the chart of the product. */
import { spawn } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { ROOT } from '../../../scripts/checks/files.ts'
import { cleanEnv } from '../../rig/processes/clean-env.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { requireServer } from '../../rig/servers/build.ts'
import type { Manifest } from './cluster.ts'

export const CHART = join(ROOT, 'k8s/chart')

export interface HelmRun {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Helm {
  /** @param values of the chart, which are written to a file */
  run(args: readonly string[], values?: object): Promise<HelmRun>
  /** The objects. @throws Error with Helm's own sentence */
  template(args: readonly string[], values: object, chart?: string): Promise<readonly Manifest[]>
}

/** @param kubeconfig none for commands that need no cluster */
export function openHelm(kubeconfig?: string): Helm {
  const home = scratchFolder('helm')
  const config = join(home, 'kubeconfig')
  writeFileSync(config, kubeconfig ?? '', { mode: 0o600 })
  const env = cleanEnv({ HOME: home, KUBECONFIG: config })
  let files = 0
  const run: Helm['run'] = (args, values) => {
    const file = join(home, `values-${(files += 1)}.json`)
    if (values !== undefined) writeFileSync(file, JSON.stringify(values))
    return finished(values === undefined ? args : [...args, '--values', file], env)
  }
  return {
    run,
    async template(args, values, chart = CHART) {
      const version = args.includes('--kube-version') ? [] : ['--kube-version', '1.36.0']
      const { status, stdout, stderr } = await run(['template', 'iam-ra', chart, ...version, ...args], values)
      if (status !== 0) throw new Error(stderr)
      return parseAllDocuments(stdout).flatMap((one) => (one.toJS() as Manifest | null) ?? [])
    },
  }
}

/** The chart for the API server of the tests, which was built from a module and says that it is version 0.0.0. */
export function chartOfAnyVersion(): string {
  const directory = join(scratchFolder('chart'), 'iam-ra')
  cpSync(CHART, directory, { recursive: true })
  const file = join(directory, 'Chart.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^kubeVersion: .*\n/m, ''))
  return directory
}

function finished(args: readonly string[], env: Record<string, string>): Promise<HelmRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(requireServer('helm'), args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}
