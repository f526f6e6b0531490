/** A real Vault and kube-apiserver for vault-setup to work on, and the emulated AWS for what comes out of it. */
import { readFile, writeFile } from 'node:fs/promises'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { ROOT } from '../../scripts/checks/files.ts'
import { runVaultSetup } from '../../src/onboarding/vault/run.ts'
import { systemRuntime } from '../../src/run/runtime.ts'
import { run } from '../e2e/harness.ts'
import { hasCredentials } from '../e2e/outcome.ts'
import { EXAMPLE, startStage, type Stage } from '../rig/emulators/stage.ts'
import { api, type ApiAnswer } from '../rig/servers/api.ts'
import { startGateway, type Gateway } from '../rig/servers/gateway.ts'
import { startKubernetes, type Kubernetes } from '../rig/servers/kubernetes.ts'
import { scratchFolder } from '../rig/processes/process.ts'
import { startVault, type VaultServer } from '../rig/servers/vault.ts'

type Members = Readonly<Record<string, unknown>>

/** As JSON has it. */
export interface SetupFile {
  readonly cluster: string
  readonly kubernetes: Members
  readonly pki: Members
  readonly kv: Members
  readonly operator: Members
  readonly bindings: readonly Members[]
}

export interface SetupRun {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Methods of the requests to Vault, in their order. */
  readonly methods: readonly string[]
}

export interface Ground {
  readonly server: VaultServer
  /** Before the server; it keeps what was asked. */
  readonly vault: Gateway
  readonly kubernetes: Kubernetes
  readonly stage: Stage
  readonly folder: string
  /** The token that runs vault-setup; it has k8s/vault/admin-policy.hcl and nothing else. */
  readonly adminToken: string
  /** Of Vault's reviewer, in a file. */
  readonly reviewerFile: string
  /** k8s/vault/setup.json for these servers. */
  readonly setup: SetupFile
  run(args: readonly string[], options?: RunOptions): Promise<SetupRun>
  /** What pods run with: the reference's shape for the harness of e2e. */
  servers(namespace: string, account: string): Promise<Stage>
  ask(token: string, method: string, path: string, body?: object): Promise<ApiAnswer>
  login(role: string, jwt: string): Promise<ApiAnswer>
  stop(): Promise<void>
}

export interface RunOptions {
  /** Default `setup`. */
  readonly setup?: SetupFile
  readonly env?: Readonly<Record<string, string | undefined>>
}

export async function startGround(): Promise<Ground> {
  const stops: (() => Promise<void>)[] = []
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one()
  }
  try {
    const starting = [startStage(), startVault(), startKubernetes()] as const
    const settled = await Promise.allSettled(starting)
    for (const one of settled) {
      if (one.status === 'fulfilled') stops.push('close' in one.value ? one.value.close : one.value.stop)
    }
    const [stage, server, kubernetes] = await Promise.all(starting)
    const vault = await startGateway(server.url)
    stops.push(() => vault.close())
    return { ...(await furnish(stage, server, vault, kubernetes)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function furnish(
  stage: Stage,
  server: VaultServer,
  vault: Gateway,
  kubernetes: Kubernetes,
): Promise<Omit<Ground, 'stop'>> {
  const folder = scratchFolder('vault-setup')
  await kubernetes.makeServiceAccount('vault', 'vault-reviewer')
  await kubernetes.allowReview('vault', 'vault-reviewer')
  const reviewerFile = join(folder, 'reviewer-token')
  writeFileSync(reviewerFile, await kubernetes.token('vault', 'vault-reviewer', kubernetes.issuer, 3600), {
    mode: 0o600,
  })
  writeFileSync(join(folder, 'cluster-ca.crt'), kubernetes.ca)
  const example = JSON.parse(readFileSync(join(ROOT, 'k8s/vault/setup.json'), 'utf8')) as SetupFile
  const setup: SetupFile = {
    ...example,
    kubernetes: {
      ...example.kubernetes,
      host: kubernetes.url,
      reviewer: 'token',
      caFile: 'cluster-ca.crt',
    },
  }
  const admin = readFileSync(join(ROOT, 'k8s/vault/admin-policy.hcl'), 'utf8')
  await server.write('sys/policies/acl/vault-setup', { policy: admin })
  const made = await server.write('auth/token/create', {
    policies: ['vault-setup'],
    no_default_policy: true,
    ttl: '1h',
  })
  const adminToken = (made['auth'] as { client_token: string }).client_token
  const ask: Ground['ask'] = (token, method, path, body) =>
    api(method, `${server.url}/v1/${path}`, { headers: { 'X-Vault-Token': token }, body })
  return {
    ...{ server, vault, kubernetes, stage, folder, adminToken, reviewerFile, setup, ask },
    async run(args, options = {}) {
      const file = join(folder, 'setup.json')
      writeFileSync(file, JSON.stringify(options.setup ?? setup))
      const before = vault.requests.length
      const output = { stdout: '', stderr: '' }
      const code = await runVaultSetup({
        ...systemRuntime(process),
        root: ROOT,
        home: folder,
        argv: ['--setup', file, ...args],
        env: { VAULT_ADDR: vault.url, VAULT_TOKEN: adminToken, ...options.env },
        stdout: (text) => void (output.stdout += text),
        stderr: (text) => void (output.stderr += text),
        readFile: (path) => readFile(path),
        writeFile: (path, text) => writeFile(path, text),
      })
      const secrets = [adminToken, readFileSync(reviewerFile, 'utf8')]
      for (const secret of secrets) {
        assert.not.ok(`${output.stdout}${output.stderr}`.includes(secret), 'a secret was shown')
      }
      const methods = vault.requests.slice(before).map(({ request }) => request.method)
      return { code, ...output, methods }
    },
    async servers(namespace, account) {
      const token = await kubernetes.token(namespace, account, EXAMPLE.audience)
      return {
        ...stage,
        vault,
        token: () => token,
        env: { ...stage.env, VAULT_ADDR: vault.url, VAULT_ROLE: namespace },
      }
    },
    async login(role, jwt) {
      return await api('PUT', `${server.url}/v1/auth/kubernetes/login`, { body: { role, jwt } })
    },
  }
}

/** The example's ARNs, as a binding has them. */
export const ARNS = { role: EXAMPLE.roleArn, anchor: EXAMPLE.anchorArn, profile: EXAMPLE.profileArn }

/** The set-up with the example's ARNs in each of its bindings. */
export function withArns(setup: SetupFile): SetupFile {
  return { ...setup, bindings: setup.bindings.map((binding) => ({ ...binding, arns: ARNS })) }
}

export function dataOf(answer: Members): Members {
  return answer['data'] as Members
}

/** For what the policy of adminToken does not allow. */
export async function rootToken({ server }: Ground): Promise<string> {
  const made = await server.write('auth/token/create', { policies: ['root'], ttl: '10m' })
  return (made['auth'] as { client_token: string }).client_token
}

/** Runs it, and it is done. */
export async function done(
  ground: Ground,
  args: readonly string[],
  options: RunOptions = {},
): Promise<SetupRun> {
  const result = await ground.run(args, options)
  assert.is(result.code, 0, result.stderr)
  return result
}

/** A pod of the example gets its credentials. */
export async function podRuns(ground: Ground): Promise<void> {
  const servers = await ground.servers(EXAMPLE.namespace, EXAMPLE.serviceAccount)
  hasCredentials(ground.stage, await run(servers, { env: { CERT_URI_SANS: EXAMPLE.uri } }))
}

/** Everything of setup.json, as Vault shows it. */
export const PATHS = [
  ...['sys/auth', 'sys/mounts', 'auth/kubernetes/config', 'pki/config/urls', 'pki/config/issuers'],
  ...['pki/issuer/default', 'pki/roles/iam-ra', 'sys/policies/acl/iam-ra'],
  ...['sys/policies/acl/vault-secrets-operator', 'auth/kubernetes/role/frontend'],
  ...['auth/kubernetes/role/vault-secrets-operator'],
  ...['role', 'anchor', 'profile'].map((name) => `secret/data/iam-ra/frontend/${name}-arn`),
]

export async function reads({ server }: Ground): Promise<readonly unknown[]> {
  const read = async (path: string): Promise<unknown> => {
    const data = await server.read(path).then(dataOf, () => null)
    return [path, data]
  }
  return await Promise.all(PATHS.map(read))
}

/** The root in a mount of the same Vault, which the emulated Roles Anywhere has as its trust anchor from then on. */
export async function makeRoot({ server, stage }: Ground, mount = 'pki-root'): Promise<string> {
  await server.write(`sys/mounts/${mount}`, { type: 'pki', config: { max_lease_ttl: '87600h' } })
  const made = await server.write(`${mount}/root/generate/internal`, {
    common_name: 'Example Root CA',
    ttl: '87600h',
    key_type: 'ec',
    key_bits: 256,
  })
  const anchor = (made['data'] as { certificate: string }).certificate
  stage.rolesAnywhereEmulator.options.anchors = [{ arn: EXAMPLE.anchorArn, certificates: [anchor] }]
  return anchor
}
