/** What is wrong with the auth mount of a cluster, and with the roles of its namespaces there. */
import { X509Certificate } from 'node:crypto'
import type { KubeContext } from '../../kubernetes/kubectl.ts'
import { AUDIENCE, type VaultCluster } from '../../authority/vault/names.ts'
import { admits, NAMES, NAMESPACES, textsOf } from '../../authority/vault/role.ts'
import { rolePath } from '../../authority/vault/namespace.ts'
import { fingerprint } from '../../vault/certificates.ts'
import type { Data } from '../../vault/difference.ts'
import type { State } from '../../vault/state.ts'
import type { Commands } from '../commands.ts'
import { failed, faultsOr, warning, type Finding } from '../finding.ts'
import type { Bound } from '../../aws/installation.ts'

/** @param context undefined if it is not known which cluster kubectl would ask */
export function authFindings(
  { authMount }: VaultCluster,
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

/** The audience that the namespace's auth role takes: pods need a token for it. */
export function audienceOf(data: Data | undefined): string {
  return textOf(data?.['audience']) || AUDIENCE
}

/** The auth role of a workload's namespace: it is named after it. */
export function namespaceFindings(
  place: VaultCluster,
  data: Data | undefined,
  { role: { role }, binding }: Bound,
  commands: Commands,
): readonly Finding[] {
  const { namespace, account } = binding
  const { pkiRole } = place
  const path = rolePath(place, namespace)
  const settles = commands.onboard(binding, role)
  if (data === undefined)
    return [failed(`Vault has no ${path}, so pods of ${namespace} cannot log in`, settles)]
  const namespaces = textsOf(data[NAMESPACES])
  const policies = textsOf(data['token_policies'])
  const findings: Finding[] = []
  if (!admits(data, { member: NAMES, name: account }))
    findings.push(failed(`${path} does not admit ServiceAccount ${account}`, settles))
  if (!admits(data, { member: NAMESPACES, name: namespace })) {
    const all = [...namespaces, namespace].join(',')
    findings.push(
      failed(`${path} does not admit namespace ${namespace}`, `vault write ${path} ${NAMESPACES}=${all}`),
    )
  }
  if (!policies.includes(pkiRole)) {
    findings.push(
      failed(
        `${path} does not give policy ${pkiRole}, so pods may not have a certificate signed`,
        `vault write ${path} token_policies=${[...policies, pkiRole].join(',')}`,
      ),
    )
  }
  const audience = audienceOf(data)
  if (audience !== AUDIENCE) {
    findings.push(
      warning(
        `${path} takes tokens for audience ${audience}, not ${AUDIENCE}`,
        `pods need tokens for it: ${settles} prints such a pod`,
      ),
    )
  }
  return faultsOr(findings, `${path} admits ${account} with policy ${pkiRole}`)
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
