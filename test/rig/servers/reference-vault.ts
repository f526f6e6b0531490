/**
 * The reference set-up in Vault, parameter by parameter: a root in one mount, which is the trust anchor, and an
 * intermediate in another, whose one role lets a pod have its own names and nothing else.
 *
 * | what | path | parameters |
 * |---|---|---|
 * | who may sign | sys/policies/acl/iam-ra | POLICY |
 * | a cluster, by TokenReview | auth/<mount>/config, type kubernetes | kubernetesConfig |
 * | | auth/<mount>/role/<role> | KUBERNETES_ROLE |
 * | a cluster, by its keys | auth/<mount>/config, type jwt | jwtConfig |
 * | | auth/<mount>/role/<role> | JWT_ROLE |
 * | which names | pki/roles/iam-ra | pkiRole, with a Binding for each auth mount |
 *
 * https://developer.hashicorp.com/vault/api-docs/secret/pki#create-update-role,
 * https://developer.hashicorp.com/vault/docs/concepts/policies#templated-policies
 */
import { EXAMPLE } from '../emulators/stage.ts'
import type { Kubernetes } from './kubernetes.ts'
import type { VaultServer } from './vault.ts'

/**
 * not_after would go beyond the role's max_ttl: https://github.com/hashicorp/vault/issues/29928. The second path is needed
 * because the roles leave Vault's default policy out.
 */
export const POLICY = `path "${EXAMPLE.pkiMount}/sign/${EXAMPLE.pkiRole}" {
  capabilities = ["update"]
  denied_parameters = { "not_after" = [] }
}
path "auth/token/revoke-self" { capabilities = ["update"] }
`

const TOKEN = {
  token_policies: ['iam-ra'],
  token_no_default_policy: true,
  token_ttl: '5m',
  token_max_ttl: '5m',
  token_type: 'service',
} as const

/** alias_name_source keeps its default serviceaccount_uid: an account that is made anew is another entity. */
export const KUBERNETES_ROLE = {
  bound_service_account_names: [EXAMPLE.serviceAccount],
  bound_service_account_namespaces: ['*'],
  audience: EXAMPLE.audience,
  ...TOKEN,
} as const

export const JWT_ROLE = {
  role_type: 'jwt',
  bound_audiences: [EXAMPLE.audience],
  bound_claims: { '/kubernetes.io/serviceaccount/name': EXAMPLE.serviceAccount },
  user_claim: 'sub',
  // The names that kubernetes auth gives by itself; without these the templates below name nobody.
  claim_mappings: {
    '/kubernetes.io/namespace': 'service_account_namespace',
    '/kubernetes.io/serviceaccount/name': 'service_account_name',
  },
  ...TOKEN,
} as const

/** @param reviewer a token of an account that has the ClusterRole system:auth-delegator */
export function kubernetesConfig(
  { url, ca }: Pick<Kubernetes, 'url' | 'ca'>,
  reviewer: string,
): Record<string, unknown> {
  return {
    kubernetes_host: url,
    kubernetes_ca_cert: ca,
    token_reviewer_jwt: reviewer,
    disable_local_ca_jwt: true,
  }
}

export function jwtConfig({ tokenKey, issuer }: Kubernetes): Record<string, unknown> {
  return { jwt_validation_pubkeys: [tokenKey.publicKey], bound_issuer: issuer }
}

/** One auth mount: Vault's id of it, and the name of the cluster whose pods log in there. */
export interface Binding {
  readonly accessor: string
  readonly cluster: string
}

export function pkiRole(bindings: readonly Binding[]): Record<string, unknown> {
  const alias = (accessor: string, key: string): string =>
    `{{identity.entity.aliases.${accessor}.metadata.service_account_${key}}}`
  return {
    allowed_domains: bindings.map(
      ({ accessor, cluster }) => `${alias(accessor, 'name')}.${alias(accessor, 'namespace')}.${cluster}`,
    ),
    allowed_domains_template: true,
    allow_bare_domains: true,
    allow_subdomains: false,
    allow_glob_domains: false,
    allow_any_name: false,
    allow_localhost: false,
    allow_ip_sans: false,
    allow_wildcard_certificates: false,
    enforce_hostnames: true,
    // The default has email too, which would let a pod have <anything>@ its own name as its CN.
    cn_validations: ['hostname'],
    allowed_uri_sans: bindings.map(
      ({ accessor, cluster }) =>
        `spiffe://${cluster}/ns/${alias(accessor, 'namespace')}/sa/${alias(accessor, 'name')}`,
    ),
    allowed_uri_sans_template: true,
    key_type: 'any',
    key_usage: ['DigitalSignature'],
    server_flag: false,
    client_flag: true,
    no_store: true,
    ttl: '1h',
    max_ttl: '24h',
  }
}

/** @returns PEM of the root, which becomes the trust anchor */
export async function setUpPki(vault: VaultServer): Promise<string> {
  const { pkiMount } = EXAMPLE
  for (const [mount, hours] of [
    ['pki-root', 87_600],
    [pkiMount, 43_800],
  ] as const) {
    await vault.write(`sys/mounts/${mount}`, { type: 'pki', config: { max_lease_ttl: `${hours}h` } })
  }
  const root = await vault.write('pki-root/root/generate/internal', {
    common_name: 'Example Root CA',
    ttl: '87600h',
    ...AUTHORITY_KEY,
  })
  const request = await vault.write(`${pkiMount}/intermediate/generate/internal`, {
    common_name: 'Example Intermediate CA',
    ...AUTHORITY_KEY,
  })
  const signed = await vault.write('pki-root/root/sign-intermediate', {
    csr: textOf(request, 'csr'),
    common_name: 'Example Intermediate CA',
    ttl: '43800h',
  })
  const anchor = textOf(root, 'certificate')
  await vault.write(`${pkiMount}/intermediate/set-signed`, {
    certificate: `${textOf(signed, 'certificate')}\n${anchor}`,
  })
  await vault.write('sys/policies/acl/iam-ra', { policy: POLICY })
  return anchor
}

const AUTHORITY_KEY = { key_type: 'ec', key_bits: 256 } as const

function textOf(answer: Readonly<Record<string, unknown>>, member: string): string {
  const value = (answer['data'] as Record<string, unknown>)[member]
  if (typeof value !== 'string') throw new Error(`Vault answered without ${member}`)
  return value
}

/** @returns the mount's accessor */
export async function enableAuth(
  vault: VaultServer,
  mount: string,
  type: string,
  config?: object,
): Promise<string> {
  await vault.write(`sys/auth/${mount}`, { type })
  if (config !== undefined) await vault.write(`auth/${mount}/config`, config)
  const mounts = (await vault.read('sys/auth'))['data'] as Record<string, { accessor: string }>
  const { accessor = '' } = mounts[`${mount}/`] ?? {}
  return accessor
}
