/** Login by jwt auth: Vault checks the API server's tokens by that server's own keys, given as PEM or fetched as JWKS. */
import { generateKeyPairSync } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hasCredentials } from '../e2e/outcome.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { refusedLogin, runClean, signedAnew } from './harness.ts'
import { addJwtMount, bind, startReference, type Reference } from '../rig/servers/reference.ts'
import { JWT_ROLE } from '../rig/servers/reference-vault.ts'

const { namespace, serviceAccount, cluster } = EXAMPLE

const logins = suite('real: login by jwt auth')

const DISCOVERY = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings'

let reference: Reference
logins.before(async () => {
  reference = await startReference()
  await reference.kubernetes.makeServiceAccount(namespace, 'stranger')
})
logins.after(() => reference.close())

/** Vault reads the keys without a login, which a cluster has to allow. */
async function letReadKeys(): Promise<() => Promise<unknown>> {
  const { kubernetes } = reference
  const name = 'service-account-issuer-discovery-for-all'
  await kubernetes.request('POST', DISCOVERY, {
    metadata: { name },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: 'system:service-account-issuer-discovery',
    },
    subjects: [{ kind: 'Group', name: 'system:unauthenticated', apiGroup: 'rbac.authorization.k8s.io' }],
  })
  return () => kubernetes.request('DELETE', `${DISCOVERY}/${name}`)
}

function jwksConfig(): Record<string, unknown> {
  const { url, ca, issuer } = reference.kubernetes
  return { jwks_url: `${url}/openid/v1/jwks`, jwks_ca_pem: ca, bound_issuer: issuer }
}

const BY_JWT = { VAULT_AUTH_METHOD: 'jwt' } as const
const now = (): number => Math.floor(Date.now() / 1000)

logins('lets the right account in by a PEM key, and leaves no token and no lease in Vault', async () => {
  const done = await runClean(reference, { env: BY_JWT })
  hasCredentials(reference, done)
  assert.equal(
    done.vault.map(({ request, status }) => `${request.path} ${status ?? 0}`),
    ['/v1/auth/jwt/login 200', '/v1/pki/sign/iam-ra 200', '/v1/auth/token/revoke-self 204'],
  )
})

logins("lets the right account in by the API server's JWKS, and says when that cannot be read", async () => {
  const { server, kubernetes, bindings } = reference
  const forbid = await letReadKeys()
  const env = { ...BY_JWT, VAULT_AUTH_MOUNT: 'jwks' }
  await bind(server, [...bindings, await addJwtMount(server, 'jwks', cluster, kubernetes, jwksConfig())])
  hasCredentials(reference, await runClean(reference, { env }))
  await forbid()
  // Written anew: the mount has forgotten the keys that it fetched.
  const allowed = await letReadKeys()
  await server.write('auth/jwks/config', jwksConfig())
  await allowed()
  await refusedLogin(
    reference,
    { env },
    /fetching keys.*403 Forbidden.*: Vault cannot fetch this cluster's token signing keys; the token/,
    /jwks_url .*of auth\/jwks\/config.*can reach the API server without logging in/,
  )
})

logins('leaves nothing of a batch token but what ends by itself', async () => {
  await reference.server.write('auth/jwt/role/batch', { ...JWT_ROLE, token_type: 'batch' })
  const env = { ...BY_JWT, VAULT_ROLE: 'batch' }
  const done = await runClean(reference, { env, expectsBatch: true })
  hasCredentials(reference, done)
  assert.is(done.vault.length, 2)
})

interface TokenCase {
  readonly title: string
  token(genuine: string): string | Promise<string>
  readonly says: RegExp
  readonly hint: RegExp
}

const TOKENS: readonly TokenCase[] = [
  {
    title: "an audience that is not the role's",
    token: () => reference.kubernetes.token(namespace, serviceAccount, 'api'),
    says: /invalid audience \(aud\) claim: .*: the token's audience is not the one that the role requires; .*, audience api,/,
    hint: /bound_audiences of auth\/jwt\/role\/iamanywhere/,
  },
  {
    title: 'an account that the bound claims leave out',
    token: () => reference.podToken(namespace, 'stranger'),
    says: /claim "\/kubernetes\.io\/serviceaccount\/name" does not match .*: the role's bound subject or bound claims do not match/,
    hint: /system:serviceaccount:frontend:stranger/,
  },
  {
    title: 'a token that has expired',
    token: (genuine) =>
      signedAnew(reference.kubernetes, genuine, {
        iat: now() - 7200,
        nbf: now() - 7200,
        exp: now() - 3600,
      }),
    says: /token is expired\): the service-account token has expired; .*valid until \d{4}/,
    hint: /projected volume/,
  },
  {
    title: 'a token that is not valid yet',
    token: (genuine) =>
      signedAnew(reference.kubernetes, genuine, {
        iat: now() + 3600,
        nbf: now() + 3600,
        exp: now() + 7200,
      }),
    says: /token not yet valid\): the token is not valid yet by Vault's clock/,
    hint: /NTP/,
  },
  {
    title: 'a token without times',
    token: (genuine) =>
      signedAnew(reference.kubernetes, genuine, { iat: undefined, nbf: undefined, exp: undefined }),
    says: /the token comes from a Secret and has no times/,
    hint: /projected serviceAccountToken volume/,
  },
  {
    title: 'a token of another issuer',
    token: (genuine) => signedAnew(reference.kubernetes, genuine, { iss: 'https://other.example' }),
    says: /invalid issuer \(iss\) claim\): the token's issuer https:\/\/other\.example is not the one/,
    hint: /each cluster needs its own mount/,
  },
  {
    title: 'a token that another key signed',
    token: (genuine) => {
      const { privateKey } = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      })
      return signedAnew({ tokenKey: { publicKey: '', privateKey } }, genuine, {})
    },
    says: /no known key successfully validated the token signature\): the token is not signed by a key that the mount knows/,
    hint: /each cluster needs its own mount/,
  },
]

for (const { title, token, says, hint } of TOKENS) {
  logins(`explains ${title}`, async () => {
    const genuine = await reference.podToken(namespace, serviceAccount)
    await refusedLogin(reference, { env: BY_JWT, token: await token(genuine) }, says, hint)
  })
}

// Both methods take the same request, so the mount decides, and VAULT_AUTH_METHOD names no more than a default mount.
for (const [method, mount] of [
  ['jwt', 'kubernetes'],
  ['kubernetes', 'jwt'],
] as const) {
  logins(`logs in at a mount of ${mount} though VAULT_AUTH_METHOD says ${method}`, async () => {
    const env = { VAULT_AUTH_METHOD: method, VAULT_AUTH_MOUNT: mount }
    hasCredentials(reference, await runClean(reference, { env }))
  })
}

logins.run()
