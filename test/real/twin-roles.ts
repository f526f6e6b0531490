/** Roles of both Vaults beside each other: what Vault's API calls it, and the same for the emulator. */
import { EXAMPLE } from '../rig/emulators/stage.ts'
import type { JwtRole } from '../rig/emulators/vault-auth.ts'
import type { PkiRole } from '../rig/emulators/vault-pki.ts'

const SUBJECT = `system:serviceaccount:${EXAMPLE.namespace}:${EXAMPLE.serviceAccount}`

/** Parameters of the PKI roles, as Vault names them and as the emulator does. */
export const PKI_ROLES: Readonly<Record<string, readonly [Record<string, unknown>, Partial<PkiRole>]>> = {
  any: [{}, {}],
  rsa: [{ key_type: 'rsa' }, { keyType: 'rsa' }],
  'ec-384': [
    { key_type: 'ec', key_bits: 384 },
    { keyType: 'ec', keyBits: 384 },
  ],
  unnamed: [{ allowed_domains: [] }, { allowedDomains: [] }],
  'no-uris': [{ allowed_uri_sans: [] }, { allowedUriSans: [] }],
  'other-cn': [{ use_csr_common_name: false }, { useCsrCommonName: false }],
  'other-sans': [{ use_csr_sans: false }, { useCsrSans: false }],
  'no-cn': [
    { use_csr_common_name: false, require_cn: false },
    { useCsrCommonName: false, requireCn: false },
  ],
  email: [{ cn_validations: ['email'] }, { cnValidations: ['email'] }],
  disabled: [{ cn_validations: ['disabled'] }, { cnValidations: ['disabled'] }],
  subdomains: [{ allow_subdomains: true }, { allowSubdomains: true }],
  wildcards: [
    { allow_subdomains: true, allow_wildcard_certificates: true },
    { allowSubdomains: true, allowWildcardCertificates: true },
  ],
  globs: [
    { allowed_domains: ['*.demo'], allow_glob_domains: true },
    { allowedDomains: ['*.demo'], allowGlobDomains: true },
  ],
  localhost: [{ allow_localhost: true }, { allowLocalhost: true }],
  ips: [{ allow_ip_sans: true }, { allowIpSans: true }],
  'any-name': [
    { allow_any_name: true, enforce_hostnames: false },
    { allowAnyName: true, enforceHostnames: false },
  ],
  short: [
    { ttl: '5m', max_ttl: '10m' },
    { ttlSeconds: 300, maxTtlSeconds: 600 },
  ],
  long: [{ max_ttl: '90000h' }, { maxTtlSeconds: 90_000 * 3600 }],
}

/** Likewise the roles of jwt auth. */
export const JWT_ROLES: Readonly<Record<string, readonly [Record<string, unknown>, Partial<JwtRole>]>> = {
  app: [{}, {}],
  batch: [{ token_type: 'batch' }, { type: 'batch' }],
  once: [{ token_num_uses: 1 }, { numUses: 1 }],
  unbound: [
    { bound_audiences: [], bound_subject: SUBJECT },
    { audiences: [], subject: SUBJECT },
  ],
  subject: [{ bound_subject: 'system:serviceaccount:a:b' }, { subject: 'system:serviceaccount:a:b' }],
  claims: [
    { bound_claims: { '/kubernetes.io/namespace': 'backend' } },
    { boundClaims: { '/kubernetes.io/namespace': 'backend' } },
  ],
  missing: [
    { bound_claims: { '/kubernetes.io/nothing': 'x' } },
    { boundClaims: { '/kubernetes.io/nothing': 'x' } },
  ],
  user: [{ user_claim: 'nobody' }, { userClaim: 'nobody' }],
  powerless: [{ token_policies: ['none'] }, { policies: ['none'] }],
}
