/** An operator of a real Vault and a real cluster, and pods of that cluster: the library over real sockets, with short waits. */
import { readFile } from 'node:fs/promises'
import * as assert from 'uvu/assert'
import { createCsr } from '../../../src/certificate/csr.ts'
import { generateKeyPair } from '../../../src/certificate/key-pair.ts'
import type { Authority, ClusterSetUp } from '../../../src/onboarding/authority/authority.ts'
import { openVaultAuthority, type VaultWishes } from '../../../src/onboarding/authority/vault.ts'
import type { Cluster } from '../../../src/onboarding/aws/owned.ts'
import type { Identity } from '../../../src/onboarding/names.ts'
import { displayPlan } from '../../../src/onboarding/plan/display.ts'
import type { Plan } from '../../../src/onboarding/plan/step.ts'
import { systemRuntime } from '../../../src/run/runtime.ts'
import { api, type ApiAnswer } from '../../rig/servers/api.ts'
import { startGateway, type Gateway } from '../../rig/servers/gateway.ts'
import { startKubernetes, type Kubernetes } from '../../rig/servers/kubernetes.ts'
import { startVault, type VaultServer } from '../../rig/servers/vault.ts'
import { fastClock } from './fast-clock.ts'

type Json = Readonly<Record<string, unknown>>

export interface VaultOperator {
  readonly server: VaultServer
  /** Before the server. */
  readonly gateway: Gateway
  readonly kubernetes: Kubernetes
  /** A token with these policies alone. */
  token(...policies: readonly string[]): Promise<string>
  /** As the operator runs it. */
  open(wishes?: Partial<VaultWishes>, env?: Readonly<Record<string, string | undefined>>): Authority
  /** Whether the cluster has the reviewer's account. */
  hasReviewer: boolean
  ask(method: string, path: string, vaultToken: string, body?: object): Promise<ApiAnswer>
  /** Vault's answer to a login of a pod. */
  login(words: readonly string[], workload: Identity): Promise<ApiAnswer>
  /** Vault's answer to a request for a certificate with a name. */
  sign(words: readonly string[], vaultToken: string, commonName: string): Promise<ApiAnswer>
  stop(): Promise<void>
}

/** @param factor how much faster the operator's waits pass: 2 s are for operators at once */
export async function startVaultOperator(factor = 20): Promise<VaultOperator> {
  const [server, kubernetes] = await Promise.all([startVault(), startKubernetes()])
  const gateway = await startGateway(server.url)
  const token = async (...policies: readonly string[]): Promise<string> => {
    const made = await server.write('auth/token/create', {
      ...{ policies, ttl: '1h' },
      ...(policies.includes('root') ? {} : { no_default_policy: true }),
    })
    return (made['auth'] as { client_token: string }).client_token
  }
  const rootToken = await token('root')
  const ask: VaultOperator['ask'] = (method, path, vaultToken, body) =>
    api(method, `${server.url}/v1/${path}`, {
      headers: vaultToken === '' ? {} : { 'X-Vault-Token': vaultToken },
      body,
    })
  const operator: VaultOperator = {
    ...{ server, gateway, kubernetes, token, hasReviewer: false },
    open(wishes = {}, env = {}) {
      return openVaultAuthority(
        {
          ...systemRuntime(process),
          ...{ clock: fastClock(factor), home: undefined },
          env: { VAULT_ADDR: gateway.url, VAULT_TOKEN: rootToken, ...env },
          readFile: (path) => readFile(path),
          warn: (sentence) => assert.unreachable(sentence),
        },
        {
          installation: 'default',
          context: () => Promise.resolve({ server: kubernetes.url, ca: kubernetes.ca }),
          reviewerToken: ({ namespace, name }) =>
            Promise.resolve(
              operator.hasReviewer
                ? () => kubernetes.token(namespace, name, kubernetes.issuer, 3600)
                : undefined,
            ),
          ...wishes,
        },
      )
    },
    ask,
    async login([, mount = ''], { namespace, account }) {
      const jwt = await kubernetes.token(namespace, account, 'vault')
      return await ask('PUT', `auth/${mount}/login`, '', { role: namespace, jwt })
    },
    async sign([, , mount = '', role = ''], vaultToken, commonName) {
      const csr = await createCsr(await generateKeyPair('ec-p256'), { commonName, dnsSans: [], uriSans: [] })
      return await ask('PUT', `${mount}/sign/${role}`, vaultToken, { csr })
    },
    async stop() {
      await gateway.close()
      await Promise.all([server.stop(), kubernetes.stop()])
    },
  }
  return operator
}

/** Applies all steps. @returns the plan as it was shown, and what was done */
export async function doAll({ plan }: { readonly plan: Plan }): Promise<readonly string[]> {
  assert.equal(plan.problems, [])
  const lines = displayPlan(plan, ({ shown }) => shown)
  for (const { apply } of plan.steps) lines.push(await apply())
  return lines
}

/** What the plan would create, change or delete. */
export function whatOf({ plan }: { readonly plan: Plan }): readonly string[] {
  assert.equal(plan.problems, [])
  return plan.steps.map(({ shown }) => `${shown.verb} ${shown.what}`)
}

/** The root's PEM, created if it is not there. */
export async function rootOf(authority: Authority): Promise<string> {
  const root = await authority.root()
  await doAll(root)
  return await root.read()
}

/** As the trust anchor's tag has it. */
export function clusterOf(name: string, { words }: Pick<ClusterSetUp, 'words'>): Cluster {
  return { name, mode: 'vault', namespace: 'iam-ra', words }
}

export function dataOf(answer: Json): Json {
  return answer['data'] as Json
}

/** Of a login. */
export function tokenOf({ json }: ApiAnswer): string {
  return (json['auth'] as { client_token: string }).client_token
}
