/** Keys that a real Vault makes in moto: their kinds, their lease, their end, and what is said where there are none. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Obtained, SessionCredentials } from '../../src/credentials.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { arn } from '../exchange/fixture.ts'
import { MOUNT, startVaultAwsAccount } from './vault-aws-account.ts'
import { bounds, POD_LOGIN, startPods, type PodRun } from './vault-aws-pod.ts'

// Not in a hook: uvu keeps to itself what one throws.
const account = await startVaultAwsAccount()
const { vault } = account
const pod = await startPods(account, {
  pod: {},
  short: { token_ttl: '60s' },
  bare: { token_no_default_policy: true },
  batch: { token_type: 'batch' },
})
const S3_READ = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
const ROLES = {
  readonly: { credential_type: 'iam_user', policy_arns: [S3_READ] },
  assumed: { credential_type: 'assumed_role', role_arns: [EXAMPLE.roleArn] },
  either: {
    credential_type: 'assumed_role',
    role_arns: [EXAMPLE.roleArn, `arn:aws:iam::${EXAMPLE.account}:role/other`],
  },
  federated: { credential_type: 'federation_token', policy_arns: [S3_READ] },
  session: { credential_type: 'session_token' },
}
for (const mount of ['aws', MOUNT]) {
  await vault.write(`${mount}/config/lease`, { lease: '5m', lease_max: '20m' })
  for (const [name, role] of Object.entries(ROLES)) await vault.write(`${mount}/roles/${name}`, role)
}

const keys = suite('real: keys of the AWS secrets engine')
keys.after(() => account.close())

async function leased(run: PodRun): Promise<Required<Pick<Obtained, 'credentials' | 'lease'>>> {
  const { credentials, lease } = await run.obtained
  if (lease === undefined) throw new Error('the keys have no lease')
  return { credentials, lease }
}

/** Seconds that the keys have left. */
const life = ({ expiresAtMs }: SessionCredentials): number => (expiresAtMs - Date.now()) / 1000

async function listsBuckets(credentials: SessionCredentials): Promise<void> {
  const { code, stdout, stderr } = await account.aws(['s3', 'ls'], credentials)
  assert.is(code, 0, stderr)
  assert.match(stdout, account.bucket)
}

async function tokens(): Promise<number> {
  return (await vault.list('auth/token/accessors')).length
}

for (const mount of ['aws', MOUNT]) {
  keys(`an IAM user's at ${mount}/creds work, and go with their lease`, async () => {
    const before = await tokens()
    const run = pod(`${mount}/creds/readonly`)
    const { credentials, lease } = await leased(run)
    const [user, ...others] = await account.users()
    assert.equal(others, [])
    assert.is(credentials.arn, `arn:aws:iam::${EXAMPLE.account}:user/${user ?? ''}`)
    assert.is(credentials.sessionToken, undefined)
    assert.ok(life(credentials) > 240 && life(credentials) <= 300, `${life(credentials)} s`)
    await listsBuckets(credentials)
    await lease.end()
    await account.untilNoUsers()
    assert.is(await tokens(), before)
    assert.equal(run.logger.messages('warn'), [])
  })
}

for (const path of ['aws/creds/assumed', `${MOUNT}/sts/assumed`]) {
  keys(`an assumed role's at ${path} work, and leave no token in Vault`, async () => {
    const before = await tokens()
    const { credentials, lease } = await pod(path, 'pod', { durationSeconds: 1800, sessionName: 'frontend' })
      .obtained
    assert.is(lease, undefined)
    assert.match(credentials.arn ?? '', /:assumed-role\/frontend-s3-read\/frontend$/)
    assert.is(credentials.sessionName, 'frontend')
    assert.ok(life(credentials) > 1700 && life(credentials) <= 1800, `${life(credentials)} s`)
    assert.is(await tokens(), before)
    await listsBuckets(credentials)
  })
}

keys('of a role that lists several are those of ROLE_ARN', async () => {
  const roleArn = arn(EXAMPLE.roleArn)
  const { credentials } = await pod('aws/creds/either', 'pod', { roleArn }).obtained
  assert.is(credentials.roleArn, EXAMPLE.roleArn)
  await listsBuckets(credentials)
  const error = await rejectsWithCode(pod('aws/creds/either').obtained, 'REFUSED')
  assert.match(error.message, /the role lists more than one IAM role/)
  assert.match(error.hint ?? '', /set ROLE_ARN/)
  const other = arn(`arn:aws:iam::${EXAMPLE.account}:role/third`)
  const refused = await rejectsWithCode(
    pod('aws/creds/either', 'pod', { roleArn: other }).obtained,
    'REFUSED',
  )
  assert.match(refused.message, /does not allow arn:aws:iam::\d+:role\/third/)
})

for (const name of ['federated', 'session']) {
  keys(`a ${name} token's come by both paths`, async () => {
    for (const path of ['creds', 'sts']) {
      const { credentials, lease } = await pod(`aws/${path}/${name}`, 'pod', { durationSeconds: 3600 })
        .obtained
      assert.is(lease, undefined)
      assert.ok(credentials.sessionToken !== undefined)
      assert.ok(life(credentials) > 3400, `${life(credentials)} s`)
    }
  })
}

keys('that are an IAM user are not taken for ROLE_ARN, and nothing of them is left', async () => {
  const roleArn = arn(EXAMPLE.roleArn)
  const error = await rejectsWithCode(
    pod('aws/creds/readonly', 'pod', { roleArn }).obtained,
    'ANSWER_INVALID',
  )
  assert.match(error.message, /the keys belong to an IAM user, not to ROLE_ARN/)
  await account.untilNoUsers()
})

keys('are renewed with their lease', async () => {
  const { credentials, lease } = await leased(pod('aws/creds/readonly'))
  const renewed = await lease.renew(bounds())
  assert.is(renewed?.accessKeyId, credentials.accessKeyId)
  assert.is(renewed?.arn, credentials.arn)
  assert.ok((renewed?.expiresAtMs ?? 0) >= credentials.expiresAtMs)
  await lease.end()
  await account.untilNoUsers()
})

keys(
  'end with a token that lives shorter than their lease, and live on where Vault gives it more',
  async () => {
    const { credentials, lease } = await leased(pod('aws/creds/readonly', 'short'))
    assert.ok(life(credentials) <= 60, `${life(credentials)} s`)
    await vault.write('auth/jwt/role/short', { ...POD_LOGIN, token_ttl: '2m' })
    const renewed = await lease.renew(bounds())
    assert.ok((renewed?.expiresAtMs ?? 0) > credentials.expiresAtMs + 50_000)
    await lease.end()
    await account.untilNoUsers()
  },
)

keys('that Vault gives less time than they have are not worth a renewal', async () => {
  const { lease } = await leased(pod('aws/creds/readonly'))
  await vault.write('aws/config/lease', { lease: '1m', lease_max: '1m' })
  assert.is(await lease.renew(bounds()), undefined)
  await vault.write('aws/config/lease', { lease: '5m', lease_max: '20m' })
  await lease.end()
  await account.untilNoUsers()
})

keys('of a batch token end with it, and are neither renewed nor revoked, which is said', async () => {
  const run = pod('aws/creds/readonly', 'batch')
  const { credentials, lease } = await leased(run)
  assert.is(await lease.renew(bounds()), undefined)
  await lease.end()
  assert.match(run.logger.messages('warn').join(), /the keys stay valid until .*: set token_type=service/)
  await listsBuckets(credentials)
  await vault.write('sys/leases/revoke-prefix/aws/creds/readonly', {})
  await account.untilNoUsers()
})

keys('of a token without the default policy are not renewed, which is said', async () => {
  const run = pod('aws/creds/readonly', 'bare')
  const { credentials, lease } = await leased(run)
  await listsBuckets(credentials)
  assert.is(await lease.renew(bounds()), undefined)
  const [warning] = run.logger.messages('warn')
  assert.match(
    warning ?? '',
    /permission denied.*cannot be renewed: .* must allow update on auth\/token\/renew-self/,
  )
})

keys.run()
