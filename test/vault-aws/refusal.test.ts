import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { explainKeysRefusal } from '../../src/vault-aws/refusal.ts'
import { arn } from '../exchange/fixture.ts'
import { refused } from './vault-session.ts'

const STS = { region: 'eu-west-1', endpoint: new URL('https://sts.eu-west-1.amazonaws.com') }
const user = 'User: arn:aws:iam::111122223333:user/vault-root is not authorized to perform'

/** Texts of Vault 1.19, and of AWS as its SDK for Go prints them. */
const CASES: readonly (readonly [
  title: string,
  status: number,
  said: string,
  cause: RegExp,
  hint: RegExp,
])[] = [
  [
    'no policy',
    403,
    'permission denied',
    /\(it has: default, aws-keys\)/,
    /allow read on cloud\/aws\/creds\/app/,
  ],
  [
    'no role',
    400,
    'Role "app" not found',
    /mount cloud\/aws has no role app/,
    /vault list cloud\/aws\/roles/,
  ],
  [
    'no mount',
    404,
    'no handler for route "cloud/aws/creds/app"',
    /no AWS secrets engine/,
    /vault secrets list/,
  ],
  ['nothing at the path', 404, '', /no AWS secrets engine/, /VAULT_AWS_PATH/],
  [
    'a role of the old form',
    400,
    'attempted to retrieve assumed_role credentials through the creds path; this is not allowed for legacy roles',
    /old form/,
    /VAULT_AWS_PATH=cloud\/aws\/sts\/app/,
  ],
  [
    'several roles',
    400,
    'did not supply a role_arn parameter and unable to determine one',
    /several/,
    /set ROLE_ARN/,
  ],
  [
    'another role',
    400,
    'role_arn "x" not in allowed role arns for Vault role "app"',
    /role\/team\/app/,
    /role_arns/,
  ],
  [
    'no keys of its own',
    400,
    'Error creating IAM user: NoCredentialProviders: no valid providers in chain',
    /no AWS credentials of its own/,
    /vault write cloud\/aws\/config\/root/,
  ],
  [
    'keys that AWS does not know',
    400,
    'Error creating IAM user: InvalidClientTokenId: The security token',
    /does not accept/,
    /renew access_key/,
  ],
  [
    'no right to make users',
    400,
    `Error creating IAM user: AccessDenied: ${user}: iam:CreateUser on resource`,
    /does not let/,
    /cloud\/aws\/config\/root/,
  ],
  [
    'no right to assume',
    400,
    `Error assuming role: AccessDenied: ${user}: sts:AssumeRole on resource`,
    /does not let/,
    /trust policy/,
  ],
  [
    'a long duration',
    400,
    'Error assuming role: ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration',
    /duration/,
    /SESSION_DURATION \(7200\)/,
  ],
  [
    'no such IAM policy',
    400,
    'Error attaching user policy: NoSuchEntity: Policy arn:x does not exist',
    /not there/,
    /policy_arns/,
  ],
  [
    'a quota',
    400,
    'Error creating IAM user: LimitExceeded: Cannot exceed quota for UsersPerAccount: 5000',
    /quota/,
    /assumed_role/,
  ],
  [
    'what nobody knows',
    400,
    'number of regions does not match number of endpoints',
    /refused it/,
    /vault read cloud\/aws\/roles\/app/,
  ],
]

const refusals = suite("a refusal of Vault's AWS engine")

for (const [title, status, said, cause, hint] of CASES) {
  refusals(`explains ${title}`, () => {
    const error = explainKeysRefusal(
      refused(status, said),
      {
        path: 'cloud/aws/creds/app',
        sts: STS,
        roleArn: arn('arn:aws:iam::111122223333:role/team/app'),
        durationSeconds: 7200,
      },
      { policies: ['default', 'aws-keys'] },
    )
    assert.is(error.code, 'REFUSED')
    assert.is(error.stage, 'exchange')
    assert.is(error.status, status)
    assert.is.not(error.retryable, true)
    assert.match(error.message, cause)
    assert.match(error.message, said)
    assert.match(error.hint ?? '', hint)
  })
}

refusals.run()
