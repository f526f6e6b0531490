/** A whole set-up on real servers, from the trust anchor to the workload's role, and doctor run on it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHttpClient } from '../../../src/net/http.ts'
import type { Account } from '../../../src/onboarding/aws/account.ts'
import type { Binding } from '../../../src/onboarding/aws/bindings.ts'
import { readInstallation } from '../../../src/onboarding/aws/installation.ts'
import { planBinding } from '../../../src/onboarding/aws/plan-binding.ts'
import { planCluster, planInit } from '../../../src/onboarding/aws/plan-init.ts'
import { applyingTo } from '../../../src/onboarding/vault/apply.ts'
import { makePlan } from '../../../src/onboarding/vault/plan.ts'
import { REFERENCE } from '../../../src/onboarding/vault/reference.ts'
import type { Setup } from '../../../src/onboarding/vault/setup.ts'
import { readState } from '../../../src/onboarding/vault/state.ts'
import { createVault, type Vault } from '../../../src/onboarding/vault/vault.ts'
import { main } from '../../../src/operator/main.ts'
import { systemRuntime } from '../../../src/run/runtime.ts'
import { paintsFor } from '../../../src/terminal/colour.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { startKubernetes, type Kubernetes } from '../../rig/servers/kubernetes.ts'
import { startOperatorAccount, type OperatorAccount } from '../../rig/servers/operator-account.ts'
import { addReviewer } from '../../rig/servers/reference.ts'
import { startVault, type VaultServer } from '../../rig/servers/vault.ts'
import { doAll, makeRole, openOperator, roleOf } from './operator.ts'

export const CLUSTER = 'prod'
export const NAMESPACE = 'shop'
export const WORKLOAD = 'payment'
export const ISSUER = `Pods of cluster ${CLUSTER}`

const SETUP: Omit<Setup, 'kubernetes'> = {
  cluster: CLUSTER,
  pki: {
    ...{ mount: 'pki-prod', role: 'iam-ra-prod', commonName: ISSUER, seconds: 43_800 * 3600 },
    ...{ issuingCertificates: [], crlDistributionPoints: [] },
  },
  kv: { mount: 'secret', path: 'iam-ra' },
  operator: { role: 'vault-secrets-operator', account: 'vault-secrets-operator', audience: 'vault' },
  bindings: [
    {
      ...{ namespace: NAMESPACE, role: NAMESPACE, accounts: [WORKLOAD], audience: 'vault' },
      ...{ tokenSeconds: 300, tokenType: 'service', arns: {} },
    },
  ],
}

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface WholeSetUp {
  readonly aws: OperatorAccount
  readonly account: Account
  readonly vault: VaultServer
  readonly kubernetes: Kubernetes
  /** Of the operator. */
  readonly env: Readonly<Record<string, string>>
  doctor(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>
  stop(): Promise<void>
}

export async function startWholeSetUp(): Promise<WholeSetUp> {
  const home = mkdtempSync(join(tmpdir(), 'iam-ra-doctor-'))
  const [aws, vault, kubernetes] = await Promise.all([
    startOperatorAccount(pythonEnvironment(), home, { MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' }),
    startVault(),
    startKubernetes(),
  ])
  const account = await openOperator(aws)
  const { auth } = (await vault.write('auth/token/create', { ttl: '2h' })) as {
    readonly auth: { readonly client_token: string }
  }
  const anchor = await setUpVault(vault.url, auth.client_token, vault, kubernetes)
  await setUpAws(account, anchor, vault.url)
  const env = { ...aws.env, HOME: home, VAULT_ADDR: vault.url, VAULT_TOKEN: auth.client_token }
  return {
    ...{ aws, account, vault, kubernetes, env },
    doctor: (args, more = {}) => operateDoctor(['doctor', ...args], { ...env, ...more }),
    async stop() {
      account.close()
      await Promise.all([aws.close(), vault.stop(), kubernetes.stop()])
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** @returns the root, PEM */
async function setUpVault(
  url: string,
  token: string,
  server: VaultServer,
  kubernetes: Kubernetes,
): Promise<string> {
  await server.write('sys/mounts/pki-root', { type: 'pki', config: { max_lease_ttl: '87600h' } })
  const root = (await server.write('pki-root/root/generate/internal', {
    ...{ common_name: 'iam-ra default', ttl: '87600h', key_type: 'ec', key_bits: 256 },
  })) as { readonly data: { readonly certificate: string } }
  const vault = createVault({ url: new URL(url), token }, createHttpClient({}), (ms) => wait(ms))
  const setup: Setup = {
    ...SETUP,
    kubernetes: { mount: 'kubernetes-prod', host: kubernetes.url, reviewer: 'token', caFile: 'ca.crt' },
  }
  await applyAll(vault, setup, kubernetes.ca, await addReviewer(kubernetes))
  vault.close()
  return root.data.certificate
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

async function applyAll(vault: Vault, setup: Setup, ca: string, reviewerToken: string): Promise<void> {
  const apply = applyingTo({ vault, setup, reviewerToken, writeFile: () => Promise.resolve() })
  const wishes = {
    ...{ rotate: false, reviewerToken: true, replaceReviewerToken: false },
    ...{ rootMount: 'pki-root', ca },
  }
  const { steps, problems } = makePlan(
    ...([setup, REFERENCE, wishes, await readState(vault, setup, REFERENCE), Date.now()] as const),
  )
  if (problems.length > 0) throw new Error(problems.join('\n'))
  for (const step of steps) await apply(step)
}

async function setUpAws(account: Account, pem: string, vaultAddress: string): Promise<void> {
  const read = () => readInstallation(account, 'default')
  await doAll(planInit(account, await read(), { mode: 'vault', pem, subject: 'CN=iam-ra default' }))
  const words = [vaultAddress, 'kubernetes-prod', 'pki-prod', 'iam-ra-prod']
  const cluster = { name: CLUSTER, mode: 'vault', namespace: 'iam-ra-system', words }
  await doAll(planCluster(account, await read(), cluster))
  await makeRole(account)
  await bindTo(account, [WORKLOAD])
}

/** Binds to the role admin, as `k8s onboard` does. */
export async function bindTo(account: Account, workloads: readonly string[]): Promise<void> {
  const installation = await readInstallation(account, 'default')
  const { id = '' } = installation.anchor ?? {}
  const bind = workloads.map((name): Binding => ({
    ...{ cluster: CLUSTER, namespace: NAMESPACE, workload: name, account: name },
    ...{ anchor: { region: account.region, id }, issuer: ISSUER },
  }))
  await doAll(planBinding(account, installation.owner, roleOf(installation, 'admin'), { bind, quota: 2048 }))
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
