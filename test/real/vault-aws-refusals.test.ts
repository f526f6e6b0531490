/** What is said where a real Vault or moto behind it gives no keys, and that nothing is left then. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { errorText } from '../support/error-text.ts'
import { rejectsWithCode } from '../support/assert.ts'
import { EXAMPLE } from '../rig/emulators/stage.ts'
import { freePort } from '../rig/processes/process.ts'
import { startVaultAwsAccount } from './vault-aws-account.ts'
import { startPods } from './vault-aws-pod.ts'

// Not in a hook: uvu keeps to itself what one throws.
const account = await startVaultAwsAccount()
const { vault } = account
const pod = await startPods(account, { pod: {}, stranger: { token_policies: ['default'] } })
const S3_READ = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
await vault.write('aws/roles/readonly', { credential_type: 'iam_user', policy_arns: [S3_READ] })
await vault.write('aws/roles/gone', {
  credential_type: 'iam_user',
  policy_arns: ['arn:aws:iam::aws:policy/NoSuchPolicyAtAll'],
})
await vault.write('aws/roles/old', { arn: S3_READ })
await vault.write('aws/roles/unbounded', { credential_type: 'federation_token' })
await vault.write('aws/roles/elsewhere', {
  credential_type: 'assumed_role',
  role_arns: [`arn:aws:iam::${EXAMPLE.account}:role/closed`],
})
const trust = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: 'sts:AssumeRole',
      Principal: { AWS: `arn:aws:iam::${EXAMPLE.account}:user/admin` },
    },
  ],
}
const made = await account.aws([
  ...['iam', 'create-role', '--role-name', 'closed', '--assume-role-policy-document'],
  JSON.stringify(trust),
])
assert.is(made.code, 0, made.stderr)
await vault.write('sys/mounts/kv', { type: 'kv' })
await account.addEngine('wrong', { AccessKeyId: 'AKIAWRONGWRONGWRONG0', SecretAccessKey: 'canary'.repeat(6) })
await account.addEngine('weak', await account.makeUser('weak', []))
for (const mount of ['wrong', 'weak']) {
  await vault.write(`${mount}/roles/readonly`, { credential_type: 'iam_user', policy_arns: [S3_READ] })
}

interface RefusalCase {
  readonly title: string
  readonly path: string
  readonly role?: string
  readonly says: RegExp
  readonly hint: RegExp
}

const CASES: readonly RefusalCase[] = [
  {
    title: 'a policy that does not grant read',
    path: 'aws/creds/readonly',
    role: 'stranger',
    says: /answered 403 .*permission denied: no policy of the token allows it \(it has: default\)$/,
    hint: /allow read on aws\/creds\/readonly/,
  },
  {
    title: 'a role that the engine does not have',
    path: 'aws/creds/nothing',
    says: /Role "nothing" not found: the mount aws has no role nothing$/,
    hint: /vault list aws\/roles/,
  },
  {
    title: 'a mount that is not there',
    path: 'absent/creds/readonly',
    says: /answered 404 .*: no AWS secrets engine answers at absent\/creds\/readonly$/,
    hint: /VAULT_AWS_PATH .* and VAULT_NAMESPACE/,
  },
  {
    title: 'a mount of another engine',
    path: 'kv/creds/readonly',
    says: /answered 404 .*: no AWS secrets engine answers at kv\/creds\/readonly$/,
    hint: /vault secrets list/,
  },
  {
    title: 'a role of the old form at the other path',
    path: 'aws/sts/old',
    says: /not allowed for legacy roles: a role written in the legacy form/,
    hint: /VAULT_AWS_PATH=aws\/creds\/old/,
  },
  {
    title: 'a federation token without a policy',
    path: 'aws/sts/unbounded',
    says: /must specify at least one of policy_arns .*: a federation token without a policy/,
    hint: /policy_arns or policy_document in aws\/roles\/unbounded/,
  },
  {
    title: 'an IAM policy that is not there',
    path: 'aws/creds/gone',
    says: /NoSuchEntity.*: a policy or group that the role names does not exist in AWS$/,
    hint: /vault read aws\/roles\/gone/,
  },
  {
    title: 'an IAM role that Vault may not assume',
    path: 'aws/sts/elsewhere',
    says: /Error assuming role: .*: AWS does not accept Vault's own credentials, or does not allow them to do this$/,
    hint: /name Vault's principal in the IAM role's trust policy/,
  },
  // moto's refusals before an action carry no code that Vault's SDK reads; the unit test has AWS's texts.
  {
    title: 'keys of its own that AWS does not know',
    path: 'wrong/creds/readonly',
    says: /Error creating IAM user: .*status code: 403.*: AWS does not accept Vault's own credentials, or does not allow them to do this$/,
    hint: /credentials in wrong\/config\/root/,
  },
  {
    title: 'keys of its own that may not make users',
    path: 'weak/creds/readonly',
    says: /Error creating IAM user: .*status code: 403.*: AWS does not accept Vault's own credentials, or does not allow them to do this$/,
    hint: /credentials in weak\/config\/root/,
  },
]

const refusals = suite('real: no keys of the AWS secrets engine')
refusals.after(() => account.close())

async function tokens(): Promise<number> {
  return (await vault.list('auth/token/accessors')).length
}

refusals('leaves no user where STS cannot be asked whether it knows the keys', async () => {
  const endpoint = new URL(`http://127.0.0.1:${await freePort()}`)
  const run = pod('aws/creds/readonly', 'pod', { sts: { region: EXAMPLE.region, endpoint } }, 2000)
  const error = await rejectsWithCode(run.obtained, 'DEADLINE')
  assert.match(error.message, /no connection to STS at http:\/\/127\.0\.0\.1:\d+: the connection was refused/)
  await account.untilNoUsers()
})

for (const { title, path, role, says, hint } of CASES) {
  refusals(`says what is wrong with ${title}`, async () => {
    const before = await tokens()
    const error = await rejectsWithCode(pod(path, role).obtained, 'REFUSED')
    assert.is(error.stage, 'exchange')
    assert.match(error.message, says, error.message)
    assert.match(error.hint ?? '', hint)
    assert.not.match(errorText(error), /canarycanary/)
    assert.is(await tokens(), before)
  })
}

refusals.run()
