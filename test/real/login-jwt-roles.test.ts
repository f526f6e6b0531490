/** Login by jwt auth at roles and mounts that do not fit the token. */
import { suite } from 'uvu'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { refusedLogin } from './harness.ts'
import { addJwtMount, startReference, type Reference } from '../rig/servers/reference.ts'
import { enableAuth, jwtConfig, JWT_ROLE } from '../rig/servers/reference-vault.ts'

const { vaultRole, cluster } = EXAMPLE

const roles = suite('real: login at roles of jwt auth')

let reference: Reference
roles.before(async () => {
  reference = await startReference()
})
roles.after(() => reference.close())

const BY_JWT = { VAULT_AUTH_METHOD: 'jwt' } as const

const ROLES: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp, RegExp])[] = [
  [
    'subject',
    { bound_subject: 'system:serviceaccount:backend:vault-auth' },
    /invalid subject \(sub\) claim\): the role's bound subject or bound claims do not match/,
    /bound_subject .*of auth\/jwt\/role\/subject with .*system:serviceaccount:frontend:vault-auth/,
  ],
  [
    'claims',
    { bound_claims: { '/kubernetes.io/namespace': 'backend' } },
    /claim "\/kubernetes\.io\/namespace" does not match .*: the role's bound subject or bound claims/,
    /bound_claims of auth\/jwt\/role\/claims/,
  ],
  [
    'missing',
    { bound_claims: { '/kubernetes.io/team': 'red' } },
    /claim "\/kubernetes\.io\/team" is missing\): the role's bound subject or bound claims/,
    /bound_claims of auth\/jwt\/role\/missing/,
  ],
  [
    'user',
    { user_claim: 'email' },
    /claim "email" not found in token\): .*has no such claim/,
    /user_claim=sub/,
  ],
  [
    'mapping',
    { claim_mappings: { '/kubernetes.io/serviceaccount': 'service_account_name' } },
    /to string\): the token has no such claim, or it is not a string/,
    /claim_mappings of auth\/jwt\/role\/mapping/,
  ],
  [
    'groups',
    { groups_claim: 'groups' },
    /"groups" claim not found in token\): the token has no such claim/,
    /groups_claim/,
  ],
  [
    'open',
    { bound_audiences: [] },
    /the role has no bound audience, but the token has one/,
    /set bound_audiences/,
  ],
  [
    'browser',
    { role_type: 'oidc', allowed_redirect_uris: ['http://localhost:8250/oidc/callback'] },
    /the role is for interactive \(OIDC\) logins/,
    /role_type=jwt/,
  ],
  [
    'elsewhere',
    { token_bound_cidrs: ['10.0.0.0/8'] },
    /\(403, permission denied\): .*this pod's address is not allowed/,
    /token_bound_cidrs of auth\/jwt\/role\/elsewhere/,
  ],
]

for (const [name, changes, says, hint] of ROLES) {
  roles(`explains a role with another ${Object.keys(changes)[0] ?? ''} (${name})`, async () => {
    await reference.server.write(`auth/jwt/role/${name}`, { ...JWT_ROLE, ...changes })
    await refusedLogin(reference, { env: { ...BY_JWT, VAULT_ROLE: name } }, says, hint)
  })
}

roles("explains a mount that is bound to another cluster's issuer", async () => {
  const { server, kubernetes } = reference
  await addJwtMount(server, 'other-issuer', cluster, kubernetes, {
    ...jwtConfig(kubernetes),
    bound_issuer: 'https://other.example',
  })
  await refusedLogin(
    reference,
    { env: { ...BY_JWT, VAULT_AUTH_MOUNT: 'other-issuer' } },
    new RegExp(`the token's issuer ${kubernetes.issuer} is not the one that the mount expects`),
    /auth\/other-issuer\/config/,
  )
})

roles('explains a mount without configuration', async () => {
  await enableAuth(reference.server, 'bare', 'jwt')
  await reference.server.write(`auth/bare/role/${vaultRole}`, JWT_ROLE)
  await refusedLogin(
    reference,
    { env: { ...BY_JWT, VAULT_AUTH_MOUNT: 'bare' } },
    /\(400, could not load configuration\): auth\/bare is not configured yet/,
    /auth\/bare\/config/,
  )
})

roles('explains a role that is not there', async () => {
  await refusedLogin(
    reference,
    { env: { ...BY_JWT, VAULT_ROLE: 'nothing' } },
    /\(400, role "nothing" could not be found\): the mount jwt has no such role/,
    /VAULT_ROLE/,
  )
})

roles('explains a mount that is not there', async () => {
  await refusedLogin(
    reference,
    { env: { ...BY_JWT, VAULT_AUTH_MOUNT: 'nowhere' } },
    /\(403, permission denied\): nothing is mounted there/,
    /VAULT_AUTH_MOUNT and VAULT_NAMESPACE/,
  )
})

roles.run()
