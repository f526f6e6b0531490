/** One Vault for the emulator's own tests: kubernetes and jwt auth, and a PKI role bound to the caller's names. */
import * as assert from 'uvu/assert'
import { createAuthority } from './authority.ts'
import { createCluster } from './cluster.ts'
import type { EmulatorResponse } from './http.ts'
import { bodyOf, postJson } from './requests.ts'
import type { KubernetesRole } from './vault-auth.ts'
import { DEFAULT_PKI_ROLE, type PkiMount, type PkiRole } from './vault-pki.ts'
import { createVault, type VaultEmulator } from './vault.ts'

export const NOW = Date.UTC(2026, 10, 21, 12, 0, 0)
export const CN = 'vault-auth.frontend.demo'
export const URI = 'spiffe://demo/ns/frontend/sa/vault-auth'
const metadata = (key: string): string =>
  `{{identity.entity.aliases.auth_k8s.metadata.service_account_${key}}}`

let now = NOW

/** Moves the clock until the next `vault()`. */
export function wait(ms: number): void {
  now += ms
}

const clock = (): number => now
export const cluster = createCluster({
  now: clock,
  namespace: 'frontend',
  serviceAccount: 'vault-auth',
  audience: 'vault',
})
export const root = createAuthority({ commonName: 'Root', nowMs: NOW })
export const intermediate = createAuthority({ commonName: 'Intermediate', nowMs: NOW, issuer: root })

const BOUND: PkiRole = {
  ...DEFAULT_PKI_ROLE,
  allowedDomains: [`${metadata('name')}.${metadata('namespace')}.demo`],
  allowedDomainsTemplate: true,
  allowBareDomains: true,
  allowLocalhost: false,
  allowWildcardCertificates: false,
  allowIpSans: false,
  allowedUriSans: [`spiffe://demo/ns/${metadata('namespace')}/sa/${metadata('name')}`],
  allowedUriSansTemplate: true,
  keyType: 'any',
  maxTtlSeconds: 3600,
}

export interface Setup {
  readonly role?: Partial<KubernetesRole>
  readonly pki?: Partial<PkiRole>
  readonly caChain?: PkiMount['caChain']
  readonly policies?: Readonly<Record<string, readonly string[]>>
}

export function vault(setup: Setup = {}): VaultEmulator {
  now = NOW
  const role = { policies: ['signer'], ttlSeconds: 300, type: 'service' as const }
  return createVault({
    now: clock,
    auth: {
      'k8s/demo': {
        type: 'kubernetes',
        accessor: 'auth_k8s',
        cluster,
        roles: {
          app: {
            ...role,
            serviceAccounts: ['vault-*'],
            namespaces: ['frontend'],
            audience: 'vault',
            ...setup.role,
          },
        },
      },
      jwt: {
        type: 'jwt',
        accessor: 'auth_jwt',
        publicKeys: [cluster.publicKey],
        issuer: cluster.issuer,
        roles: {
          app: {
            ...role,
            audiences: ['vault'],
            userClaim: 'sub',
            boundClaims: { '/kubernetes.io/namespace': 'frontend' },
            claimMappings: { '/kubernetes.io/serviceaccount/name': 'service_account_name' },
          },
        },
      },
    },
    pki: {
      'pki/int': {
        issuer: intermediate,
        caChain: setup.caChain ?? 'with-root',
        roles: { 'iam-ra': { ...BOUND, ...setup.pki } },
      },
    },
    policies: setup.policies ?? { signer: ['pki/int/sign/iam-ra'] },
  })
}

export function login(
  server: VaultEmulator,
  body: object = { role: 'app', jwt: cluster.token() },
): EmulatorResponse {
  return server.handle(postJson('/v1/auth/k8s/demo/login', body))
}

export function tokenOf(answer: EmulatorResponse): string {
  return (bodyOf(answer)['auth'] as { client_token: string }).client_token
}

export function refused(answer: EmulatorResponse, status: number, message: string): void {
  assert.is(answer.status, status)
  assert.equal(bodyOf(answer), { errors: [message] })
}

export const DENIED = '1 error occurred:\n\t* permission denied\n\n'
export const BAD_TOKEN = '2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n'
