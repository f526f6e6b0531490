/**
 * The texts are those of Vault 1.19 and of its kubernetes (0.21.0) and jwt (0.23.0) auth plugins, of hashicorp/cap 0.8.0
 * and coreos/go-oidc, which check the tokens for them.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { explainLoginRefusal } from '../../src/identity/refusal.ts'
import { decodeClaims } from '../../src/identity/service-account.ts'
import { VaultRefusal } from '../../src/vault/answer.ts'
import type { LoginSettings } from '../../src/identity/login.ts'
import { FAKE_NOW_MS } from '../support/fake-runtime.ts'
import { CLAIMS, jwt, settings } from './fixture.ts'

interface Told {
  readonly message: string
  readonly hint: string
}

function explain(
  status: number,
  errors: readonly string[],
  changes: Partial<LoginSettings> = {},
  claims: object = CLAIMS,
  serverDateMs?: number,
): Told {
  const refusal = new VaultRefusal('identity', 'Vault said no', status, errors, serverDateMs)
  const error = explainLoginRefusal(refusal, decodeClaims(jwt(claims)), settings(changes), FAKE_NOW_MS)
  assert.is(error.code, 'REFUSED')
  assert.is(error.stage, 'identity')
  assert.is(error.retryable, false)
  assert.is(error.status, status)
  assert.is(error.cause, refusal)
  return { message: error.message, hint: error.hint ?? '' }
}

type Case = readonly [status: number, text: string, cause: RegExp, hint: RegExp]

const KUBERNETES: readonly Case[] = [
  [400, 'invalid role name "app"', /has no such role/, /VAULT_ROLE.*auth\/kubernetes\/role\/app/],
  [
    403,
    'service account name not authorized',
    /does not allow the service account app/,
    /bound_service_account_names/,
  ],
  [403, 'namespace not authorized', /does not allow the namespace team/, /bound_service_account_namespaces/],
  [
    403,
    'namespace not authorized err=failed to get namespace (code 403)',
    /does not allow the namespace team/,
    /bound_service/,
  ],
  [
    403,
    'invalid audience (aud) claim: audience claim does not match any expected audience',
    /audience is not the one/,
    /audience of auth\/kubernetes\/role\/app/,
  ],
  [
    403,
    'invalid issuer (iss) claim',
    /issuer https:\/\/kubernetes\.default\.svc is not the one/,
    /each cluster needs its own mount/,
  ],
  [403, 'invalid expiration time (exp) claim: token is expired', /token has expired/, /projected volume/],
  [403, 'invalid not before (nbf) claim: token not yet valid', /not valid yet by Vault's clock/, /NTP/],
  [403, 'invalid issued at (iat) claim: token issued in the future', /not valid yet by Vault's clock/, /NTP/],
  [
    403,
    'invalid algorithm (alg) header parameter: token signed with unexpected algorithm',
    /not signed by a key/,
    /JWKS/,
  ],
  [
    403,
    'permission denied',
    /TokenReview.*could not ask it.*mount does not exist or does not allow the address/,
    /auth\/kubernetes\/config.*token_bound_cidrs/,
  ],
  [
    500,
    'could not load backend configuration',
    /is not configured yet/,
    /vault write auth\/kubernetes\/config/,
  ],
  [500, 'could not parse UID from claims', /names no service account/, /SERVICE_ACCOUNT_TOKEN_FILE/],
]

const JWT: readonly Case[] = [
  [400, 'role "app" could not be found', /has no such role/, /VAULT_ROLE/],
  [400, 'could not load configuration', /is not configured yet/, /auth\/jwt\/config/],
  [400, 'role with oidc role_type is not allowed', /people who log in with a browser/, /role_type=jwt/],
  [400, 'error configuring token validator: unsupported config type', /cannot get the keys/, /jwks_url/],
  [
    400,
    'error validating token: error verifying token signature: no known key successfully validated the token signature',
    /not signed by a key that the mount knows/,
    /each cluster needs its own mount/,
  ],
  [
    400,
    'error validating token: error verifying token signature: failed to verify id token signature',
    /not signed by a key/,
    /JWKS/,
  ],
  [
    400,
    'error validating token: error verifying token signature: fetching keys oidc: get keys failed: Get "https://10.0.0.1/openid/v1/jwks": dial tcp: connection refused',
    /cannot get the keys/,
    /reaches the API server/,
  ],
  [
    400,
    'error validating token: invalid audience (aud) claim: audience claim does not match any expected audience',
    /audience is not the one/,
    /bound_audiences/,
  ],
  [
    400,
    'audience claim found in JWT but no audiences bound to the role',
    /names no audience, and the token has one/,
    /set bound_audiences/,
  ],
  [
    400,
    'error validating token: invalid issuer (iss) claim',
    /issuer .* is not the one/,
    /auth\/jwt\/config/,
  ],
  [
    400,
    'error validating token: invalid subject (sub) claim',
    /bound subject/,
    /system:serviceaccount:team:app/,
  ],
  [
    400,
    'error validating token: invalid expiration time (exp) claim: token is expired',
    /token has expired/,
    /kubelet renews/,
  ],
  [
    400,
    'error validating token: invalid not before (nbf) claim: token not yet valid',
    /not valid yet/,
    /NTP/,
  ],
  [
    400,
    'error validating token: no issued at (iat), not before (nbf), or expiration time (exp) claims in token',
    /one out of a Secret, without times/,
    /projected/,
  ],
  [
    400,
    'error validating claims: claim "/kubernetes.io/namespace" does not match any associated bound claim values',
    /bound claims are not those/,
    /bound_claims/,
  ],
  [400, 'error validating claims: claim "x" is missing', /bound claims are not those/, /bound_claims/],
  [400, 'claim "email" not found in token', /has no such claim/, /user_claim=sub/],
  [400, '"groups" claim not found in token', /has no such claim/, /groups_claim/],
  [
    400,
    "error converting claim '/kubernetes.io' to string",
    /has no such claim, or one that is no text/,
    /claim_mappings/,
  ],
  [
    403,
    'permission denied',
    /nothing is mounted there, or the address of this pod is not allowed/,
    /token_bound_cidrs/,
  ],
]

const CORE: readonly Case[] = [
  [
    404,
    'no handler for route "auth/kubernetes/login". route entry not found.',
    /nothing is mounted at auth\/kubernetes/,
    /VAULT_AUTH_MOUNT and VAULT_NAMESPACE/,
  ],
  [404, 'unsupported path', /nothing is mounted at auth\/kubernetes/, /VAULT_AUTH_MOUNT/],
  [400, 'missing client token', /nothing that logs in is mounted/, /VAULT_AUTH_METHOD/],
  [405, 'unsupported operation', /does not fit this auth mount/, /VAULT_AUTH_METHOD \(kubernetes\)/],
  [
    500,
    'failed to determine alias name from login request',
    /does not fit this auth mount/,
    /VAULT_AUTH_METHOD/,
  ],
]

const refusals = suite('explainLoginRefusal')

for (const [method, cases] of [
  ['kubernetes', KUBERNETES],
  ['jwt', JWT],
  ['kubernetes', CORE],
] as const) {
  for (const [status, text, cause, hint] of cases) {
    refusals(`${method} auth, ${status}: ${text}`, () => {
      const told = explain(status, [text], { authMethod: method, authMount: method })
      assert.match(told.message, `(${status}, ${text}): `)
      assert.match(told.message, cause)
      assert.match(told.hint, hint)
    })
  }
}

refusals('names address, mount and role, and what the token says of itself', () => {
  assert.is(
    explain(403, ['permission denied'], { authMount: 'k8s/prod' }).message.replace(
      /: the token was.*;/,
      ': …;',
    ),
    'Vault at https://vault.example:8200 refused the login at auth/k8s/prod as role app (403, permission denied): …; ' +
      "the token is team/app's, audience vault, valid until 2026-11-21T12:10:00.000Z",
  )
})

refusals('says what is known of a token without claims', () => {
  const { message } = explain(403, [], {}, {})
  assert.match(message, /\(403, no reason given\)/)
  assert.match(message, /the token is an unknown subject's, no audience, no expiry$/)
})

refusals('takes an expired token for the cause where Vault gives none', () => {
  const expired = { ...CLAIMS, exp: FAKE_NOW_MS / 1000 - 1 }
  assert.match(
    explain(403, ['permission denied'], {}, expired).message,
    /: the service-account token has expired;/,
  )
  const told = explain(400, ['invalid role name "app"'], {}, expired)
  assert.match(told.message, /has no such role/)
})

refusals("judges the expiry by the server's clock where it is known", () => {
  const inTenMinutes = FAKE_NOW_MS + 600_000
  const { message } = explain(403, ['permission denied'], {}, CLAIMS, inTenMinutes)
  assert.match(message, /: the service-account token has expired;/)
})

refusals.run()
