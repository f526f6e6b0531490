/** Login by kubernetes auth: what Vault says itself before it asks a real API server's TokenReview. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { hasCredentials } from '../e2e/outcome.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { refusedLogin, runClean, signedAnew, tokensOf } from './harness.ts'
import { startReference, type Reference } from '../rig/servers/reference.ts'
import { enableAuth, KUBERNETES_ROLE } from '../rig/servers/reference-vault.ts'

const { namespace, serviceAccount, vaultRole } = EXAMPLE

const logins = suite('real: login by kubernetes auth')

let reference: Reference
logins.before(async () => {
  reference = await startReference()
  const { server, kubernetes } = reference
  await kubernetes.makeServiceAccount(namespace, 'stranger')
  await kubernetes.makeServiceAccount('backend', serviceAccount)
  for (const [name, changes] of [
    ['backend', { bound_service_account_namespaces: ['backend'] }],
    ['elsewhere', { token_bound_cidrs: ['10.0.0.0/8'] }],
    ['batch', { token_type: 'batch' }],
  ] as const) {
    await server.write(`auth/kubernetes/role/${name}`, { ...KUBERNETES_ROLE, ...changes })
  }
})
logins.after(() => reference.close())

const now = (): number => Math.floor(Date.now() / 1000)

logins('lets the right account in, and leaves no token and no lease in Vault', async () => {
  const done = await runClean(reference)
  hasCredentials(reference, done)
  assert.equal(
    done.vault.map(({ request, status }) => `${request.path} ${status ?? 0}`),
    ['/v1/auth/kubernetes/login 200', '/v1/pki/sign/iam-ra 200', '/v1/auth/token/revoke-self 204'],
  )
  assert.is(tokensOf(done).length, 1)
})

logins('leaves nothing of a batch token but what ends by itself: no revocation is asked for', async () => {
  const done = await runClean(reference, { env: { VAULT_ROLE: 'batch' }, expectsBatch: true })
  hasCredentials(reference, done)
  assert.equal(
    done.vault.map(({ request }) => request.path),
    ['/v1/auth/kubernetes/login', '/v1/pki/sign/iam-ra'],
  )
})

logins('says which account the role does not allow', async () => {
  await refusedLogin(
    reference,
    { token: await reference.podToken(namespace, 'stranger') },
    /\(403, service account name not authorized\): the role does not allow the service account stranger; the token belongs to frontend\/stranger/,
    /bound_service_account_names of auth\/kubernetes\/role\/iamanywhere/,
  )
})

logins('says which namespace the role does not allow', async () => {
  await refusedLogin(
    reference,
    { env: { VAULT_ROLE: 'backend' } },
    /\(403, namespace not authorized\): the role does not allow the namespace frontend;/,
    /bound_service_account_namespaces of auth\/kubernetes\/role\/backend/,
  )
})

logins("says that the audience is not the role's", async () => {
  await refusedLogin(
    reference,
    { token: await reference.kubernetes.token(namespace, serviceAccount, 'api') },
    /\(403, invalid audience \(aud\) claim: .*\): the token's audience is not the one that the role requires; .*, audience api,/,
    /audience of auth\/kubernetes\/role\/iamanywhere/,
  )
})

logins('says that a token has expired, and since when', async () => {
  const { kubernetes } = reference
  const past = { iat: now() - 7200, nbf: now() - 7200, exp: now() - 3600 }
  await refusedLogin(
    reference,
    { token: signedAnew(kubernetes, await reference.podToken(namespace, serviceAccount), past) },
    new RegExp(
      `\\(403, invalid expiration time \\(exp\\) claim: token is expired\\): the service-account token has expired; .*valid until ${new Date(past.exp * 1000).toISOString()}`,
    ),
    /projected volume/,
  )
})

logins('takes a token that ended half a minute ago, as Vault and the API server do', async () => {
  const justOver = { iat: now() - 7200, nbf: now() - 7200, exp: now() - 30 }
  const token = signedAnew(
    reference.kubernetes,
    await reference.podToken(namespace, serviceAccount),
    justOver,
  )
  hasCredentials(reference, await runClean(reference, { token }))
})

logins('says that a token is not valid yet', async () => {
  const { kubernetes } = reference
  const future = { iat: now() + 3600, nbf: now() + 3600, exp: now() + 7200 }
  await refusedLogin(
    reference,
    { token: signedAnew(kubernetes, await reference.podToken(namespace, serviceAccount), future) },
    /\(403, invalid not before \(nbf\) claim: token not yet valid\): the token is not valid yet by Vault's clock/,
    /NTP/,
  )
})

logins('says that a mount has no configuration yet', async () => {
  await enableAuth(reference.server, 'bare', 'kubernetes')
  await reference.server.write(`auth/bare/role/${vaultRole}`, KUBERNETES_ROLE)
  await refusedLogin(
    reference,
    { env: { VAULT_AUTH_MOUNT: 'bare' } },
    /\(500, could not load backend configuration\): auth\/bare is not configured yet/,
    /vault write auth\/bare\/config/,
  )
})

logins('says that there is no such role', async () => {
  await refusedLogin(
    reference,
    { env: { VAULT_ROLE: 'nothing' } },
    /as role nothing \(400, invalid role name "nothing"\): the mount kubernetes has no such role/,
    /VAULT_ROLE and VAULT_AUTH_MOUNT/,
  )
})

logins('names a mount that is not there as a cause', async () => {
  await refusedLogin(
    reference,
    { env: { VAULT_AUTH_MOUNT: 'nowhere' } },
    /login at auth\/nowhere .*or the mount does not exist/,
    /VAULT_AUTH_MOUNT and VAULT_NAMESPACE/,
  )
})

logins('names an address that the role does not allow as a cause', async () => {
  await refusedLogin(
    reference,
    { env: { VAULT_ROLE: 'elsewhere' } },
    /or does not allow this pod's address/,
    /token_bound_cidrs/,
  )
})

for (const type of ['approle', 'userpass', 'cert'] as const) {
  logins(`hints at VAULT_AUTH_MOUNT where it is one of ${type}`, async () => {
    await enableAuth(reference.server, type, type)
    await refusedLogin(
      reference,
      { env: { VAULT_AUTH_MOUNT: type } },
      new RegExp(`refused the login at auth/${type} as role iamanywhere \\(`),
      /VAULT_AUTH_MOUNT/,
    )
  })
}

logins.run()
