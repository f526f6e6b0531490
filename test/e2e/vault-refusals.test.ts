import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EXAMPLE, startStage, type Stage } from '../rig/emulators/stage.ts'
import type { TokenRequest } from '../rig/emulators/cluster.ts'
import { run, withStage } from './harness.ts'
import { answerFirst } from './servers.ts'
import { count, failed } from './outcome.ts'

const refusals = suite("e2e: Vault's refusals explained")

let stage: Stage
refusals.before(async () => {
  stage = await startStage()
})
refusals.after(() => stage.close())
refusals.after.each(() => {
  stage.vault.intercept = undefined
})

interface Login {
  readonly title: string
  readonly token?: TokenRequest
  readonly env?: Readonly<Record<string, string>>
  readonly says: RegExp
  readonly hint: RegExp
}

const LOGINS: readonly Login[] = [
  {
    title: 'a service account that the role does not allow',
    token: { serviceAccount: 'stranger' },
    says: /does not allow the service account stranger; the token belongs to frontend\/stranger, audience vault/,
    hint: /bound_service_account_names/,
  },
  {
    title: 'an audience that the role does not want',
    token: { audiences: ['api'] },
    says: /audience is not the one that the role requires; the token belongs to .*, audience api,/,
    hint: /audience/,
  },
  {
    title: 'an expired token',
    token: { lifetimeSeconds: -3600 },
    says: /the service-account token has expired; .*valid until \d{4}/,
    hint: /projected volume/,
  },
  {
    title: "another cluster's token",
    token: { genuine: false },
    says: /403, permission denied\): the token was not accepted by the cluster's TokenReview/,
    hint: /auth\/kubernetes\/config/,
  },
  {
    title: 'a role that is not there',
    env: { VAULT_ROLE: 'nothing' },
    says: /as role nothing \(400, invalid role name "nothing"\): the mount kubernetes has no such role/,
    hint: /VAULT_ROLE/,
  },
  {
    title: 'a mount that is not there',
    env: { VAULT_AUTH_MOUNT: 'nowhere' },
    says: /refused the login at auth\/nowhere/,
    hint: /VAULT_AUTH_MOUNT/,
  },
  {
    title: 'jwt: an audience that the role does not want',
    token: { audiences: ['api'] },
    env: { VAULT_AUTH_METHOD: 'jwt' },
    says: /audience is not the one/,
    hint: /bound_audiences of auth\/jwt\/role\/iamanywhere/,
  },
  {
    title: "jwt: another cluster's token",
    token: { genuine: false },
    env: { VAULT_AUTH_METHOD: 'jwt' },
    says: /not signed by a key that the mount knows/,
    hint: /JWKS/,
  },
]

for (const { title, token, env = {}, says, hint } of LOGINS) {
  refusals(`login: ${title}: one request, exit 3`, async () => {
    const done = await run(stage, { env, token: stage.token(token) })
    failed(done, 3, says, hint)
    assert.is(done.vault.length, 1)
    assert.is(done.aws.length, 0)
    assert.equal(done.files, [])
  })
}

refusals('login: a namespace that the role does not allow', async () => {
  await withStage({}, async (own) => {
    const mount = own.vaultEmulator.options.auth['kubernetes']
    if (mount?.type !== 'kubernetes') throw new Error('the stage has no kubernetes auth')
    const roles = Object.fromEntries(
      Object.entries(mount.roles).map(([name, role]) => [name, { ...role, namespaces: ['backend'] }]),
    )
    own.vaultEmulator.options.auth = { kubernetes: { ...mount, roles } }
    failed(await run(own), 3, /does not allow the namespace frontend/, /bound_service_account_namespaces/)
  })
})

refusals('login: without VAULT_NAMESPACE where Vault has everything in one', async () => {
  await withStage({ vaultNamespace: 'team' }, async (own) => {
    failed(await run(own, { env: { VAULT_NAMESPACE: undefined } }), 3, /refused the login/, /VAULT_NAMESPACE/)
  })
})

refusals('login: Vault echoes what it was sent, and nobody sees it', async () => {
  const token = stage.token()
  answerFirst(stage.vault, /login/, {
    status: 400,
    body: JSON.stringify({ errors: [`bad jwt ${token} \u001b[2J`] }),
  })
  const done = await run(stage, { token })
  failed(done, 3, /bad jwt \[hidden\]/)
  assert.not.match(done.stderr, /\u001b/)
})

refusals('sign: a policy for pki/issue alone: the hint names pki/sign and the role', async () => {
  await withStage({}, async (own) => {
    own.vaultEmulator.options.policies = { 'iam-ra': ['pki/issue/iam-ra'] }
    const done = await run(own)
    failed(done, 4, /answered 403 .*permission denied/, /update on pki\/sign\/iam-ra/)
    assert.is(count(done.vault, /revoke-self/), 1)
  })
})

for (const [title, env, says, hint] of [
  [
    "a CN that is not the pod's",
    { VAULT_CERT_CN: 'other.frontend.demo' },
    /common name other\.frontend\.demo not allowed/,
    /VAULT_CERT_CN/,
  ],
  [
    "a URI that is not the pod's",
    { CERT_URI_SANS: 'spiffe://demo/ns/x/sa/y' },
    /URI Subject Alternative Names/,
    /CERT_URI_SANS/,
  ],
  [
    'a role that is not there',
    { VAULT_CERT_NAME: 'nothing' },
    /403|unknown role/,
    /pki\/sign\/nothing|VAULT_CERT_NAME/,
  ],
  ['a mount that is not there', { VAULT_PKI_MOUNT: 'nowhere' }, /403|404/, /nowhere/],
] as const) {
  refusals(`sign: ${title}: exit 4, the token revoked`, async () => {
    const done = await run(stage, { env })
    failed(done, 4, says, hint)
    assert.is(count(done.vault, /\/sign\//), 1)
    assert.is(stage.vaultEmulator.liveTokens(), 0)
    assert.is(done.aws.length, 0)
  })
}

refusals('sign: a KEY_TYPE that the role does not want is not tried as another', async () => {
  await withStage({ pkiRole: { keyType: 'rsa' } }, async (own) => {
    const done = await run(own, { env: { KEY_TYPE: 'ec-p384' } })
    failed(done, 4, /role requires keys of type rsa/, /KEY_TYPE/)
    assert.is(count(done.vault, /\/sign\//), 1)
  })
})

refusals('certificate: a keyUsage without digitalSignature is found before AWS is asked', async () => {
  await withStage({ pkiRole: { keyUsage: ['keyAgreement'] } }, async (own) => {
    const done = await run(own)
    failed(done, 4, /lacks digitalSignature/, /key_usage/)
    assert.is(done.aws.length, 0)
  })
})

refusals('certificate: names that the role drops are missed', async () => {
  await withStage({ pkiRole: { useCsrSans: false } }, async (own) => {
    failed(
      await run(own, { env: { CERT_URI_SANS: EXAMPLE.uri } }),
      4,
      /lacks the alternative name/,
      /use_csr_sans/,
    )
  })
})

refusals('certificate: a Vault whose clock is an hour ahead is named as such', async () => {
  await withStage({ now: () => Date.now() + 3_600_000 }, async (own) => {
    const done = await run(own, { token: own.token({ issuedAt: Math.floor(Date.now() / 1000) + 3600 }) })
    failed(done, 4, /not valid before .*this machine's clock is (1 h|59 min)[^,]* behind Vault's/, /NTP/)
  })
})

refusals.run()
