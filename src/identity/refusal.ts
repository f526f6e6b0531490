/**
 * Vault says little when it refuses a login; the token's own claims say the rest. The texts are those of Vault 1.19 with
 * its kubernetes (0.21) and jwt (0.23) auth plugins; test/identity/refusals.ts has them all.
 */
import { IamRaError } from '../errors.ts'
import { explain, otherwise, type RefusalFacts, type Rule } from '../net/rules.ts'
import type { VaultLogin } from './settings.ts'
import type { TokenClaims } from './service-account.ts'
import type { VaultRefusal } from '../vault/answer.ts'

export interface LoginFacts extends RefusalFacts {
  readonly status: number
  readonly claims: TokenClaims
  readonly settings: VaultLogin
  /** `auth/<mount>` */
  readonly mount: string
  /** The role's path. */
  readonly role: string
  /** By the server's clock if that is known. */
  readonly nowMs: number
}

const EXPIRED = {
  cause: 'the service-account token has expired',
  hint: 'mount the token as a projected volume, which the kubelet renews (not with subPath), and check the clocks of the node and of Vault',
}

export const LOGIN_RULES: readonly Rule<LoginFacts>[] = [
  {
    name: 'no-role',
    when: /invalid role name|role .* could not be found/i,
    cause: ({ settings }) => `the mount ${settings.authMount} has no such role`,
    hint: ({ role }) => `check VAULT_ROLE and VAULT_AUTH_MOUNT, or create the role: vault write ${role} …`,
  },
  {
    name: 'not-configured',
    when: /could not load (backend )?configuration/i,
    cause: ({ mount }) => `${mount} is not configured yet`,
    hint: ({ mount }) => `write ${mount}/config: vault write ${mount}/config …`,
  },
  {
    name: 'no-service-account',
    when: /could not parse UID/i,
    cause: 'the token names no service account',
    hint: 'set SERVICE_ACCOUNT_TOKEN_FILE to the file of a projected serviceAccountToken volume',
  },
  {
    name: 'browser-role',
    when: /oidc role_type/i,
    cause: 'the role is for interactive (OIDC) logins',
    hint: ({ role }) => `set role_type=jwt on ${role}`,
  },
  {
    name: 'service-account',
    when: /service account name not authorized/i,
    cause: ({ claims }) => `the role does not allow the service account ${claims.account ?? 'of this token'}`,
    hint: ({ role }) =>
      `add it to bound_service_account_names of ${role}, or set the pod's serviceAccountName`,
  },
  {
    name: 'namespace',
    when: /namespace not authorized/i,
    cause: ({ claims }) => `the role does not allow the namespace ${claims.namespace ?? 'of this token'}`,
    hint: ({ role }) => `add it to bound_service_account_namespaces of ${role}`,
  },
  {
    name: 'no-bound-audience',
    when: /no audiences bound to the role/i,
    cause: 'the role has no bound audience, but the token has one',
    hint: ({ role }) => `set bound_audiences of ${role} to the token's audience`,
  },
  {
    name: 'audience',
    when: /\(aud\) claim|aud claim does not match/i,
    cause: `the token's audience is not the one that the role requires`,
    hint: ({ settings, role }) =>
      `set the projected token's audience to ${settings.authMethod === 'jwt' ? 'bound_audiences' : 'audience'} of ${role}, usually vault`,
  },
  { name: 'expired', when: /token is expired/i, ...EXPIRED },
  {
    name: 'not-yet-valid',
    when: /token not yet valid|token issued in the future/i,
    cause: "the token is not valid yet by Vault's clock",
    hint: "synchronize the clocks of Vault and the cluster's control plane (NTP)",
  },
  {
    name: 'without-times',
    when: /no issued at \(iat\)/i,
    cause: 'the token comes from a Secret and has no times, so jwt auth does not accept it',
    hint: 'mount a projected serviceAccountToken volume and set SERVICE_ACCOUNT_TOKEN_FILE to its file',
  },
  {
    name: 'no-mount',
    when: ({ text, status }) => status === 404 || /no handler for route|unsupported path/i.test(text),
    cause: ({ mount }) => `nothing is mounted at ${mount}`,
    hint: 'check VAULT_AUTH_MOUNT and VAULT_NAMESPACE, or enable the auth method there',
  },
  {
    name: 'no-login',
    when: /missing client token/i,
    cause: ({ mount }) => `no auth method is mounted at ${mount}`,
    hint: 'check VAULT_AUTH_MOUNT, VAULT_AUTH_METHOD and VAULT_NAMESPACE',
  },
  {
    name: 'issuer',
    when: /\(iss\) claim/i,
    cause: ({ claims }) =>
      `the token's issuer ${claims.issuer ?? '(none)'} is not the one that the mount expects`,
    hint: ({ mount }) =>
      `set the issuer in ${mount}/config to the cluster's --service-account-issuer; each cluster needs its own mount`,
  },
  {
    name: 'bound-claims',
    when: /\(sub\) claim|error validating claims/i,
    cause: `the role's bound subject or bound claims do not match the token`,
    hint: ({ role, claims }) =>
      `compare bound_subject and bound_claims of ${role} with the token's subject ${claims.subject ?? '(none)'}`,
  },
  {
    name: 'no-claim',
    when: /claim .*(not found in token|to (a )?string)/i,
    cause: 'the token has no such claim, or it is not a string',
    hint: ({ role }) =>
      `compare user_claim, groups_claim and claim_mappings of ${role} with a token; user_claim=sub works for every service account`,
  },
  {
    name: 'no-keys',
    when: /fetching keys|get keys failed|decode keys|error configuring token validator/i,
    cause: "Vault cannot fetch this cluster's token signing keys",
    hint: ({ mount }) =>
      `check jwks_url or oidc_discovery_url of ${mount}/config, its CA, and that Vault can reach the API server without logging in`,
  },
  {
    name: 'signature',
    when: /signature|algorithm/i,
    cause: 'the token is not signed by a key that the mount knows',
    hint: `check that the mount's keys (JWKS URL or PEM) are those of this cluster; each cluster needs its own mount`,
  },
  {
    // The remaining texts say nothing, so the token's own expiry counts.
    name: 'expired-by-its-claims',
    when: ({ claims, nowMs }) => claims.expiresAtMs !== undefined && claims.expiresAtMs <= nowMs,
    ...EXPIRED,
  },
  {
    name: 'jwt-denied',
    when: ({ status, settings }) => status === 403 && settings.authMethod === 'jwt',
    cause: "nothing is mounted there, or this pod's address is not allowed",
    hint: ({ role }) => `check VAULT_AUTH_MOUNT and VAULT_NAMESPACE, then token_bound_cidrs of ${role}`,
  },
  {
    name: 'kubernetes-denied',
    when: ({ status }) => status === 403,
    cause:
      "the token was not accepted by the cluster's TokenReview (another cluster's token, a deleted account or pod, a wrong audience), " +
      "or Vault could not call it (reviewer without system:auth-delegator, API server unreachable), or the mount does not exist or does not allow this pod's address",
    hint: ({ mount }) =>
      `check ${mount}/config (kubernetes_host, CA, reviewer), the role's audience and token_bound_cidrs, VAULT_AUTH_MOUNT and VAULT_NAMESPACE; Vault's log at debug level names the reason`,
  },
  {
    name: 'unknown',
    when: otherwise,
    cause: 'the request does not fit this auth mount',
    hint: ({ settings }) =>
      `check VAULT_AUTH_METHOD (${settings.authMethod}), VAULT_AUTH_MOUNT and VAULT_ROLE`,
  },
]

export function explainLoginRefusal(
  refusal: VaultRefusal,
  claims: TokenClaims,
  settings: VaultLogin,
  nowMs: number,
): IamRaError {
  const { cause, hint } = explain(LOGIN_RULES, loginFacts(refusal, claims, settings, nowMs))
  const said = refusal.said.length > 0 ? refusal.said.join('; ') : 'no reason given'
  return new IamRaError(
    'REFUSED',
    'identity',
    `Vault at ${settings.addr.origin} refused the login at auth/${settings.authMount} as role ${settings.role} ` +
      `(${refusal.status ?? 0}, ${said}): ${cause}; ${describeToken(claims)}`,
    { hint, cause: refusal, status: refusal.status, said: refusal.said },
  )
}

export function loginFacts(
  { said, status = 0, serverDateMs }: VaultRefusal,
  claims: TokenClaims,
  settings: VaultLogin,
  nowMs: number,
): LoginFacts {
  const mount = `auth/${settings.authMount}`
  return {
    text: said.join('\n'),
    status,
    claims,
    settings,
    mount,
    role: `${mount}/role/${settings.role}`,
    nowMs: serverDateMs ?? nowMs,
  }
}

function describeToken(claims: TokenClaims): string {
  const account =
    claims.namespace !== undefined && claims.account !== undefined
      ? `${claims.namespace}/${claims.account}`
      : (claims.subject ?? 'an unknown subject')
  const audience = claims.audiences.length === 0 ? 'no audience' : `audience ${claims.audiences.join(', ')}`
  const until =
    claims.expiresAtMs === undefined
      ? 'no expiry'
      : `valid until ${new Date(claims.expiresAtMs).toISOString()}`
  return `the token belongs to ${account}, ${audience}, ${until}`
}
