/** How a profile's other keys affect the credentials written, and what happens to those keys. */
import type { Logger } from '../run/log.ts'
import { refused } from './file-error.ts'
import { HIDING_KEYS, hidingKey, profileKeys, type ProfileHeader } from './profile-header.ts'

/**
 * Keys that belong to the previous credentials, and are removed with them. SDKs act on the first three. They ignore the
 * rest, but each describes the old credentials and is wrong for ours.
 */
export const KEYS_OF_OTHERS: readonly string[] = [
  // All SDKs use it along with the keys, and send requests to that account's endpoints:
  // 111122223333.ddb.eu-west-1.amazonaws.com. The right one is not written instead: it would turn such endpoints on, as
  // credential-process.ts says.
  'aws_account_id',
  // The JavaScript SDK signs for that region.
  'aws_credential_scope',
  // The spelling of 2010, which botocore prefers to aws_session_token.
  'aws_security_token',
  // Notes by saml2aws, aws-mfa and similar tools.
  'x_principal_arn',
  'x_security_token_expires',
  'assumed_role',
  'assumed_role_arn',
  'expiration',
  'aws_credential_expiration',
]
/** The ones that a user may have set by hand and would miss. */
const SAID_OF: readonly string[] = ['aws_account_id', 'aws_credential_scope', 'region']

/** Where and how SDKs send requests signed with our keys: the author of the profile decides that, so these stay. */
const STEERING_KEYS =
  /^(?:endpoint_url|services|ignore_configured_endpoint_urls|ca_bundle|use_fips_endpoint|use_dualstack_endpoint|account_id_endpoint_mode|auth_scheme_preference|sigv4a_signing_region_set|region)$/

/** Python's configparser applies this section to every other. */
const FOR_EVERY_PROFILE: ProfileHeader = { written: 'DEFAULT', matches: (name) => name === 'DEFAULT' }

export interface LookedAt {
  readonly path: string
  readonly profile: string
  /** Lower-case keys to remove. */
  readonly obsolete: readonly string[]
}

/** @throws IamRaError FILE for a key that makes an SDK use other credentials than those written */
export function lookAtKeys(
  text: string,
  header: ProfileHeader,
  { path, profile, obsolete }: LookedAt,
  logger: Pick<Logger, 'warn' | 'step'>,
): void {
  const keys = [...new Set(profileKeys(text, header))]
  const hiding = hidingKey(text, header)
  if (hiding !== undefined) {
    throw refused(
      `profile ${profile} in ${path} has ${hiding}, which makes SDKs use other credentials than those written`,
      `remove ${hiding} from that profile, or choose another profile with AWS_PROFILE`,
    )
  }
  const given = profileKeys(text, FOR_EVERY_PROFILE).find(
    (key) =>
      HIDING_KEYS.test(key) || ((key.startsWith('aws_') || key === 'region') && obsolete.includes(key)),
  )
  if (given !== undefined) {
    throw refused(
      `[DEFAULT] in ${path} has ${given}, which the AWS CLI and boto3 also apply to profile ${profile}, next to the credentials written`,
      `remove ${given} from [DEFAULT], or move it into the profiles that need it`,
    )
  }
  for (const key of keys.filter((each) => obsolete.includes(each) && SAID_OF.includes(each))) {
    const reason =
      key === 'region' ? 'SDKs prefer it to the one in AWS_CONFIG_FILE' : 'it belongs to other keys'
    logger.warn(`profile ${profile} in ${path} has ${key}, which is removed: ${reason}`)
  }
  const steering = keys.filter((key) => STEERING_KEYS.test(key) && !obsolete.includes(key))
  if (steering.length > 0)
    logger.step('kept profile settings that change how SDKs behave', {
      file: path,
      keys: steering.join(' '),
    })
}
