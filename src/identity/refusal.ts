/**
 * Vault says little when it refuses a login. What the token says of itself tells the rest. The texts are those of Vault
 * 1.19 with its kubernetes (0.21) and jwt (0.23) auth plugins.
 */
import { IamRaError } from '../errors.ts'
import type { LoginSettings } from './login.ts'
import type { TokenClaims } from './service-account.ts'
import type { VaultRefusal } from '../vault/answer.ts'

interface Explanation {
  readonly cause: string
  readonly hint: string
}

const EXPIRED: Explanation = {
  cause: 'the service-account token has expired',
  hint: 'mount the token as a projected volume, which the kubelet renews (not with subPath), and check the clocks of node and Vault',
}

export function explainLoginRefusal(
  refusal: VaultRefusal,
  claims: TokenClaims,
  settings: LoginSettings,
  nowMs: number,
): IamRaError {
  const { cause, hint } = explain(refusal, claims, settings, refusal.serverDateMs ?? nowMs)
  const said = refusal.errors.length > 0 ? refusal.errors.join('; ') : 'no reason given'
  return new IamRaError(
    'REFUSED',
    'identity',
    `Vault at ${settings.addr.origin} refused the login at auth/${settings.authMount} as role ${settings.role} ` +
      `(${refusal.status ?? 0}, ${said}): ${cause}; ${describeToken(claims)}`,
    { hint, cause: refusal, status: refusal.status },
  )
}

function explain(
  refusal: VaultRefusal,
  claims: TokenClaims,
  settings: LoginSettings,
  nowMs: number,
): Explanation {
  const text = refusal.errors.join('\n')
  const mount = `auth/${settings.authMount}`
  const role = `${mount}/role/${settings.role}`

  if (/invalid role name|role .* could not be found/i.test(text)) {
    return {
      cause: `the mount ${settings.authMount} has no such role`,
      hint: `check VAULT_ROLE and VAULT_AUTH_MOUNT, or create the role: vault write ${role} …`,
    }
  }
  if (/could not load (backend )?configuration/i.test(text)) {
    return {
      cause: `${mount} is not configured yet`,
      hint: `write ${mount}/config: vault write ${mount}/config …`,
    }
  }
  if (/could not parse UID/i.test(text)) {
    return {
      cause: 'the token names no service account',
      hint: 'SERVICE_ACCOUNT_TOKEN_FILE must name the file of a projected serviceAccountToken volume',
    }
  }
  if (/oidc role_type/i.test(text)) {
    return {
      cause: 'the role is for people who log in with a browser',
      hint: `a pod needs role_type=jwt on ${role}`,
    }
  }
  if (/service account name not authorized/i.test(text)) {
    return {
      cause: `the role does not allow the service account ${claims.account ?? 'of this token'}`,
      hint: `add it to bound_service_account_names of ${role}, or set the pod's serviceAccountName`,
    }
  }
  if (/namespace not authorized/i.test(text)) {
    return {
      cause: `the role does not allow the namespace ${claims.namespace ?? 'of this token'}`,
      hint: `add it to bound_service_account_namespaces of ${role}`,
    }
  }
  if (/no audiences bound to the role/i.test(text)) {
    return {
      cause: 'the role names no audience, and the token has one',
      hint: `set bound_audiences of ${role} to the token's audience`,
    }
  }
  if (/\(aud\) claim|aud claim does not match/i.test(text)) {
    const names = settings.authMethod === 'jwt' ? 'bound_audiences' : 'audience'
    return {
      cause: `the token's audience is not the one that the role wants`,
      hint: `set the projected token's audience to ${names} of ${role}, commonly vault`,
    }
  }
  if (/token is expired/i.test(text)) return EXPIRED
  if (/token not yet valid|token issued in the future/i.test(text)) {
    return {
      cause: "the token is not valid yet by Vault's clock",
      hint: "set the clocks of Vault and of the cluster's control plane (NTP)",
    }
  }
  if (/no issued at \(iat\)/i.test(text)) {
    return {
      cause: 'the token is one out of a Secret, without times, which jwt auth does not take',
      hint: 'mount a projected serviceAccountToken volume and name its file in SERVICE_ACCOUNT_TOKEN_FILE',
    }
  }
  if (/no handler for route|unsupported path/i.test(text) || refusal.status === 404) {
    return {
      cause: `nothing is mounted at ${mount}`,
      hint: 'check VAULT_AUTH_MOUNT and VAULT_NAMESPACE, or enable the auth method there',
    }
  }
  if (/missing client token/i.test(text)) {
    return {
      cause: `nothing that logs in is mounted at ${mount}`,
      hint: 'check VAULT_AUTH_MOUNT, VAULT_AUTH_METHOD and VAULT_NAMESPACE',
    }
  }
  if (/\(iss\) claim/i.test(text)) {
    return {
      cause: `the token's issuer ${claims.issuer ?? '(none)'} is not the one that the mount expects`,
      hint: `set the issuer in ${mount}/config to the cluster's --service-account-issuer; each cluster needs its own mount`,
    }
  }
  if (/\(sub\) claim|error validating claims/i.test(text)) {
    return {
      cause: `the role's bound subject or bound claims are not those of the token`,
      hint: `compare bound_subject and bound_claims of ${role} with the token's subject ${claims.subject ?? '(none)'}`,
    }
  }
  if (/claim .*(not found in token|to (a )?string)/i.test(text)) {
    return {
      cause: 'the token has no such claim, or one that is no text',
      hint: `compare user_claim, groups_claim and claim_mappings of ${role} with a token; user_claim=sub fits every service account`,
    }
  }
  if (/fetching keys|get keys failed|decode keys|error configuring token validator/i.test(text)) {
    return {
      cause: 'Vault cannot get the keys that sign the tokens of this cluster',
      hint: `check jwks_url or oidc_discovery_url of ${mount}/config, its CA, and that Vault reaches the API server without a login`,
    }
  }
  if (/signature|algorithm/i.test(text)) {
    return {
      cause: 'the token is not signed by a key that the mount knows',
      hint: `the mount's keys (JWKS URL or PEM) must be those of this cluster; each cluster needs its own mount`,
    }
  }
  // What is left says nothing, so the token's own word counts.
  if (claims.expiresAtMs !== undefined && claims.expiresAtMs <= nowMs) return EXPIRED
  if (refusal.status === 403 && settings.authMethod === 'jwt') {
    return {
      cause: 'nothing is mounted there, or the address of this pod is not allowed',
      hint: `check VAULT_AUTH_MOUNT and VAULT_NAMESPACE, then token_bound_cidrs of ${role}`,
    }
  }
  if (refusal.status === 403) {
    return {
      cause:
        "the token was not accepted by the cluster's TokenReview (another cluster's token, a deleted account or pod, a wrong audience), " +
        'or Vault could not ask it (reviewer without system:auth-delegator, API server out of reach), or the mount does not exist or does not allow the address of this pod',
      hint: `check ${mount}/config (kubernetes_host, CA, reviewer), the role's audience and token_bound_cidrs, VAULT_AUTH_MOUNT and VAULT_NAMESPACE; Vault's log at debug level names the reason`,
    }
  }
  return {
    cause: 'the request does not fit this auth mount',
    hint: `check VAULT_AUTH_METHOD (${settings.authMethod}), VAULT_AUTH_MOUNT and VAULT_ROLE`,
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
  return `the token is ${account}'s, ${audience}, ${until}`
}
