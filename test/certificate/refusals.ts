/** What Vault 1.19 said when it did not sign. */
import type { RecordedRefusal } from '../support/refusals.ts'

export interface SignRefusal extends RecordedRefusal {
  /** Default REFUSED. */
  readonly code?: 'KEY_TYPE'
}

const PKI = 'Vault 1.19, builtin/logical/pki, and its core'

export const SIGN_REFUSALS: readonly SignRefusal[] = [
  {
    rule: 'no-policy',
    source: PKI,
    status: 403,
    text: '1 error occurred: permission denied',
    hint: /\(it has: default, iam-ra\) must allow update on pki\/sign\/app; one for pki\/issue\/…/,
  },
  {
    rule: 'no-role',
    source: PKI,
    status: 400,
    text: 'unknown role: app',
    hint: /set VAULT_CERT_NAME to a role of the mount pki/,
  },
  {
    rule: 'no-mount',
    source: PKI,
    status: 404,
    text: 'no handler for route "pki/sign/app". route entry not found.',
    hint: /no PKI engine is mounted at pki/,
  },
  {
    rule: 'no-mount',
    source: PKI,
    status: 404,
    text: 'unsupported path',
    hint: /no PKI engine is mounted/,
  },
  {
    rule: 'names',
    source: PKI,
    status: 400,
    text: 'common name app not allowed by this role',
    hint: /VAULT_CERT_CN, CERT_DNS_SANS and CERT_URI_SANS/,
  },
  {
    rule: 'names',
    source: PKI,
    status: 400,
    text: 'subject alternate name battle not allowed by this role',
    hint: /allowed_domains/,
  },
  {
    rule: 'names',
    source: PKI,
    status: 400,
    text: 'URI Subject Alternative Names are not allowed in this role, but were provided via CSR',
    hint: /allowed_uri_sans/,
  },
  {
    rule: 'names',
    source: PKI,
    status: 400,
    text: 'URI Subject Alternative Names were provided via CSR which are not valid for this role',
    hint: /allowed_uri_sans/,
  },
  {
    rule: 'csr-common-name',
    source: PKI,
    status: 400,
    text: 'the common_name field is required, or must be provided in a CSR with "use_csr_common_name" set to true, unless "require_cn" is set to false',
    hint: /set use_csr_common_name=true/,
  },
  {
    rule: 'lifetime',
    source: PKI,
    status: 400,
    text: 'cannot satisfy request, as TTL would result in notAfter of 2027 that is beyond the expiration of the CA certificate at 2026',
    hint: /CERT_TTL against max_ttl of pki\/roles\/app/,
  },
  {
    rule: 'lifetime',
    source: PKI,
    status: 400,
    text: 'Field validation failed: error converting input for field "ttl": time: invalid duration "x"',
    hint: /CERT_TTL/,
  },
  {
    rule: 'unknown',
    source: PKI,
    status: 400,
    text: 'request signature invalid',
    hint: /vault read pki\/roles\/app/,
  },
  {
    rule: 'no-issuer',
    source: PKI,
    status: 500,
    text: 'could not fetch the CA certificate (was one set?): no default issuer currently configured',
    hint: /issuer_ref of pki\/roles\/app.*vault read pki\/config\/issuers.*no issuer that may sign/,
  },
  {
    rule: 'no-issuer',
    source: PKI,
    status: 500,
    text: 'could not fetch the CA certificate (was one set?): unable to find PKI issuer for reference: nothing',
    hint: /issuer_ref of pki\/roles\/app/,
  },
  {
    rule: 'no-issuer',
    source: PKI,
    status: 500,
    text: 'could not fetch the CA certificate (was one set?): unable to fetch corresponding key for issuer 068bd8d6; unable to use this issuer for signing',
    hint: /or does not have its key/,
  },
  {
    rule: 'no-issuer',
    source: PKI,
    status: 500,
    text: 'error fetching CA certificate: requested usage issuing-certificates for issuer [id:d8dc68ad] but only had usage read-only',
    hint: /the usage of that issuer/,
  },
  {
    rule: 'key-type',
    source: PKI,
    code: 'KEY_TYPE',
    status: 400,
    text: 'role requires keys of type ed25519',
    hint: /set KEY_TYPE to what the role requires .* or key_type=any in pki\/roles\/app/,
  },
  {
    rule: 'key-type',
    source: PKI,
    code: 'KEY_TYPE',
    status: 400,
    text: "role requires a minimum of a 384-bit key, but CSR's key is 256 bits",
    hint: /KEY_TYPE/,
  },
]
