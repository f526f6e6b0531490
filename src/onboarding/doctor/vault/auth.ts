/** What is wrong with the auth mount of a cluster, and with the roles of its namespaces there. */
import { X509Certificate } from 'node:crypto'
import type { KubeContext } from '../../kubernetes/kubectl.ts'
import { fingerprint } from '../../vault/certificates.ts'
import type { Data } from '../../vault/difference.ts'
import type { State } from '../../vault/state.ts'
import type { Commands } from '../commands.ts'
import { failed, faultsOr, warning, type Finding } from '../finding.ts'
import type { Bound } from '../scope.ts'
import type { VaultPlace } from './place.ts'

/** @param context undefined if it is not known which cluster kubectl would ask */
export function authFindings(
  { authMount }: VaultPlace,
  { mounts, found }: State,
  context: KubeContext | undefined,
  setup: string,
): readonly Finding[] {
  const type = mounts.get(`auth/${authMount}/`)?.type
  if (type === undefined) return [failed(`Vault has no auth mount ${authMount}`, setup)]
  if (type !== 'kubernetes') {
    return [
      failed(
        `auth/${authMount} is of type ${type}, not kubernetes`,
        `move it away, or set up another: ${setup}`,
      ),
    ]
  }
  const config = found.get(`auth/${authMount}/config`)
  if (config === undefined) return [failed(`auth/${authMount} has no config, so nobody can log in`, setup)]
  const host = textOf(config['kubernetes_host'])
  const reviewer = reviewerOf(config)
  const findings: Finding[] = []
  if (reviewer === undefined) {
    findings.push(
      failed(
        `auth/${authMount} has no reviewer token, so Vault cannot ask TokenReview`,
        `${setup} gives Vault a token of the ServiceAccount vault-reviewer`,
      ),
    )
  }
  // From inside the cluster the API server has another address.
  if (context !== undefined && config['disable_local_ca_jwt'] === true)
    findings.push(...serverFindings(authMount, config, context, setup))
  return faultsOr(findings, `auth/${authMount} asks ${host}; ${reviewer ?? ''} may ask TokenReview`)
}

function reviewerOf(config: Data): string | undefined {
  if (config['token_reviewer_jwt_set'] === true) return 'the reviewer whose token it has'
  return config['disable_local_ca_jwt'] === true ? undefined : "Vault's own account"
}

/** An API server may have several addresses: its CA tells whether it is the same. */
function serverFindings(
  mount: string,
  config: Data,
  context: KubeContext,
  setup: string,
): readonly Finding[] {
  const host = textOf(config['kubernetes_host'])
  const ca = textOf(config['kubernetes_ca_cert'])
  const isSameHost = originOf(host) === originOf(context.server)
  if (ca === '' || context.ca === undefined) {
    if (isSameHost) return []
    return [
      warning(
        `auth/${mount} asks ${host}, and context ${context.name} is ${context.server}: these may be two clusters`,
        `look at both: kubectl cluster-info, and vault read auth/${mount}/config`,
      ),
    ]
  }
  if (sharesCertificate(ca, context.ca)) return []
  return [
    failed(
      isSameHost
        ? `auth/${mount} expects another CA of ${host} than context ${context.name} has, so TokenReview cannot be reached`
        : `auth/${mount} asks ${host}, which is another cluster than that of context ${context.name} (${context.server})`,
      isSameHost ? setup : `give --context or --kubeconfig of the cluster, or correct Vault: ${setup}`,
    ),
  ]
}

function originOf(address: string): string {
  return URL.canParse(address) ? new URL(address).origin : address
}

function sharesCertificate(one: string, other: string): boolean {
  const [a, b] = [one, other].map((pem) => certificatesOf(pem).map(fingerprint))
  return a?.some((print) => b?.includes(print)) === true
}

function certificatesOf(pem: string): readonly string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.filter((block) => {
    try {
      return new X509Certificate(block).raw.length > 0
    } catch {
      return false
    }
  })
}

/** The audience of the tokens that pods log in with. */
export const AUDIENCE = 'vault'

/** The auth role of a workload's namespace: it is named after it. */
export function namespaceFindings(
  { authMount, pkiRole }: VaultPlace,
  { authRoles }: State,
  { role: { role }, binding }: Bound,
  commands: Commands,
): readonly Finding[] {
  const { namespace, account } = binding
  const path = `auth/${authMount}/role/${namespace}`
  const settles = commands.onboard(binding, role)
  const data = authRoles.get(namespace)
  if (data === undefined)
    return [failed(`Vault has no ${path}, so pods of ${namespace} cannot log in`, settles)]
  const [accounts, namespaces, policies] = [
    listOf(data['bound_service_account_names']),
    listOf(data['bound_service_account_namespaces']),
    listOf(data['token_policies']),
  ]
  const findings: Finding[] = []
  if (!accounts.includes('*') && !accounts.includes(account))
    findings.push(failed(`${path} does not admit ServiceAccount ${account}`, settles))
  if (!namespaces.includes('*') && !namespaces.includes(namespace))
    findings.push(failed(`${path} does not admit namespace ${namespace}`, settles))
  if (!policies.includes(pkiRole))
    findings.push(
      failed(`${path} gives no policy ${pkiRole}, so pods may not have a certificate signed`, settles),
    )
  const audience = textOf(data['audience'])
  if (audience !== '' && audience !== AUDIENCE)
    findings.push(
      failed(`${path} takes tokens for audience ${audience}, and pods have them for ${AUDIENCE}`, settles),
    )
  return faultsOr(findings, `${path} admits ${account} with policy ${pkiRole}`)
}

function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
