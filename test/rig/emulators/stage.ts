/**
 * All servers that the product meets, on loopback and wired together: one cluster whose service account may log in to
 * Vault, Vault's PKI under Roles Anywhere's trust anchor, and STS and S3 that know the keys which that issues.
 */
import { randomUUID } from 'node:crypto'
import { createAuthority, serverCertificate, type Authority, type AuthorityKey } from './authority.ts'
import { createCluster, type Cluster, type TokenRequest } from './cluster.ts'
import { host, type Hosted } from './http.ts'
import { createRolesAnywhere, type Profile, type RolesAnywhereEmulator } from './roles-anywhere.ts'
import { createS3 } from './s3.ts'
import { createSessionStore, type SessionStore } from './sessions.ts'
import { createSts } from './sts.ts'
import type { JwtRole, KubernetesRole } from './vault-auth.ts'
import { DEFAULT_PKI_ROLE, type PkiMount, type PkiRole } from './vault-pki.ts'
import { createVault, type VaultEmulator } from './vault.ts'

export interface StageOptions {
  /** Epoch milliseconds; the clock of every server. Default the system's. */
  now?(): number
  readonly address?: '127.0.0.1' | '::1'
  /** Every server speaks https with a certificate that `tlsAuthority` signed. Default http. */
  readonly tls?: boolean
  /** Kind of key of the PKI's authorities. Default ec-p256. */
  readonly authorityKey?: AuthorityKey
  /** How many authorities stand between the root, which is the trust anchor, and the leaf. Default 1. */
  readonly intermediates?: number
  /** What Vault puts into `ca_chain`. Default with-root. */
  readonly caChain?: PkiMount['caChain']
  /** Changes to the role of both auth methods, such as `{ type: 'batch' }`. */
  readonly authRole?: Partial<Pick<KubernetesRole & JwtRole, 'type' | 'ttlSeconds' | 'numUses' | 'policies'>>
  /** Changes to the PKI role, such as `{ keyType: 'rsa' }` or `{ maxTtlSeconds: 600 }`. */
  readonly pkiRole?: Partial<PkiRole>
  readonly profile?: Partial<Profile>
  /** Vault is Enterprise, and everything is in this namespace. */
  readonly vaultNamespace?: string
}

export interface Stage {
  readonly vault: Hosted
  readonly rolesAnywhere: Hosted
  readonly sts: Hosted
  readonly s3: Hosted
  readonly vaultEmulator: VaultEmulator
  readonly rolesAnywhereEmulator: RolesAnywhereEmulator
  readonly cluster: Cluster
  readonly sessions: SessionStore
  /** What S3 lists. */
  readonly buckets: readonly string[]
  /** PEM to trust for https; absent over http. */
  readonly tlsAuthority: string | undefined
  /** PEM of the trust anchor. */
  readonly anchor: string
  /** A fresh service-account token, as a projected volume has it. */
  token(request?: TokenRequest): string
  /** The binary's settings, but for the token file, the credentials file and AWS_CA_BUNDLE or VAULT_CACERT. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

/** The names of the example. */
export const EXAMPLE = {
  namespace: 'frontend',
  serviceAccount: 'vault-auth',
  cluster: 'demo',
  audience: 'vault',
  commonName: 'vault-auth.frontend.demo',
  uri: 'spiffe://demo/ns/frontend/sa/vault-auth',
  vaultRole: 'iamanywhere',
  pkiMount: 'pki',
  pkiRole: 'iam-ra',
  account: '111122223333',
  region: 'eu-central-1',
  roleArn: 'arn:aws:iam::111122223333:role/frontend-s3-read',
  anchorArn:
    'arn:aws:rolesanywhere:eu-central-1:111122223333:trust-anchor/3f1c5b0e-7a52-4f0c-9d47-6f2f1f0a8c11',
  profileArn: 'arn:aws:rolesanywhere:eu-central-1:111122223333:profile/9b7d2c44-1e0a-4a6e-8f5b-52c0d9e3a7f2',
} as const

export async function startStage(options: StageOptions = {}): Promise<Stage> {
  const now = options.now ?? Date.now
  const cluster = createCluster({ now, ...EXAMPLE })
  const root = createAuthority({ commonName: 'Example Root CA', nowMs: now(), ...keyOf(options) })
  let issuer: Authority = root
  for (let level = 1; level <= (options.intermediates ?? 1); level += 1) {
    issuer = createAuthority({
      commonName: `Example Intermediate CA ${level}`,
      nowMs: now(),
      issuer,
      ...keyOf(options),
    })
  }
  const sessions = createSessionStore()
  const vaultEmulator = createVault({
    now,
    auth: authMounts(cluster, options),
    pki: {
      [EXAMPLE.pkiMount]: {
        issuer,
        caChain: options.caChain ?? 'with-root',
        roles: { [EXAMPLE.pkiRole]: { ...REFERENCE_PKI_ROLE, ...options.pkiRole } },
      },
    },
    policies: { 'iam-ra': [`${EXAMPLE.pkiMount}/sign/${EXAMPLE.pkiRole}`] },
    ...(options.vaultNamespace === undefined ? {} : { namespace: options.vaultNamespace }),
  })
  const rolesAnywhereEmulator = createRolesAnywhere({
    now,
    region: EXAMPLE.region,
    sessions,
    anchors: [{ arn: EXAMPLE.anchorArn, certificates: [root.pem] }],
    profiles: [{ arn: EXAMPLE.profileArn, roleArns: [EXAMPLE.roleArn], ...options.profile }],
    roles: [
      {
        arn: EXAMPLE.roleArn,
        trusts: ({ commonName, anchorArn }) =>
          commonName === EXAMPLE.commonName && anchorArn === EXAMPLE.anchorArn,
      },
    ],
  })
  const buckets = ['frontend-assets', 'frontend-uploads', `frontend-logs-${randomUUID().slice(0, 8)}`]

  const tlsAuthority =
    options.tls === true ? createAuthority({ commonName: 'Example TLS CA', nowMs: now() }) : undefined
  const hosting = {
    ...(tlsAuthority === undefined ? {} : { tls: serverCertificate(tlsAuthority, now()) }),
    ...(options.address === undefined ? {} : { address: options.address }),
  }
  const aws = { now, region: EXAMPLE.region, sessions }
  const [vault, rolesAnywhere, sts, s3] = await Promise.all([
    host(vaultEmulator.handle, hosting),
    host(rolesAnywhereEmulator.handle, hosting),
    host(createSts(aws), hosting),
    host(createS3({ ...aws, buckets }), hosting),
  ])
  return {
    vault,
    rolesAnywhere,
    sts,
    s3,
    vaultEmulator,
    rolesAnywhereEmulator,
    cluster,
    sessions,
    buckets,
    tlsAuthority: tlsAuthority?.pem,
    anchor: root.pem,
    token: (request) => cluster.token(request),
    env: {
      VAULT_ADDR: vault.url,
      VAULT_ROLE: EXAMPLE.vaultRole,
      VAULT_CERT_NAME: EXAMPLE.pkiRole,
      VAULT_CERT_CN: EXAMPLE.commonName,
      ROLE_ARN: EXAMPLE.roleArn,
      ANCHOR_ARN: EXAMPLE.anchorArn,
      PROFILE_ARN: EXAMPLE.profileArn,
      AWS_ENDPOINT_URL_ROLESANYWHERE: rolesAnywhere.url,
      ...(options.vaultNamespace === undefined ? {} : { VAULT_NAMESPACE: options.vaultNamespace }),
    },
    close: async () => {
      await Promise.all([vault, rolesAnywhere, sts, s3].map((server) => server.close()))
    },
  }
}

function keyOf(options: StageOptions): { readonly key?: AuthorityKey } {
  return options.authorityKey === undefined ? {} : { key: options.authorityKey }
}

const KUBERNETES_ACCESSOR = 'auth_kubernetes_4f2a9c1e'
const JWT_ACCESSOR = 'auth_jwt_7b3d8e52'

/** The methods `kubernetes` and `jwt`, each at the mount of its name and with the role of the example. */
function authMounts(cluster: Cluster, options: StageOptions): VaultEmulator['options']['auth'] {
  const parameters = { policies: ['iam-ra'], ttlSeconds: 300, type: 'service' as const, ...options.authRole }
  return {
    kubernetes: {
      type: 'kubernetes',
      accessor: KUBERNETES_ACCESSOR,
      cluster,
      roles: {
        [EXAMPLE.vaultRole]: {
          ...parameters,
          serviceAccounts: [EXAMPLE.serviceAccount],
          namespaces: ['*'],
          audience: EXAMPLE.audience,
        },
      },
    },
    jwt: {
      type: 'jwt',
      accessor: JWT_ACCESSOR,
      publicKeys: [cluster.publicKey],
      issuer: cluster.issuer,
      roles: {
        [EXAMPLE.vaultRole]: {
          ...parameters,
          audiences: [EXAMPLE.audience],
          userClaim: 'sub',
          claimMappings: {
            '/kubernetes.io/namespace': 'service_account_namespace',
            '/kubernetes.io/serviceaccount/name': 'service_account_name',
          },
        },
      },
    },
  }
}

/** The reference binding: exactly the caller's own names, by templates over its alias, one for each auth mount. */
const ACCESSORS = [KUBERNETES_ACCESSOR, JWT_ACCESSOR]
const metadata = (accessor: string, key: string): string =>
  `{{identity.entity.aliases.${accessor}.metadata.service_account_${key}}}`

const REFERENCE_PKI_ROLE: PkiRole = {
  ...DEFAULT_PKI_ROLE,
  allowedDomains: ACCESSORS.map(
    (id) => `${metadata(id, 'name')}.${metadata(id, 'namespace')}.${EXAMPLE.cluster}`,
  ),
  allowedDomainsTemplate: true,
  allowBareDomains: true,
  allowLocalhost: false,
  allowIpSans: false,
  allowWildcardCertificates: false,
  allowedUriSans: ACCESSORS.map(
    (id) => `spiffe://${EXAMPLE.cluster}/ns/${metadata(id, 'namespace')}/sa/${metadata(id, 'name')}`,
  ),
  allowedUriSansTemplate: true,
  keyType: 'any',
  ttlSeconds: 3600,
  maxTtlSeconds: 24 * 3600,
}
