/**
 * What Vault says when its AWS secrets engine gives no keys, and what it usually means. Half of it is AWS's own, to
 * Vault. The texts are those of Vault 1.19, builtin/logical/aws.
 */
import { IamRaError } from '../errors.ts'
import type { VaultAwsSettings } from './lease-credentials.ts'
import type { VaultSession } from '../vault/session.ts'

export const KEYS_PURPOSE = 'read AWS credentials'

export function explainKeysRefusal(
  error: IamRaError,
  settings: VaultAwsSettings,
  session: Pick<VaultSession, 'policies'>,
): IamRaError {
  // Without the address before it, in which any word may stand.
  const text = error.message.slice(error.message.indexOf(KEYS_PURPOSE))
  const { cause, hint } = explain(text, error.status ?? 0, settings, session)
  return new IamRaError('REFUSED', 'exchange', `${error.message}: ${cause}`, {
    hint,
    cause: error,
    status: error.status,
  })
}

interface Explanation {
  readonly cause: string
  readonly hint: string
}

function explain(
  text: string,
  status: number,
  { path, roleArn, durationSeconds }: VaultAwsSettings,
  { policies }: Pick<VaultSession, 'policies'>,
): Explanation {
  const segments = path.split('/')
  const mount = segments.slice(0, -2).join('/')
  const name = segments.at(-1) ?? ''
  const role = `${mount}/roles/${name}`
  if (status === 403) {
    return {
      cause: `no policy of the token allows it (it has: ${policies.join(', ') || 'none'})`,
      hint: `allow read on ${path} in one of them, and check VAULT_AWS_PATH; a token that was revoked meanwhile gets the same answer`,
    }
  }
  // As Vault's role has it, not as AWS may say of an IAM role.
  if (/Role "[^"]*" not found/.test(text)) {
    return {
      cause: `the mount ${mount} has no role ${name}`,
      hint: `check VAULT_AWS_PATH, or create the role: vault list ${mount}/roles`,
    }
  }
  if (status === 404 || /no handler for route|unsupported path/i.test(text)) {
    return {
      cause: `no AWS secrets engine answers at ${path}`,
      hint: `check VAULT_AWS_PATH (<mount>/creds/<role> or <mount>/sts/<role>) and VAULT_NAMESPACE: vault secrets list`,
    }
  }
  if (/for legacy roles/.test(text)) {
    const other = segments.at(-2) === 'sts' ? 'creds' : 'sts'
    return {
      cause: 'a role that was written in the old form gives keys of its kind at the other path alone',
      hint: `set VAULT_AWS_PATH=${mount}/${other}/${name}, or write ${role} anew with credential_type`,
    }
  }
  if (/did not supply a role_arn/.test(text)) {
    return {
      cause: 'the role names several IAM roles',
      hint: `set ROLE_ARN to one of role_arns: vault read ${role}`,
    }
  }
  if (/not in allowed role arns/.test(text)) {
    return {
      cause: `the role does not allow ${roleArn?.text ?? 'this IAM role'}`,
      hint: `set ROLE_ARN to one of role_arns, or add it there: vault read ${role}`,
    }
  }
  if (/must specify at least one of policy_arns/.test(text)) {
    return {
      cause: 'a federation token without a policy would have all rights of Vault itself',
      hint: `set policy_arns or policy_document in ${role}`,
    }
  }
  if (
    /NoCredentialProviders|no valid providers|EC2RoleRequestError|EC2MetadataError|could not obtain/i.test(
      text,
    )
  ) {
    return {
      cause: 'Vault has no AWS credentials of its own',
      hint: `write ${mount}/config/root: vault write ${mount}/config/root access_key=… secret_key=…`,
    }
  }
  if (/InvalidClientTokenId|UnrecognizedClient|AuthFailure|SignatureDoesNotMatch|ExpiredToken/.test(text)) {
    return {
      cause: "AWS does not accept Vault's own credentials",
      hint: `renew access_key and secret_key of ${mount}/config/root, and check the clock of the Vault server (NTP)`,
    }
  }
  if (/DurationSeconds|MaxSessionDuration/.test(text)) {
    return {
      cause: 'the duration is not one that AWS allows for these credentials',
      hint:
        durationSeconds === undefined
          ? `check default_sts_ttl of ${role} against the MaxSessionDuration of the IAM role`
          : `lower SESSION_DURATION (${durationSeconds}), or raise MaxSessionDuration of the IAM role`,
    }
  }
  // Where an endpoint in place of AWS gives no code, the SDK leaves its status alone.
  if (/AccessDenied|not authorized to perform|status code: 40[13]/.test(text)) {
    return {
      cause: /AccessDenied|not authorized/.test(text)
        ? "AWS does not let Vault's own credentials do it"
        : "AWS does not accept Vault's own credentials, or does not let them do it",
      hint: /assum(e|ing) ?role/i.test(text)
        ? `the trust policy of the IAM role must name Vault's principal, and Vault's policy must allow sts:AssumeRole on the role`
        : `the IAM policy of the credentials in ${mount}/config/root must allow the action that AWS names`,
    }
  }
  if (/NoSuchEntity/.test(text)) {
    return {
      cause: 'a policy or a group that the role names is not there in AWS',
      hint: `check policy_arns, iam_groups and permissions_boundary_arn: vault read ${role}`,
    }
  }
  if (/LimitExceeded/.test(text)) {
    return {
      cause: 'a quota of the AWS account is used up',
      hint: 'IAM allows 5,000 users for an account: use credential_type=assumed_role, or shorten the leases',
    }
  }
  return {
    cause: 'the engine or AWS refused it',
    hint: `compare the request with the role: vault read ${role}`,
  }
}
