/** A real Vault under its name in the cluster, set up by the project's own script, with an audit log that hides nothing. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../scripts/checks/files.ts'
import { cleanEnv } from '../rig/processes/clean-env.ts'
import type { Authority } from '../rig/emulators/authority.ts'
import { api } from '../rig/servers/api.ts'
import { VAULT_HOST } from './cloud.ts'
import { API_URL, type ControlPlane } from './control-plane.ts'
import { RUN } from './ground.ts'
import type { Relay } from './relay.ts'
import { startNamedVault, vaultFile } from './vault-server.ts'

export interface VaultOfNode {
  /** PEM of the root, which is the trust anchor. */
  readonly anchor: string
  /** Where pods reach it; closed at first. */
  readonly relay: Relay
  /** Everything that went through Vault and that no app may ever find: tokens, requests for certificates, certificates. */
  secrets(): readonly string[]
  login(role: string, jwt: string): ReturnType<typeof api>
  /** How many tokens live, root's among them. */
  tokens(): Promise<number>
  stop(): Promise<void>
}

/** As in k8s/vault/setup.json. */
export interface Binding {
  readonly namespace: string
  readonly accounts: readonly string[]
  readonly role: string
  readonly agentRole?: string
}

export async function startVaultOfNode(
  plane: ControlPlane,
  authority: Authority,
  bindings?: readonly Binding[],
): Promise<VaultOfNode> {
  const { server, url, caFile, relay, stop } = await startNamedVault(authority, VAULT_HOST)
  try {
    const audit = vaultFile('audit.log', '')
    await server.write('sys/audit/file', { type: 'file', options: { file_path: audit, log_raw: 'true' } })
    await server.write('sys/mounts/pki-root', { type: 'pki', config: { max_lease_ttl: '87600h' } })
    const root = await server.write('pki-root/root/generate/internal', {
      common_name: 'Example Root CA',
      key_type: 'ec',
      ttl: '87600h',
    })
    const { auth } = await server.write('auth/token/create', { policies: ['root'] })
    const token = (auth as { client_token: string }).client_token
    setUp(await writeSetup(plane, bindings), { VAULT_ADDR: url, VAULT_TOKEN: token, VAULT_CACERT: caFile })
    await server.write('auth/token/revoke', { token })
    return {
      anchor: String((root['data'] as Record<string, unknown>)['certificate']),
      relay,
      secrets: () => secretsOf(readFileSync(audit, 'utf8')),
      login: (role, jwt) =>
        api('POST', `${url}/v1/auth/kubernetes/login`, { ca: authority.pem, body: { role, jwt } }),
      tokens: async () => (await server.list('auth/token/accessors')).length,
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The reference, for this cluster and with a Vault outside of it. @returns the flags of vault-setup */
async function writeSetup(plane: ControlPlane, bindings?: readonly Binding[]): Promise<readonly string[]> {
  const reference = JSON.parse(readFileSync(join(ROOT, 'k8s/vault/setup.json'), 'utf8')) as {
    kubernetes: object
    bindings: readonly { readonly namespace: string }[]
  }
  const setup = {
    ...reference,
    bindings: bindings?.map((one) => ({ ...reference.bindings[0], ...one })) ?? reference.bindings,
    kubernetes: {
      ...reference.kubernetes,
      host: API_URL,
      reviewer: 'token',
      caFile: vaultFile('api.crt', plane.ca),
    },
  }
  const answer = await plane.request(
    'POST',
    '/api/v1/namespaces/vault/serviceaccounts/vault-reviewer/token',
    {
      spec: { expirationSeconds: 3600 },
    },
  )
  const { token } = answer['status'] as { token: string }
  return [
    ...['--setup', vaultFile('setup.json', JSON.stringify(setup))],
    ...['--reviewer-token', vaultFile('reviewer', token), '--root-mount', 'pki-root'],
  ]
}

/** Dry first, as docs/vault.md has it. */
function setUp(flags: readonly string[], env: Readonly<Record<string, string>>): void {
  for (const more of [[], ['--apply']]) {
    const script = join(ROOT, 'scripts/vault-setup.ts')
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...flags, ...more], {
      encoding: 'utf8',
      env: cleanEnv({ HOME: RUN, ...env }),
    })
    if (status !== 0) throw new Error(`vault-setup ended with ${status ?? 'a signal'}:\n${stdout}${stderr}`)
  }
}

/** https://developer.hashicorp.com/vault/docs/audit: one JSON object for each request and each answer. */
function secretsOf(log: string): readonly string[] {
  interface Entry {
    readonly auth?: { readonly client_token?: string }
    readonly request?: { readonly client_token?: string; readonly data?: Readonly<Record<string, unknown>> }
    readonly response?: {
      readonly auth?: { readonly client_token?: string }
      readonly data?: Readonly<Record<string, unknown>>
    }
  }
  const found = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry)
    .flatMap(({ auth, request, response }) => [
      ...[auth?.client_token, request?.client_token, response?.auth?.client_token],
      ...[request?.data?.['jwt'], request?.data?.['csr'], response?.data?.['certificate']],
    ])
    .filter((value): value is string => typeof value === 'string' && value.length > 8)
  return [...new Set(found)]
}
