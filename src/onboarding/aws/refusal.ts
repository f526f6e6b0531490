/** What AWS's refusals mean for the operator. test/onboarding/aws/refusals.ts has recorded ones, each with its source. */
import { thousands } from '../../text/thousands.ts'
import { IamRaError, type Stage } from '../../errors.ts'
import { explain, otherwise, type RefusalFacts, type Rule } from '../../net/rules.ts'
import { meaningOf, retryAfterMs } from '../../net/status.ts'
import { isThrottling } from '../../aws/throttling.ts'
import { foreignText } from '../../text/redact.ts'

/** Of everything that AWS refuses: exit code 5. */
export const STAGE: Stage = 'exchange'

export interface AwsFacts extends RefusalFacts {
  /** As IAM names it: `iam:TagRole`. */
  readonly action: string
  /** AWS's word for the error. */
  readonly type: string
  readonly status: number
}

const DENIED = /^(AccessDenied(Exception)?|UnauthorizedOperation|AuthorizationError)$/

export const AWS_RULES: readonly Rule<AwsFacts>[] = [
  {
    name: 'sso-expired',
    when: /SSO session.*(expired|invalid)|Token is expired|sso login/i,
    cause: 'the IAM Identity Center sign-in has expired',
    hint: 'sign in again with aws sso login, and --profile if you use one',
  },
  {
    name: 'no-profile',
    when: /Could not resolve credentials using profile|Profile .* (could not be found|not found|requires)/i,
    cause: 'the profile does not exist, or has no credentials',
    hint: 'check --profile or AWS_PROFILE: aws configure list-profiles lists the profiles',
  },
  {
    name: 'no-credentials',
    when: ({ type, text }) =>
      type === 'CredentialsProviderError' || /MissingAuthenticationToken/.test(type + text),
    cause: 'none were found',
    hint: 'set --profile or AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and check them with aws sts get-caller-identity',
  },
  {
    name: 'expired',
    when: ({ type }) => /^ExpiredToken(Exception)?$/.test(type),
    cause: 'the credentials have expired',
    hint: 'get new ones, for example with aws sso login, and run it again',
  },
  {
    name: 'stranger',
    when: /Deserialization error/,
    cause: 'the answer is not from AWS',
    hint: 'check for a proxy that answers instead of AWS, and check AWS_ENDPOINT_URL_IAM, _STS and _ROLESANYWHERE',
  },
  {
    name: 'clock',
    when: ({ type, text }) =>
      /^(RequestExpired|RequestTimeTooSkewed)$/.test(type) ||
      /Signature (expired|not yet current)/.test(text),
    cause: "this machine's clock is wrong",
    hint: 'set the clock (NTP), and run it again',
  },
  {
    name: 'region',
    when: /credential (?:should|must) be scoped to a valid region/i,
    cause: 'the request was signed for a region that this endpoint is not in',
    hint: 'check --region or AWS_REGION, and any AWS_ENDPOINT_URL settings: both must name the same region',
  },
  {
    name: 'bad-keys',
    when: ({ type }) =>
      /^(InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidSignatureException|IncompleteSignature)$/.test(
        type,
      ),
    cause: 'AWS does not accept these credentials',
    hint: 'check which ones are used with aws configure list; temporary ones also need AWS_SESSION_TOKEN',
  },
  {
    name: 'denied-by-others',
    when: ({ type, text }) =>
      DENIED.test(type) &&
      /explicit deny|service control policy|resource control policy|permissions boundary/i.test(text),
    cause: (facts) => `${denied(facts)} is denied by ${wallOf(facts.text)}`,
    hint: (facts) => `ask its owners to allow ${denied(facts)}: the operator's own policy cannot override it`,
  },
  {
    name: 'denied',
    when: ({ type, text }) => DENIED.test(type) || /is not authorized to perform/.test(text),
    cause: (facts) => `these credentials are not allowed to call ${denied(facts)}`,
    hint: (facts) =>
      `allow ${denied(facts)} in the operator's policy, or use other credentials; what was done so far stays, and the next run continues from there`,
  },
  {
    name: 'throttled',
    when: ({ type, status }) => isThrottling(type) || status === 429,
    cause: 'AWS limits the rate of requests',
    hint: 'run it again in a minute: it continues from there',
  },
  {
    name: 'policy-size',
    when: /ACLSizePerRole/,
    cause: 'the trust policy is longer than this account allows',
    hint: ({ text }) => waysOut(Number(/ACLSizePerRole: (\d+)/.exec(text)?.[1] ?? 2048)),
  },
  {
    name: 'tags',
    when: ({ type, text }) => /^(LimitExceeded|TooManyTagsException)$/.test(type) && /tag/i.test(text),
    cause: 'the resource already has as many tags as AWS allows',
    hint: 'a role can have 50 tags, including those of your organisation: bind further workloads to a second role, or remove tags that are not needed',
  },
  {
    name: 'quota',
    when: ({ type }) => /^(LimitExceeded|ServiceQuotaExceededException)$/.test(type),
    cause: 'a quota of this account has been reached',
    hint: 'raise the quota that AWS names in Service Quotas, or delete what is not used',
  },
  {
    name: 'cloudformation',
    when: /aws:cloudformation|keys starting with '?aws:/i,
    cause: 'it belongs to a CloudFormation stack',
    hint: 'change it through its stack: iam-ra changes only what it created',
  },
  {
    name: 'not-there',
    when: ({ type }) => /^(NoSuchEntity(Exception)?|ResourceNotFoundException)$/.test(type),
    cause: 'it does not exist',
    hint: 'run iam-ra status to see what exists; for a policy, check the ARN',
  },
  {
    name: 'exists',
    when: ({ type }) => /^EntityAlreadyExists(Exception)?$/.test(type),
    cause: 'something else already has this name',
    hint: 'choose another name: --iam-role-name for a role, --installation for everything',
  },
  {
    name: 'in-use',
    when: ({ type }) => /^DeleteConflict(Exception)?$/.test(type),
    cause: 'something is still attached to it',
    hint: 'run it again to detach what someone attached in the meantime; remove the role from instance profiles by hand',
  },
  {
    name: 'malformed',
    when: ({ type }) => /^MalformedPolicyDocument(Exception)?$/.test(type),
    cause: 'AWS cannot parse the policy',
    hint: 'check the file with aws accessanalyzer validate-policy',
  },
  {
    name: 'unable',
    when: ({ status }) => status >= 500,
    cause: 'AWS is unavailable',
    hint: 'run it again in a moment: it continues from there',
  },
  {
    name: 'unknown',
    when: otherwise,
    hint: 'check what AWS says above against your flags; if that does not help, report it with the command',
  },
]

/** The ways out if a trust policy is full. */
export function waysOut(quota: number): string {
  return `raise the quota of ${thousands(quota)} characters in Service Quotas (L-C07B4B0D, "Role trust policy length"), create a second role with the same policies for further workloads, or offboard workloads that are gone`
}

/** The action that AWS names, which may differ from that of the call. */
function denied({ text, action }: AwsFacts): string {
  const [, named = action, on] =
    /not authorized to perform: (\S+)(?: on resource: (.+?))?(?: because| with an| seen|$)/.exec(text) ?? []
  return on === undefined ? named : `${named} on ${on}`
}

function wallOf(text: string): string {
  const found =
    /(service control policy|resource control policy|permissions boundary|session policy|identity-based policy)/i.exec(
      text,
    )?.[1]
  return found === undefined ? 'an explicit deny' : `a ${found}`.replace('a identity', 'an identity')
}

/** What the SDK or sendPlain throws. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  readonly Code?: string
}

/** @param what the call is about, in words that follow its action: `of role iam-ra-admin` */
export function asAwsError(error: unknown, action: string, what: string, nowMs: number): unknown {
  if (error instanceof IamRaError || !(error instanceof Error)) return error
  const { $metadata, $response, Code, name, message } = error as SdkError
  const status = $metadata?.httpStatusCode ?? 0
  // Neither an answer from AWS nor a problem with the credentials: a bug.
  if (status === 0 && !/Credential|Token|Provider|SSO/.test(name)) return error
  // moto and old services have codes for which the SDK has no class.
  const type =
    name === 'Error' || name === 'UnknownError' || name === 'IAMServiceException' ? (Code ?? name) : name
  const facts: AwsFacts = { action, type, status, text: foreignText(message) }
  const { rule, cause, hint } = explain(AWS_RULES, facts)
  const meaning = rule.name === 'throttled' ? 'throttled' : meaningOf(Math.max(status, 400))
  const later = meaning === 'throttled' || meaning === 'unavailable'
  const said = facts.text === '' ? type : `${type}: ${facts.text}`
  return new IamRaError(
    meaning === 'throttled' ? 'THROTTLED' : meaning === 'unavailable' ? 'UNAVAILABLE' : 'REFUSED',
    STAGE,
    `${refused(facts, what)}${cause === '' ? said : `${cause} (${said})`}`,
    {
      ...{ hint, cause: error, retryable: later },
      ...(status === 0 ? {} : { status }),
      ...(later ? { retryAfterMs: retryAfterMs($response?.headers?.['retry-after'], nowMs) } : {}),
    },
  )
}

/** Without a status nothing was asked: the credentials are missing. */
function refused({ action, status }: AwsFacts, what: string): string {
  const about = what === '' ? '' : ` ${what}`
  return status === 0 ? `cannot get AWS credentials${about}: ` : `AWS refused ${action}${about}: `
}

/** For an answer that lacks what every answer has. */
export function noAnswer(action: string): IamRaError {
  const { cause, hint } = explain(AWS_RULES, { action, type: '', status: 200, text: 'Deserialization error' })
  return new IamRaError('ANSWER_INVALID', STAGE, `AWS did not answer ${action}: ${cause}`, { hint })
}

/** Whether AWS said that it does not exist. */
export function isAbsent(error: unknown): boolean {
  return typeOf(error) !== undefined && /^(NoSuchEntity|ResourceNotFound)/.test(typeOf(error) ?? '')
}

export function isThereAlready(error: unknown): boolean {
  return /^EntityAlreadyExists/.test(typeOf(error) ?? '')
}

function typeOf(error: unknown): string | undefined {
  if (!(error instanceof IamRaError) || !(error.cause instanceof Error)) return undefined
  const { name, Code } = error.cause as SdkError
  return name === 'Error' ? Code : name
}
