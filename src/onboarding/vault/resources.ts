/** What a setup wants in Vault, resource by resource, in the order in which they can be written. */
import type { Data } from './difference.ts'
import type { Parameters } from './parameters.ts'
import { ARN_NAMES, hasBindings, type Binding, type ClusterSetup, type Setup } from './setup.ts'

export interface Resource {
  /** The path for reading and writing it, below /v1. */
  readonly path: string
  /** Its mount, as named by sys/mounts or sys/auth; absent for a policy. */
  readonly mount?: string
  readonly wanted: Data
}

export const paths = {
  authMount: ({ kubernetes }: ClusterSetup): string => `auth/${kubernetes.mount}/`,
  authConfig: ({ kubernetes }: ClusterSetup): string => `auth/${kubernetes.mount}/config`,
  authRoles: ({ kubernetes }: ClusterSetup): string => `auth/${kubernetes.mount}/role`,
  pkiMount: ({ pki }: ClusterSetup): string => `${pki.mount}/`,
  pkiRoles: ({ pki }: ClusterSetup): string => `${pki.mount}/roles`,
  acme: ({ pki }: ClusterSetup): string => `${pki.mount}/config/acme`,
  kvMount: ({ kv }: Setup): string => `${kv.mount}/`,
}

/** The auth mount's config except the reviewer's token, which Vault never shows. */
export function authConfig(setup: ClusterSetup, ca: string | undefined): Resource {
  const { host, issuer, reviewer } = setup.kubernetes
  return {
    path: paths.authConfig(setup),
    mount: paths.authMount(setup),
    wanted: {
      kubernetes_host: host,
      kubernetes_ca_cert: ca ?? '',
      // TokenReview checks the issuer itself; Vault's own check is optional.
      issuer: issuer ?? '',
      disable_iss_validation: issuer === undefined,
      disable_local_ca_jwt: reviewer !== 'vault',
      use_annotations_as_alias_metadata: false,
    },
  }
}

export function urls(setup: ClusterSetup): Resource {
  const { mount, issuingCertificates, crlDistributionPoints } = setup.pki
  return {
    path: `${mount}/config/urls`,
    mount: paths.pkiMount(setup),
    wanted: { issuing_certificates: issuingCertificates, crl_distribution_points: crlDistributionPoints },
  }
}

export function plainResources(setup: ClusterSetup, parameters: Parameters): Resource[] {
  const { pki } = setup
  return [
    {
      mount: paths.pkiMount(setup),
      path: `${paths.pkiRoles(setup)}/${pki.role}`,
      wanted: parameters.pkiRole,
    },
    { path: `sys/policies/acl/${pki.role}`, wanted: { policy: parameters.podPolicy } },
    ...(hasBindings(setup) ? boundResources(setup, parameters) : []),
  ]
}

function boundResources(setup: Setup, parameters: Parameters): Resource[] {
  const { operator, bindings } = setup
  const inAuth = { mount: paths.authMount(setup) }
  return [
    { path: `sys/policies/acl/${operator.role}`, wanted: { policy: parameters.operatorPolicy } },
    ...bindings.flatMap(rolesOf).map((binding) => ({
      ...inAuth,
      path: `${paths.authRoles(setup)}/${binding.role}`,
      wanted: boundRole(binding, parameters),
    })),
    {
      ...inAuth,
      path: `${paths.authRoles(setup)}/${operator.role}`,
      wanted: {
        bound_service_account_names: [operator.account],
        bound_service_account_namespaces: bindings.map(({ namespace }) => namespace),
        audience: operator.audience,
        ...parameters.operatorRole,
      },
    },
  ]
}

/** The default of AGENT_AUDIENCE. */
const AGENT_AUDIENCE = 'iam-ra-agent'
/** The agent has a certificate signed right after it has logged in. */
const AGENT_TOKEN_SECONDS = 60

/** The binding, and the one for the node agent, whose tokens pods send to their node in clear. */
function rolesOf({ agentRole, ...binding }: Binding): Omit<Binding, 'agentRole'>[] {
  if (agentRole === undefined) return [binding]
  const token = { audience: AGENT_AUDIENCE, tokenType: 'batch', tokenSeconds: AGENT_TOKEN_SECONDS } as const
  return [binding, { ...binding, ...token, role: agentRole }]
}

/** The role of a namespace in the auth mount. */
export function boundRole(
  { namespace, accounts, audience, tokenSeconds, tokenType }: Omit<Binding, 'role' | 'arns' | 'agentRole'>,
  { podRole }: Pick<Parameters, 'podRole'>,
): Data {
  return {
    bound_service_account_names: accounts,
    bound_service_account_namespaces: [namespace],
    audience,
    ...podRole,
    token_type: tokenType,
    token_ttl: tokenSeconds,
    token_max_ttl: tokenSeconds,
  }
}

export interface StoredArn {
  readonly path: string
  /** Absent if the setup does not set the value. */
  readonly arn?: string
}

/** For each namespace, the three paths that the operator reads. */
export function storedArns({ kv, bindings }: Setup): StoredArn[] {
  return bindings.flatMap(({ namespace, arns }) =>
    ARN_NAMES.map((name) => {
      const arn = arns[name]
      const path = `${kv.mount}/data/${kv.path}/${namespace}/${name}-arn`
      return arn === undefined ? { path } : { path, arn }
    }),
  )
}
