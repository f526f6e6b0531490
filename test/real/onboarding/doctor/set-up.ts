/** A whole set-up on real servers, from the trust anchor to the workload's objects, and doctor run on it. */
import * as fs from 'node:fs/promises'
import { createHttpClient } from '../../../../src/net/http.ts'
import { openVaultAuthority } from '../../../../src/onboarding/authority/vault.ts'
import type { Account } from '../../../../src/onboarding/aws/account.ts'
import { readInstallation } from '../../../../src/onboarding/aws/installation.ts'
import { planInit } from '../../../../src/onboarding/aws/plan-init.ts'
import type { KubeObject } from '../../../../src/onboarding/kubernetes/objects.ts'
import { main } from '../../../../src/operator/main.ts'
import { runProgram } from '../../../../src/run/program.ts'
import { systemClock, systemRuntime } from '../../../../src/run/runtime.ts'
import { paintsFor } from '../../../../src/terminal/colour.ts'
import { doAll, makeRole, openOperator } from '../operator.ts'
import { startGround, type Ground } from '../ground.ts'

export const CLUSTER = 'prod'
export const NAMESPACE = 'shop'
export const WORKLOAD = 'payment'
/** Of the cluster's own objects. */
export const SYSTEM = 'iam-ra-system'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface WholeSetUp extends Ground {
  readonly account: Account
  /** The sample that `k8s onboard` prints; it is not applied. */
  readonly pod: KubeObject
  doctor(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>
}

export async function startWholeSetUp(): Promise<WholeSetUp> {
  const ground = await startGround()
  const account = await openOperator(ground.aws)
  const stop = async (): Promise<void> => {
    account.close()
    await ground.stop()
  }
  try {
    const pod = await setUp(ground, account)
    const { env } = ground
    return {
      ...{ ...ground, account, pod, stop },
      doctor: (args, more = {}) => operateDoctor(['doctor', ...args], { ...env, ...more }),
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The root and the role by the library, and the rest as an operator does it. @returns the sample's pod */
async function setUp({ env, home, shell, iamRa }: Ground, account: Account): Promise<KubeObject> {
  const read = () => readInstallation(account, 'default')
  const runtime = {
    ...{ env, home, http: createHttpClient, clock: systemClock, random: Math.random },
    readFile: (path: string) => fs.readFile(path),
    warn: (sentence: string): never => {
      throw new Error(sentence)
    },
  }
  const authority = openVaultAuthority(runtime, { installation: 'default' })
  const root = await authority.root()
  await doAll(planInit(account, await read(), { mode: 'vault', root, tags: [] }))
  await makeRole(account)
  authority.close()
  for (const line of [
    `iam-ra k8s setup ${CLUSTER} --k8s-namespace ${SYSTEM} | kubectl apply -f -`,
    `kubectl create namespace ${NAMESPACE}`,
    `iam-ra k8s onboard ${WORKLOAD} --k8s-namespace ${NAMESPACE} --role admin --no-sample-pod | kubectl apply -f -`,
  ]) {
    const { code, stderr } = await shell(line)
    if (code !== 0) throw new Error(`${line}: ${stderr}`)
  }
  const { stdout } = await iamRa([
    ...['k8s', 'onboard', WORKLOAD, '--k8s-namespace', NAMESPACE, '--role', 'admin'],
    ...['--image', 'registry.example/aws-iam-ra:0.1.0', '--json'],
  ])
  const { objects } = JSON.parse(stdout) as { readonly objects: readonly KubeObject[] }
  const pod = objects.find(({ kind }) => kind === 'Pod')
  if (pod === undefined) throw new Error('k8s onboard prints no pod')
  return pod
}

/** The program as a function, with this machine's clock, files and network. */
async function operateDoctor(argv: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  const said = { stdout: '', stderr: '' }
  const code = await main(
    {
      ...systemRuntime(process),
      ...{ argv, env, home: env['HOME'] },
      stdout: (text) => void (said.stdout += text),
      stderr: (text) => void (said.stderr += text),
      written: () => Promise.resolve(),
      run: runProgram,
      writeFile: (path) => Promise.reject(new Error(`nothing is to be written: ${path}`)),
      terminal: {
        ...{ interactive: false, live: false, columns: 80, paints: paintsFor(false, {}) },
        ask: ({ text }) => Promise.reject(new Error(`nothing is to be asked: ${text}`)),
      },
    },
    new AbortController().signal,
  )
  return { code, ...said }
}
