/** The operator's kubectl on a real cluster, with kubeconfigs of the test's choice. */
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import * as assert from 'uvu/assert'
import { IamRaError } from '../../../src/errors.ts'
import type { KubectlOptions } from '../../../src/onboarding/kubernetes/call.ts'
import { openKubectl, type Kubectl } from '../../../src/onboarding/kubernetes/kubectl.ts'
import { runProgram, type RunProgram } from '../../../src/run/program.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { requireServer } from '../../rig/servers/build.ts'

export interface OperatorsKubectl {
  readonly env: Readonly<Record<string, string>>
  /** Every run of kubectl so far. */
  readonly runs: readonly RanKubectl[]
  open(options?: Partial<KubectlOptions>, more?: Readonly<Record<string, string>>): Kubectl
  /** @returns the path of the file */
  write(name: string, text: string): string
}

export interface RanKubectl {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: string
}

/** @param kubeconfig the one that is found by default */
export function operatorsKubectl(kubeconfig: string): OperatorsKubectl {
  const home = scratchFolder('kubectl')
  const runs: RanKubectl[] = []
  const run: RunProgram = async (command, args, given) => {
    const result = await runProgram(command, args, given)
    runs.push({ args, env: given.env, stdout: result.stdout })
    return result
  }
  const write = (name: string, text: string): string => {
    const file = join(home, name)
    writeFileSync(file, text, { mode: 0o600 })
    return file
  }
  const env = {
    HOME: home,
    PATH: `${dirname(requireServer('kubectl'))}:/usr/bin:/bin`,
    KUBECONFIG: write('kubeconfig', kubeconfig),
    VAULT_TOKEN: 'hvs.operators-own-token',
  }
  return {
    ...{ env, runs, write },
    open: (options = {}, more = {}) =>
      openKubectl({ env: { ...env, ...more }, run }, { interrupt: new AbortController().signal, ...options }),
  }
}

/** @returns what it fails with, which is of the cluster */
export async function failing(asked: Promise<unknown>): Promise<IamRaError> {
  const error: unknown = await asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.instance(error, IamRaError)
  assert.is((error as IamRaError).stage, 'cluster')
  return error as IamRaError
}
