/** A whole set-up on real servers, from the trust anchor to the workload's objects, and doctor run on it. */
import * as fs from 'node:fs/promises'
import { createHttpClient } from '../../../src/net/http.ts'
import { openVaultAuthority } from '../../../src/onboarding/authority/vault.ts'
import type { Account } from '../../../src/onboarding/aws/account.ts'
import type { Binding } from '../../../src/onboarding/aws/bindings.ts'
import { readInstallation } from '../../../src/onboarding/aws/installation.ts'
import { planBinding } from '../../../src/onboarding/aws/plan-binding.ts'
import { planCluster, planInit } from '../../../src/onboarding/aws/plan-init.ts'
import { main } from '../../../src/operator/main.ts'
import { systemClock, systemRuntime } from '../../../src/run/runtime.ts'
import { paintsFor } from '../../../src/terminal/colour.ts'
import { doAll, makeRole, openOperator, roleOf } from './operator.ts'
import { startGround, type Ground } from './ground.ts'

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
  doctor(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>
  /** Binds to the role admin, as `k8s onboard` does. */
  bind(workload: string): Promise<void>
}

export async function startWholeSetUp(): Promise<WholeSetUp> {
  const ground = await startGround()
  const account = await openOperator(ground.aws)
  const stop = async (): Promise<void> => {
    account.close()
    await ground.stop()
  }
  try {
    const bind = await setUp(ground, account)
    await setUpObjects(ground, account)
    const { env } = ground
    return {
      ...{ ...ground, account, bind, stop },
      doctor: (args, more = {}) => operateDoctor(['doctor', ...args], { ...env, ...more }),
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @returns what binds a workload */
async function setUp(ground: Ground, account: Account): Promise<(workload: string) => Promise<void>> {
  const { kubernetes, vault, env } = ground
  const read = () => readInstallation(account, 'default')
  const warn = (sentence: string): never => {
    throw new Error(sentence)
  }
  const runtime = {
    ...{ env, home: ground.home, http: createHttpClient, clock: systemClock, random: Math.random },
    ...{ readFile: (path: string) => fs.readFile(path), warn },
  }
  await kubernetes.makeServiceAccount(SYSTEM, 'vault-reviewer')
  await kubernetes.allowReview(SYSTEM, 'vault-reviewer')
  await kubernetes.makeServiceAccount(NAMESPACE, WORKLOAD)
  const first = openVaultAuthority(runtime, { installation: 'default' })
  const root = await first.root()
  await doAll(root.plan)
  first.close()
  const pem = await root.read()
  await doAll(planInit(account, await read(), { mode: 'vault', pem, subject: root.subject }))
  await makeRole(account)
  const authority = openVaultAuthority(runtime, {
    ...{ installation: 'default', anchor: pem, vaultAddress: vault.url },
    context: () => Promise.resolve({ server: kubernetes.url, ca: kubernetes.ca }),
    reviewerToken: ({ namespace, name }) => kubernetes.token(namespace, name, kubernetes.issuer, 3600),
  })
  const cluster = { name: CLUSTER, mode: 'vault', namespace: SYSTEM, words: [] as readonly string[] }
  const { plan, words } = await authority.setUpCluster(cluster)
  await doAll(plan)
  await doAll(planCluster(account, await read(), { ...cluster, words }))
  const bind = async (workload: string): Promise<void> => {
    const installation = await read()
    const identity = { cluster: CLUSTER, namespace: NAMESPACE, account: workload, workload }
    const made = await authority.setUpWorkload({ ...cluster, words }, identity)
    await doAll(made.plan)
    const { id = '' } = installation.anchor ?? {}
    const binding: Binding = { ...identity, anchor: { region: account.region, id }, issuer: made.issuer }
    const role = roleOf(installation, 'admin')
    await doAll(planBinding(account, installation.owner, role, { bind: [binding], quota: 2048 }))
  }
  await bind(WORKLOAD)
  return bind
}

/** What `k8s setup` and `k8s onboard` print. */
async function setUpObjects({ kubernetes }: Ground, account: Account): Promise<void> {
  const installation = await readInstallation(account, 'default')
  const { arn, profiles } = roleOf(installation, 'admin')
  const maps = [
    [SYSTEM, 'iam-ra', { cluster: CLUSTER }],
    [
      NAMESPACE,
      `${WORKLOAD}-iam-ra-config`,
      {
        ROLE_ARN: arn,
        PROFILE_ARN: profiles[0]?.arn ?? '',
        TRUST_ANCHOR_ARN: installation.anchor?.arn ?? '',
      },
    ],
  ] as const
  for (const [namespace, name, data] of maps)
    await kubernetes.request('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
      metadata: { name },
      data,
    })
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
