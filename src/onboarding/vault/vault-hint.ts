/** What to do next if Vault did not do what it was asked. */
import { otherwise, type RefusalFacts, type Rule } from '../../net/rules.ts'
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

export interface VaultFacts extends RefusalFacts {
  readonly status: number
}

const is =
  (status: number) =>
  (facts: VaultFacts): boolean =>
    facts.status === status

/** 472 and 473: https://developer.hashicorp.com/vault/api-docs/system/health#parameters */
export const VAULT_RULES: readonly Rule<VaultFacts>[] = [
  {
    name: 'not-in-a-pod',
    when: /open \/var\/run\/secrets\/kubernetes\.io/,
    hint: 'this Vault does not run in a pod: set kubernetes.reviewer to token, with kubernetes.caFile and --reviewer-token',
  },
  {
    name: 'sealed',
    when: ({ status, text }) => status === 503 && /sealed/.test(text),
    hint: 'unseal it: vault operator unseal; a new Vault needs vault operator init first',
  },
  {
    name: 'standby',
    when: ({ status }) => status >= 300 && status < 400,
    hint: 'set VAULT_ADDR to the active node',
  },
  {
    name: 'no-policy',
    when: is(403),
    hint: 'the token has expired or its policies do not allow this: docs/vault.md has a policy for vault-setup',
  },
  {
    name: 'quota',
    when: is(429),
    hint: 'a Vault rate limit quota is used up: run it again in a while, or have the quota raised',
  },
  {
    name: 'recovery-standby',
    when: is(472),
    hint: 'this is a disaster recovery standby: set VAULT_ADDR to the active node of the primary cluster',
  },
  {
    name: 'performance-standby',
    when: is(473),
    hint: 'this is a performance standby: set VAULT_ADDR to the active node',
  },
  {
    name: 'not-ready',
    when: is(503),
    hint: 'Vault is not ready yet, or a proxy does not reach it: wait, and check vault status',
  },
  {
    name: 'failing',
    when: ({ status }) => status >= 500,
    hint: 'check the log of Vault, or of the proxy in front of it, and run it again',
  },
  {
    name: 'unknown',
    when: otherwise,
    hint: "compare the path and what was sent with Vault's message; Vault's log may have more",
  },
]
