/** The keys in Vault's answer: Vault 1.19, builtin/logical/aws/secret_access_keys.go. */
import { IamRaError } from '../errors.ts'
import { foreignText } from '../text/redact.ts'
import { isSessionOf, parseAssumedRole } from '../aws/assumed-role.ts'
import { KEY_SHAPES, memberReader } from '../aws/key-members.ts'
import type { VaultAwsSettings } from './settings.ts'
import type { SessionCredentials } from '../credentials.ts'
import type { VaultAnswer } from '../vault/answer.ts'
import type { LeaseRecord } from './lease.ts'

export interface GivenKeys {
  readonly credentials: SessionCredentials
  /** Present if the keys expire with it, that is, if they are an IAM user's. */
  readonly lease?: LeaseRecord
}

/** @param askedAtMs epoch milliseconds of the request: Vault started counting later */
export function parseKeys(answer: VaultAnswer, settings: VaultAwsSettings, askedAtMs: number): GivenKeys {
  const { data, lease } = answer
  const member = memberReader(data, (why) => invalid(settings, why))
  const keys = {
    accessKeyId: member('access_key', KEY_SHAPES.accessKeyId),
    secretAccessKey: member('secret_key', KEY_SHAPES.secretAccessKey),
  }
  // Older Vaults only call it security_token.
  const tokenName = typeof data['session_token'] === 'string' ? 'session_token' : 'security_token'
  if (typeof data[tokenName] !== 'string' || data[tokenName] === '') {
    if (settings.roleArn !== undefined) {
      throw otherRole(settings, `the keys belong to an IAM user, not to ROLE_ARN (${settings.roleArn.text})`)
    }
    if (lease === undefined) throw invalid(settings, 'lease_id is missing')
    return { credentials: { ...keys, expiresAtMs: askedAtMs + lease.seconds * 1000 }, lease }
  }
  const { ttl } = data
  const lifeSeconds = typeof ttl === 'number' && ttl > 0 ? ttl : lease?.seconds
  if (lifeSeconds === undefined) throw invalid(settings, 'ttl is missing')
  return {
    credentials: {
      ...keys,
      sessionToken: member(tokenName, KEY_SHAPES.sessionToken),
      expiresAtMs: askedAtMs + lifeSeconds * 1000,
      ...assumedRole(data['arn'], settings),
    },
  }
}

/** Vault names the role that it assumed; with a federation token or a session token it names none. */
function assumedRole(
  arn: unknown,
  settings: VaultAwsSettings,
): Partial<Pick<SessionCredentials, 'arn' | 'roleArn' | 'sessionName'>> {
  const assumed = parseAssumedRole(arn)
  const { roleArn } = settings
  if (roleArn !== undefined && (assumed === undefined || !isSessionOf(assumed, roleArn))) {
    const whose = assumed === undefined ? 'an identity that Vault does not name' : foreignText(assumed.arn)
    throw otherRole(settings, `the keys belong to ${whose}, not to ROLE_ARN (${roleArn.text})`)
  }
  if (assumed === undefined) return {}
  return {
    arn: assumed.arn,
    sessionName: assumed.sessionName,
    ...(roleArn === undefined ? {} : { roleArn: roleArn.text }),
  }
}

function otherRole(settings: VaultAwsSettings, why: string): IamRaError {
  const [mount, role] = [settings.path.split('/').slice(0, -2).join('/'), settings.path.split('/').at(-1)]
  return invalid(
    settings,
    why,
    `unset ROLE_ARN, or set credential_type=assumed_role and role_arns in ${mount}/roles/${role ?? ''}`,
  )
}

function invalid(
  settings: VaultAwsSettings,
  why: string,
  hint = 'set VAULT_AWS_PATH to a creds or sts path of an AWS secrets engine, such as aws/creds/readonly',
): IamRaError {
  return new IamRaError(
    'ANSWER_INVALID',
    'exchange',
    `Vault answered the read of ${settings.path} with success, but ${why}`,
    { hint },
  )
}
