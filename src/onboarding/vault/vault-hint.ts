/** What to do next if Vault did not do what it was asked. */
import { isOutOfTime, type TransportError } from '../../net/transport-error.ts'

export function hintBelowHttp(error: TransportError): string {
  const { fault, reason } = error
  if (fault === 'not-http') return 'check the scheme and the port of VAULT_ADDR: something else answers there'
  if (fault !== 'tls') return 'check VAULT_ADDR, and that Vault is reachable from here'
  if (reason === 'plain-http' || reason === 'old-tls') {
    return 'check the scheme and the port of VAULT_ADDR: use the https port, or http:// (on this machine only)'
  }
  if (isOutOfTime(error)) return "renew Vault's certificate, and check this machine's clock"
  return reason === 'other-name'
    ? "set VAULT_TLS_SERVER_NAME to a name in Vault's certificate"
    : "set VAULT_CACERT to the file of the CA that signed Vault's certificate"
}

/** Undefined if the status says too little. @param said Vault's own words */
export function hintFor(status: number, said: string): string | undefined {
  if (/open \/var\/run\/secrets\/kubernetes\.io/.test(said)) {
    return 'this Vault does not run in a pod: set kubernetes.reviewer to token, with kubernetes.caFile and --reviewer-token'
  }
  if (status === 503 && /sealed/.test(said)) {
    return 'unseal it: vault operator unseal; a new Vault needs vault operator init first'
  }
  if (status >= 300 && status < 400) return 'set VAULT_ADDR to the active node'
  if (status >= 500)
    return HINTS[status] ?? 'check the log of Vault, or of the proxy in front of it, and run it again'
  return HINTS[status]
}

/** 472 and 473: https://developer.hashicorp.com/vault/api-docs/system/health#parameters */
const HINTS: Readonly<Record<number, string>> = {
  403: 'the token has expired or its policies do not allow this: docs/vault.md has a policy for vault-setup',
  429: 'a Vault rate limit quota is used up: run it again in a while, or have the quota raised',
  472: 'this is a disaster recovery standby: set VAULT_ADDR to the active node of the primary cluster',
  473: 'this is a performance standby: set VAULT_ADDR to the active node',
  503: 'Vault is not ready yet, or a proxy does not reach it: wait, and check vault status',
}
