/**
 * What Vault says when it does not sign, and what to do then. The texts are those of Vault 1.19,
 * builtin/logical/pki/issuing, and of its core; test/certificate/refusals.ts has them all.
 */
import { IamRaError } from '../errors.ts'
import { explain, otherwise, type RefusalFacts, type Rule } from '../net/rules.ts'
import type { VaultSession } from '../vault/session.ts'
import { KEY_TYPES, type CertificateSettings } from './settings.ts'

export interface SignFacts extends RefusalFacts {
  readonly status: number
  readonly settings: CertificateSettings
  readonly policies: readonly string[]
  /** The path that was written to. */
  readonly path: string
  /** The role's path. */
  readonly role: string
}

export interface SignRule extends Rule<SignFacts> {
  /** Default REFUSED. */
  readonly code?: 'KEY_TYPE'
}

export const SIGN_RULES: readonly SignRule[] = [
  {
    name: 'key-type',
    when: /role requires keys of type|requires .* key|key bits|bit length/i,
    code: 'KEY_TYPE',
    hint: ({ role }) =>
      `set KEY_TYPE to what the role requires (${KEY_TYPES.join(', ')}), or key_type=any in ${role}`,
  },
  {
    name: 'no-policy',
    when: ({ status }) => status === 403,
    hint: ({ policies, path, settings }) =>
      `a policy of the token (it has: ${policies.join(', ') || 'none'}) must allow update on ${path}; one for ${settings.pkiMount}/issue/… is not enough, and a token revoked in the meantime gets the same answer`,
  },
  {
    name: 'no-issuer',
    when: /default issuer|find PKI issuer|issuer for signing|requested usage/i,
    hint: ({ settings, role }) =>
      `check issuer_ref of ${role}, then vault read ${settings.pkiMount}/config/issuers and the usage of that issuer: the mount ${settings.pkiMount} has no issuer that may sign for the role, or does not have its key`,
  },
  {
    name: 'no-role',
    when: /unknown role/i,
    hint: ({ settings }) =>
      `set VAULT_CERT_NAME to a role of the mount ${settings.pkiMount} (VAULT_PKI_MOUNT): vault list ${settings.pkiMount}/roles`,
  },
  {
    name: 'no-mount',
    when: ({ text, status }) => status === 404 || /no handler for route|unsupported path/i.test(text),
    hint: ({ settings }) =>
      `check VAULT_PKI_MOUNT and VAULT_NAMESPACE: no PKI engine is mounted at ${settings.pkiMount}`,
  },
  {
    name: 'csr-common-name',
    when: /use_csr_common_name/i,
    hint: ({ role }) =>
      `set use_csr_common_name=true in ${role}, which is the default: the names are in the CSR`,
  },
  {
    name: 'names',
    when: /not allowed|not valid for this role/i,
    // Vault says which common name or DNS name it refuses, but not which URI.
    cause: ({ text, settings }) =>
      /URI Subject Alternative Names/.test(text) ? settings.uriSans.join(', ') : '',
    hint: ({ role }) =>
      `check VAULT_CERT_CN, CERT_DNS_SANS and CERT_URI_SANS against the names that ${role} allows for this token (allowed_domains, allow_bare_domains, allowed_uri_sans)`,
  },
  {
    name: 'lifetime',
    when: /ttl|duration|expiration|notAfter|beyond the expiration/i,
    hint: ({ role }) =>
      `check CERT_TTL against max_ttl of ${role} and the expiry of the CA's own certificate`,
  },
  {
    name: 'unknown',
    when: otherwise,
    hint: ({ role }) => `compare the request with the role: vault read ${role}`,
  },
]

/** @param path the path that was written to */
export function explainSignRefusal(
  error: IamRaError,
  path: string,
  settings: CertificateSettings,
  session: Pick<VaultSession, 'policies'>,
): IamRaError {
  const { rule, cause, hint } = explain(SIGN_RULES, signFacts(error, path, settings, session))
  const sentence = cause === '' ? error.message : `${error.message}: ${cause}`
  return new IamRaError(rule.code ?? 'REFUSED', 'certificate', sentence, {
    hint,
    cause: error,
    status: error.status,
    said: error.said,
  })
}

export function signFacts(
  { said, status = 0 }: Pick<IamRaError, 'said' | 'status'>,
  path: string,
  settings: CertificateSettings,
  { policies }: Pick<VaultSession, 'policies'>,
): SignFacts {
  const role = `${settings.pkiMount}/roles/${settings.pkiRole}`
  return { text: said.join('\n'), status, settings, policies, path, role }
}

/** Vault 1.19, builtin/logical/pki/issuing/sign_cert.go: the one answer that an RSA key would change. */
export function wantsRsa(error: unknown): boolean {
  return (
    error instanceof IamRaError &&
    error.code === 'KEY_TYPE' &&
    /^(?:.*: )?role requires keys of type rsa$/.test(error.said.join('\n'))
  )
}
