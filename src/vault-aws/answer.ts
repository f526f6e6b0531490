/**
 * The keys in Vault's answer. Every member that we use is checked: an answer of the wrong shape must not become a
 * credentials file. Vault 1.19, builtin/logical/aws/secret_access_keys.go.
 */
import { IamRaError } from '../errors.ts'
import { foreignText } from '../text/redact.ts'
import type { VaultAwsSettings } from './lease-credentials.ts'
import type { SessionCredentials } from '../credentials.ts'
import type { VaultAnswer } from '../vault/session.ts'
import type { LeaseRecord } from './lease.ts'

export interface GivenKeys {
  readonly credentials: SessionCredentials
  /** Present where the keys end with it, which is where they are an IAM user's. */
  readonly lease?: LeaseRecord
}

/** @param askedAtMs epoch milliseconds of the request: what Vault counts from began later */
export function parseKeys(answer: VaultAnswer, settings: VaultAwsSettings, askedAtMs: number): GivenKeys {
  const { data, lease } = answer
  const member = (name: string, shape: RegExp): string => {
    const value = data[name]
    if (typeof value !== 'string' || value === '') throw invalid(settings, `${name} is missing`)
    if (!shape.test(value)) throw invalid(settings, `${name} has characters that it never has`)
    return value
  }
  const keys = {
    accessKeyId: member('access_key', /^\w{16,128}$/),
    secretAccessKey: member('secret_key', /^[\w+/=]{16,256}$/),
  }
  // Older Vaults call it security_token alone.
  const tokenName = typeof data['session_token'] === 'string' ? 'session_token' : 'security_token'
  if (typeof data[tokenName] !== 'string' || data[tokenName] === '') {
    if (settings.roleArn !== undefined) {
      throw invalid(settings, `the keys are an IAM user's, not those of ROLE_ARN (${settings.roleArn.text})`)
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
      sessionToken: member(tokenName, /^[\w+/=-]{16,16384}$/),
      expiresAtMs: askedAtMs + lifeSeconds * 1000,
      ...assumedRole(data['arn'], settings),
    },
  }
}

/** Vault names whom it assumed; a federation token's and a session token's answer names nobody. */
function assumedRole(
  arn: unknown,
  settings: VaultAwsSettings,
): Partial<Pick<SessionCredentials, 'arn' | 'roleArn' | 'sessionName'>> {
  const isArn =
    typeof arn === 'string' && /^arn:[\w-]+:sts::\d{12}:assumed-role\/[\w+=,.@-]+\/[\w+=,.@-]+$/.test(arn)
  const [role, name, sessionName] = isArn ? arn.split('/') : []
  const { roleArn } = settings
  if (roleArn !== undefined) {
    // sts drops the role's path from the ARN.
    const isAsked =
      role === `arn:${roleArn.partition}:sts::${roleArn.account}:assumed-role` &&
      name === roleArn.resource.split('/').at(-1)
    if (!isAsked) {
      const whose = isArn ? foreignText(arn) : 'nobody that Vault names'
      throw invalid(settings, `the keys are of ${whose}, not of ROLE_ARN (${roleArn.text})`)
    }
  }
  if (!isArn) return {}
  return {
    arn,
    ...(sessionName === undefined ? {} : { sessionName }),
    ...(roleArn === undefined ? {} : { roleArn: roleArn.text }),
  }
}

function invalid(settings: VaultAwsSettings, why: string): IamRaError {
  const [mount, role] = [settings.path.split('/').slice(0, -2).join('/'), settings.path.split('/').at(-1)]
  return new IamRaError(
    'ANSWER_INVALID',
    'exchange',
    `Vault answered the read of ${settings.path} with success, but ${why}`,
    {
      hint: /ROLE_ARN/.test(why)
        ? `unset ROLE_ARN, or set credential_type=assumed_role and role_arns in ${mount}/roles/${role ?? ''}`
        : `VAULT_AWS_PATH must be creds or sts of an AWS secrets engine, such as aws/creds/readonly`,
    },
  )
}
