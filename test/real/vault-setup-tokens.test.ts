/** What the tokens may do that come of a set-up: a pod's, by its namespace's role, and the Vault Secrets Operator's. */
import { X509Certificate } from 'node:crypto'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createCsr } from '../../src/certificate/csr.ts'
import { generateKeyPair } from '../../src/certificate/key-pair.ts'
import { run } from '../e2e/harness.ts'
import { failed } from '../e2e/outcome.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import type { ApiAnswer } from '../rig/servers/api.ts'
import { ARNS, done as setUp, makeRoot, startGround, withArns } from './vault-setup.ts'

const { namespace, serviceAccount, commonName, uri, audience } = EXAMPLE

const tokens = suite('real: tokens of a set-up')

const ground = await startGround()
tokens.after(() => ground.stop())
await makeRoot(ground)
const { kubernetes } = ground
for (const [itsNamespace, account] of [
  [namespace, serviceAccount],
  [namespace, 'stranger'],
  [namespace, 'vault-secrets-operator'],
  ['backend', serviceAccount],
  ['backend', 'worker'],
  ['backend', 'vault-secrets-operator'],
  ['elsewhere', serviceAccount],
] as const) {
  await kubernetes.makeServiceAccount(itsNamespace, account)
}
const setup = {
  ...ground.setup,
  bindings: [
    ...withArns(ground.setup).bindings,
    {
      ...{
        namespace: 'backend',
        role: 'backend',
        accounts: ['*'],
        audience,
        tokenTtl: '2m',
        tokenType: 'batch',
        agentRole: 'backend.agent',
      },
      arns: { ...ARNS, role: `${EXAMPLE.roleArn}-backend` },
    },
  ],
}
await setUp(ground, ['--reviewer-token', ground.reviewerFile, '--root-mount', 'pki-root', '--apply'], {
  setup,
})
await ground.server.write('secret/data/other', { data: { arn: 'not theirs' } })

interface Auth {
  readonly client_token: string
  readonly token_type: string
  readonly lease_duration: number
  readonly policies: readonly string[]
}

async function auth(role: string, itsNamespace: string, account: string): Promise<Auth> {
  const { status, json } = await ground.login(role, await kubernetes.token(itsNamespace, account, audience))
  assert.is(status, 200, JSON.stringify(json['errors']))
  return json['auth'] as Auth
}

async function sign(
  token: string,
  cn: string,
  uris: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): Promise<ApiAnswer> {
  const csr = await createCsr(await generateKeyPair('ec-p256'), {
    commonName: cn,
    dnsSans: [],
    uriSans: uris,
  })
  return await ground.ask(token, 'PUT', 'pki/sign/iam-ra', { csr, ...more })
}

/** Paths with a space between them. */
async function mayNot(token: string, method: string, paths: string): Promise<void> {
  const body = method === 'PUT' ? {} : undefined
  for (const path of paths.split(' ')) {
    assert.is((await ground.ask(token, method, path, body)).status, 403, `${method} ${path}`)
  }
}

tokens("a pod's token has its own names signed", async () => {
  const { client_token: token } = await auth('frontend', namespace, serviceAccount)
  assert.is((await sign(token, commonName, [uri])).status, 200)
})

tokens('the token for the node agent logs in to its role alone, and signs', async () => {
  const forAgent = await kubernetes.token('backend', serviceAccount, 'iam-ra-agent')
  const { status, json } = await ground.login('backend.agent', forAgent)
  assert.is(status, 200, JSON.stringify(json['errors']))
  const { client_token: token, ...login } = json['auth'] as Auth
  assert.equal([login.token_type, login.lease_duration, login.policies], ['batch', 60, ['iam-ra']])
  assert.is((await sign(token, `${serviceAccount}.backend.demo`)).status, 200)
  assert.is((await ground.login('backend', forAgent)).status, 403)
  const forPods = await kubernetes.token('backend', serviceAccount, audience)
  assert.is((await ground.login('backend.agent', forPods)).status, 403)
  const others = await kubernetes.token(namespace, serviceAccount, 'iam-ra-agent')
  assert.is((await ground.login('backend.agent', others)).status, 403)
})

tokens("a pod's token has no other name signed", async () => {
  const { client_token: token } = await auth('frontend', namespace, serviceAccount)
  for (const name of [
    ...['stranger.frontend.demo', 'vault-auth.backend.demo', 'vault-auth.frontend.other', 'frontend.demo'],
    ...[`a.${commonName}`, `*.${commonName}`, 'localhost', '10.0.0.1', `root@${commonName}`],
  ]) {
    const { status, json } = await sign(token, name)
    assert.is(status, 400, name)
    assert.match(String(json['errors']), /not allowed/)
  }
  for (const other of [
    'spiffe://demo/ns/backend/sa/vault-auth',
    'spiffe://other/ns/frontend/sa/vault-auth',
    `${uri}2`,
  ]) {
    assert.is((await sign(token, commonName, [other])).status, 400, other)
  }
})

// not_after is bound by max_ttl from 1.19.19, 1.20.13, 1.21.8 and 2.0.3 on: https://github.com/hashicorp/vault/issues/29928
tokens("a pod's token has no certificate signed that lasts longer than a day", async () => {
  const { client_token: token } = await auth('frontend', namespace, serviceAccount)
  for (const name of ['not_after', 'NOT_AFTER', 'Not_After']) {
    for (const value of ['2030-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '']) {
      const { status } = await sign(token, commonName, [uri], { [name]: value })
      assert.is(status, 403, `${name}=${value}`)
    }
  }
  const lasts = async (ttl: string): Promise<number> => {
    const { status, json } = await sign(token, commonName, [uri], { ttl })
    assert.is(status, 200, JSON.stringify(json['errors']))
    const { certificate } = json['data'] as { certificate: string }
    const { validFromDate, validToDate } = new X509Certificate(certificate)
    return (validToDate.getTime() - validFromDate.getTime()) / 1000
  }
  // 30 seconds before its issue: not_before_duration of the role.
  assert.is(await lasts('30m'), 1830)
  assert.is(await lasts('87600h'), 86_430)
})

tokens("a pod's token can do nothing else but revoke itself", async () => {
  const {
    client_token: token,
    policies,
    lease_duration: lasts,
  } = await auth('frontend', namespace, serviceAccount)
  assert.equal(policies, ['iam-ra'])
  assert.is(lasts, 300)
  await mayNot(token, 'PUT', 'pki/issue/iam-ra pki/sign-verbatim pki/sign-verbatim/iam-ra pki/sign/other')
  await mayNot(token, 'PUT', 'pki/root/sign-intermediate pki-root/root/sign-intermediate')
  await mayNot(token, 'PUT', 'pki/intermediate/set-signed auth/token/create auth/token/renew-self')
  await mayNot(token, 'GET', 'pki/roles/iam-ra secret/data/iam-ra/frontend/role-arn secret/data/other')
  await mayNot(token, 'GET', 'auth/kubernetes/config auth/kubernetes/role/frontend auth/token/lookup-self')
  await mayNot(token, 'GET', 'sys/policies/acl/iam-ra sys/mounts')
  await mayNot(token, 'LIST', 'identity/entity/id')
  assert.is((await ground.ask(token, 'PUT', 'auth/token/revoke-self', {})).status, 204)
  assert.is((await sign(token, commonName)).status, 403)
})

for (const [who, role, itsNamespace, account] of [
  ['another account of the namespace', 'frontend', namespace, 'stranger'],
  ["the operator's account", 'frontend', namespace, 'vault-secrets-operator'],
  ['the same account of another namespace', 'frontend', 'backend', serviceAccount],
  ['a namespace without a binding', 'frontend', 'elsewhere', serviceAccount],
  ["a pod's account as the operator", 'vault-secrets-operator', namespace, serviceAccount],
  [
    "the operator's account of a namespace without a binding",
    'vault-secrets-operator',
    'elsewhere',
    serviceAccount,
  ],
] as const) {
  tokens(`no login for ${who}`, async () => {
    const { status } = await ground.login(role, await kubernetes.token(itsNamespace, account, audience))
    assert.is(status, 403)
  })
}

tokens(
  'no login with a token for another audience, the one that each pod has by default among them',
  async () => {
    for (const other of [kubernetes.issuer, 'other']) {
      const { status } = await ground.login(
        'frontend',
        await kubernetes.token(namespace, serviceAccount, other),
      )
      assert.is(status, 403)
    }
  },
)

tokens('a pod of another namespace hears from aws-iam-ra why it is refused', async () => {
  const servers = await ground.servers('elsewhere', serviceAccount)
  const done = await run(servers, {
    env: { VAULT_ROLE: 'frontend', VAULT_CERT_CN: 'vault-auth.elsewhere.demo' },
  })
  failed(
    done,
    3,
    /namespace not authorized|does not allow the namespace elsewhere/,
    /bound_service_account_namespaces/,
  )
})

tokens(
  'a binding of all accounts gives each its own name, and batch tokens that live as long as it says',
  async () => {
    for (const account of [serviceAccount, 'worker']) {
      const {
        client_token: token,
        token_type: type,
        lease_duration: lasts,
      } = await auth('backend', 'backend', account)
      assert.is(type, 'batch')
      assert.is(lasts, 120)
      assert.is((await sign(token, `${account}.backend.demo`)).status, 200)
      assert.is((await sign(token, 'default.backend.demo')).status, 400)
    }
  },
)

tokens("the operator reads the ARNs of its account's namespace, and nothing else", async () => {
  for (const [own, other] of [
    [namespace, 'backend'],
    ['backend', namespace],
  ] as const) {
    const login = await auth('vault-secrets-operator', own, 'vault-secrets-operator')
    assert.equal(login.policies, ['vault-secrets-operator'])
    assert.is(login.token_type, 'batch')
    const token = login.client_token
    for (const name of ['role', 'anchor', 'profile']) {
      const { status, json } = await ground.ask(token, 'GET', `secret/data/iam-ra/${own}/${name}-arn`)
      assert.is(status, 200)
      assert.equal(Object.keys((json['data'] as { data: object }).data), ['arn'])
      assert.is((await ground.ask(token, 'GET', `secret/data/iam-ra/${other}/${name}-arn`)).status, 403)
      const change = { data: { arn: 'another' } }
      assert.is((await ground.ask(token, 'PUT', `secret/data/iam-ra/${own}/${name}-arn`, change)).status, 403)
    }
    const workload = `secret/data/iam-ra/${own}/payments`
    await ground.server.write(workload, { data: ARNS })
    assert.is((await ground.ask(token, 'GET', workload)).status, 200)
    assert.is((await ground.ask(token, 'PUT', workload, { data: ARNS })).status, 403)
    await mayNot(token, 'GET', `secret/data/other secret/data/iam-ra/${other}/payments`)
    await mayNot(token, 'GET', `secret/data/iam-ra/${own} secret/data/iam-ra/${own}/payments/more`)
    await mayNot(token, 'GET', `secret/metadata/iam-ra/${own}/role-arn auth/token/lookup-self sys/mounts`)
    await mayNot(token, 'LIST', `secret/metadata/iam-ra/${own}`)
    await mayNot(token, 'PUT', 'pki/sign/iam-ra pki/issue/iam-ra auth/token/create')
  }
})

tokens.run()
