/** What is wrong with the auth role that the node agent logs in with for the pods of a namespace. */
import { rolePath } from '../../authority/vault/namespace.ts'
import type { VaultCluster } from '../../authority/vault/names.ts'
import { textOf } from '../../kubernetes/members.ts'
import { admits, NAMES, NAMESPACES, textsOf } from '../../authority/vault/role.ts'
import type { Data } from '../../vault/difference.ts'
import type { Bound } from '../../aws/installation.ts'
import { failed, faultsOr, warning, type Finding } from '../finding.ts'
import { AGENT_AUDIENCE, agentRoleName } from './agent.ts'

export function agentRoleFindings(
  place: VaultCluster,
  data: Data | undefined,
  { binding }: Bound,
): readonly Finding[] {
  const { namespace, account } = binding
  const { pkiRole } = place
  const path = rolePath(place, agentRoleName(namespace))
  const write = `vault write ${path}`
  if (data === undefined) {
    return [
      failed(
        `Vault has no ${path}, so the node agent cannot log in for pods of ${namespace}`,
        `${write} ${NAMESPACES}=${namespace} ${NAMES}=${account} audience=${AGENT_AUDIENCE} alias_name_source=serviceaccount_uid token_policies=${pkiRole} token_no_default_policy=true token_type=batch token_ttl=1m token_max_ttl=1m`,
      ),
    ]
  }
  const findings: Finding[] = []
  const [names, namespaces] = [textsOf(data[NAMES]), textsOf(data[NAMESPACES])]
  const policies = textsOf(data['token_policies'])
  if (!admits(data, { member: NAMES, name: account }))
    findings.push(
      failed(
        `${path} does not admit ServiceAccount ${account}`,
        `${write} ${NAMES}=${[...names, account].join(',')}`,
      ),
    )
  if (namespaces.length !== 1 || namespaces[0] !== namespace)
    findings.push(
      failed(
        `${path} admits ${namespaces.join(', ') || 'no namespace'}, and it must admit namespace ${namespace} alone`,
        `${write} ${NAMESPACES}=${namespace}`,
      ),
    )
  if (data['audience'] !== AGENT_AUDIENCE)
    findings.push(
      failed(
        `${path} takes tokens for ${textOf(data['audience']) || 'any audience'}, and pods send the agent tokens for ${AGENT_AUDIENCE}`,
        `${write} audience=${AGENT_AUDIENCE}`,
      ),
    )
  if (!policies.includes(pkiRole))
    findings.push(
      failed(
        `${path} does not give policy ${pkiRole}, so the agent may not have a certificate signed`,
        `${write} token_policies=${[...policies, pkiRole].join(',')}`,
      ),
    )
  if (data['token_type'] !== 'batch')
    findings.push(
      warning(
        `${path} gives ${String(data['token_type'])} tokens: each login is a write to Vault's storage`,
        `${write} token_type=batch token_ttl=1m token_max_ttl=1m`,
      ),
    )
  return faultsOr(findings, `${path} admits ${account} with policy ${pkiRole}`)
}
