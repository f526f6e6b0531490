/**
 * What Vault says when its AWS secrets engine returns no keys, and what it usually means. Half of the texts are AWS's
 * answers to Vault. They are those of Vault 1.19, builtin/logical/aws; test/vault-aws/refusals.ts has them all.
 */
import { IamRaError } from '../errors.ts'
import { explain, otherwise, type RefusalFacts, type Rule } from '../net/rules.ts'
import type { VaultAwsSettings } from './settings.ts'
import type { VaultSession } from '../vault/session.ts'

export interface KeysFacts extends RefusalFacts {
  readonly status: number
  readonly settings: VaultAwsSettings
  readonly policies: readonly string[]
  readonly mount: string
  /** The role's name. */
  readonly name: string
  /** The role's path. */
  readonly role: string
}

export const KEYS_RULES: readonly Rule<KeysFacts>[] = [
  {
    name: 'no-policy',
    when: ({ status }) => status === 403,
    cause: ({ policies }) => `no policy of the token allows it (it has: ${policies.join(', ') || 'none'})`,
    hint: ({ settings }) =>
      `allow read on ${settings.path} in one of them, and check VAULT_AWS_PATH; a token revoked in the meantime gets the same answer`,
  },
  {
    // Vault's wording about its own role, not AWS's about an IAM role.
    name: 'no-role',
    when: /Role "[^"]*" not found/,
    cause: ({ mount, name }) => `the mount ${mount} has no role ${name}`,
    hint: ({ mount }) => `check VAULT_AWS_PATH, or create the role: vault list ${mount}/roles`,
  },
  {
    name: 'no-mount',
    when: ({ text, status }) => status === 404 || /no handler for route|unsupported path/i.test(text),
    cause: ({ settings }) => `no AWS secrets engine answers at ${settings.path}`,
    hint: `check VAULT_AWS_PATH (<mount>/creds/<role> or <mount>/sts/<role>) and VAULT_NAMESPACE: vault secrets list`,
  },
  {
    name: 'legacy-role',
    when: /for legacy roles/,
    cause: 'a role written in the legacy form issues its keys at the other path only',
    hint: ({ settings, mount, name, role }) => {
      const other = settings.path.split('/').at(-2) === 'sts' ? 'creds' : 'sts'
      return `set VAULT_AWS_PATH=${mount}/${other}/${name}, or rewrite ${role} with credential_type`
    },
  },
  {
    name: 'several-roles',
    when: /did not supply a role_arn/,
    cause: 'the role lists more than one IAM role',
    hint: ({ role }) => `set ROLE_ARN to one of role_arns: vault read ${role}`,
  },
  {
    name: 'other-role',
    when: /not in allowed role arns/,
    cause: ({ settings }) => `the role does not allow ${settings.roleArn?.text ?? 'this IAM role'}`,
    hint: ({ role }) => `set ROLE_ARN to one of role_arns, or add it there: vault read ${role}`,
  },
  {
    name: 'no-federation-policy',
    when: /must specify at least one of policy_arns/,
    cause: "a federation token without a policy would have all of Vault's own permissions",
    hint: ({ role }) => `set policy_arns or policy_document in ${role}`,
  },
  {
    name: 'no-root-keys',
    when: /NoCredentialProviders|no valid providers|EC2RoleRequestError|EC2MetadataError|could not obtain/i,
    cause: 'Vault has no AWS credentials of its own',
    hint: ({ mount }) =>
      `write ${mount}/config/root: vault write ${mount}/config/root access_key=… secret_key=…`,
  },
  {
    name: 'bad-root-keys',
    when: /InvalidClientTokenId|UnrecognizedClient|AuthFailure|SignatureDoesNotMatch|ExpiredToken/,
    cause: "AWS does not accept Vault's own credentials",
    hint: ({ mount }) =>
      `renew access_key and secret_key of ${mount}/config/root, and check the Vault server's clock (NTP)`,
  },
  {
    name: 'duration',
    when: /DurationSeconds|MaxSessionDuration/,
    cause: 'AWS does not allow this duration for these credentials',
    hint: ({ settings: { durationSeconds }, role }) =>
      durationSeconds === undefined
        ? `check default_sts_ttl of ${role} against the MaxSessionDuration of the IAM role`
        : `lower SESSION_DURATION (${durationSeconds}), or raise MaxSessionDuration of the IAM role`,
  },
  {
    // If an endpoint other than AWS gives no code, the SDK only passes on its status.
    name: 'denied-by-aws',
    when: /AccessDenied|not authorized to perform|status code: 40[13]/,
    cause: ({ text }) =>
      /AccessDenied|not authorized/.test(text)
        ? "AWS does not allow Vault's own credentials to do this"
        : "AWS does not accept Vault's own credentials, or does not allow them to do this",
    hint: ({ text, mount }) =>
      /assum(e|ing) ?role/i.test(text)
        ? `name Vault's principal in the IAM role's trust policy, and allow sts:AssumeRole on the role in Vault's own policy`
        : `allow the action that AWS names in the IAM policy of the credentials in ${mount}/config/root`,
  },
  {
    name: 'no-entity',
    when: /NoSuchEntity/,
    cause: 'a policy or group that the role names does not exist in AWS',
    hint: ({ role }) => `check policy_arns, iam_groups and permissions_boundary_arn: vault read ${role}`,
  },
  {
    name: 'quota',
    when: /LimitExceeded/,
    cause: 'a quota of the AWS account is used up',
    hint: 'IAM allows 5,000 users per account: use credential_type=assumed_role, or shorten the leases',
  },
  {
    name: 'unknown',
    when: otherwise,
    cause: 'the engine or AWS refused the request',
    hint: ({ role }) => `compare the request with the role: vault read ${role}`,
  },
]

export function explainKeysRefusal(
  error: IamRaError,
  settings: VaultAwsSettings,
  session: Pick<VaultSession, 'policies'>,
): IamRaError {
  const { cause, hint } = explain(KEYS_RULES, keysFacts(error, settings, session))
  return new IamRaError('REFUSED', 'exchange', `${error.message}: ${cause}`, {
    hint,
    cause: error,
    status: error.status,
    said: error.said,
  })
}

export function keysFacts(
  { said, status = 0 }: Pick<IamRaError, 'said' | 'status'>,
  settings: VaultAwsSettings,
  { policies }: Pick<VaultSession, 'policies'>,
): KeysFacts {
  const segments = settings.path.split('/')
  const mount = segments.slice(0, -2).join('/')
  const name = segments.at(-1) ?? ''
  return { text: said.join('\n'), status, settings, policies, mount, name, role: `${mount}/roles/${name}` }
}
