/**
 * Keys of an IAM user, which have no session token: a real Vault makes them in moto, the shipped file gives them to the
 * readers, and moto checks what these sign.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { createCluster } from '../../rig/emulators/cluster.ts'
import { createSessionStore } from '../../rig/emulators/sessions.ts'
import { EXAMPLE } from '../../rig/emulators/stage.ts'
import { scratchFolder } from '../../rig/processes/process.ts'
import { enableAuth } from '../../rig/servers/reference-vault.ts'
import { startVaultAwsAccount } from '../vault-aws-account.ts'
import { POD_LOGIN } from '../vault-aws-pod.ts'
import { appEnv, askOnce, type Answer } from './apps.ts'
import { processEnv } from './process-profile.ts'
import { pythonEnvironment } from '../../rig/processes/python.ts'
import { READERS } from './readers.ts'
import { startServing, WAYS, type Upstream } from './serving.ts'

const PATH = 'aws/creds/readonly'
const ROLE = 'laptop-and-pod'

// Not in a hook: uvu keeps to itself what one throws.
const python = pythonEnvironment()
const home = scratchFolder('endpoint-user-keys')
const account = await startVaultAwsAccount()
const upstream = await furnish()
const app = appEnv({ sts: account.moto, s3: account.moto }, home)

async function furnish(): Promise<Upstream> {
  const { vault, moto } = account
  const cluster = createCluster({ now: Date.now, ...EXAMPLE })
  await enableAuth(vault, 'jwt', 'jwt', { jwt_validation_pubkeys: [cluster.publicKey] })
  await vault.write('sys/policies/acl/readonly', { policy: `path "${PATH}" { capabilities = ["read"] }` })
  await vault.write(`auth/jwt/role/${ROLE}`, { ...POD_LOGIN, token_policies: ['readonly'], token_ttl: '1h' })
  await vault.write('aws/config/lease', { lease: '1h', lease_max: '2h' })
  const policies = ['arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess']
  await vault.write('aws/roles/readonly', { credential_type: 'iam_user', policy_arns: policies })
  return {
    env: {
      VAULT_ADDR: vault.url,
      VAULT_ROLE: ROLE,
      VAULT_AUTH_METHOD: 'jwt',
      VAULT_AWS_PATH: PATH,
      AWS_REGION: EXAMPLE.region,
      AWS_ENDPOINT_URL_STS: moto.url,
    },
    sessions: createSessionStore(),
    token: () => cluster.token(),
  }
}

function isUser(answer: Answer, users: readonly string[]): void {
  assert.ok('arn' in answer, JSON.stringify(answer))
  const arns = users.map((user) => `arn:aws:iam::${EXAMPLE.account}:user/${user}`)
  assert.ok(arns.includes(answer.arn), answer.arn)
  assert.equal(answer.buckets, [account.bucket])
}

const userKeys = suite('keys without a session token')
userKeys.after(() => account.close())

userKeys('over the endpoint all readers sign with them, and they go when serve does', async () => {
  const serving = await startServing(upstream)
  try {
    await serving.untilReady()
    const users = await account.users()
    assert.is(users.length, 1)
    for (const way of WAYS) {
      for (const reader of READERS) {
        isUser(await askOnce(reader, python, { ...app, ...serving.appEnv(way) }), users)
      }
    }
    assert.is(serving.said().split('have no session token').length - 1, 1, 'warns once')
  } finally {
    await serving.stop()
  }
  await account.untilNoUsers()
})

for (const reader of READERS) {
  userKeys(`${reader} signs with them from credential_process`, async () => {
    const answer = await askOnce(reader, python, { ...app, ...processEnv(upstream, home) })
    isUser(answer, await account.users())
  })
}

userKeys.run()
