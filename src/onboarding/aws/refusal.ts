/**
 * What AWS says when it refuses the operator, and what to do then. test/onboarding/aws/refusals.ts has the texts, each with its
 * source.
 */
import { IamRaError, type Stage } from '../../errors.ts'
import { explain, otherwise, type RefusalFacts, type Rule } from '../../net/rules.ts'
import { meaningOf, retryAfterMs } from '../../net/status.ts'
import { isThrottling } from '../../aws/throttling.ts'
import { foreignText } from '../../text/redact.ts'

/** What AWS refuses: exit code 5. */
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
    cause: 'the sign-in at IAM Identity Center is over',
    hint: 'sign in again: aws sso login, with --profile for a profile that has a name',
  },
  {
    name: 'no-profile',
    when: /Could not resolve credentials using profile|Profile .* (could not be found|not found|requires)/i,
    cause: 'the profile is not there, or has no credentials',
    hint: 'check --profile or AWS_PROFILE: aws configure list-profiles',
  },
  {
    name: 'no-credentials',
    when: ({ type, text }) =>
      type === 'CredentialsProviderError' || /MissingAuthenticationToken/.test(type + text),
    cause: 'there are no AWS credentials here',
    hint: 'set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; aws sts get-caller-identity shows whether they work',
  },
  {
    name: 'expired',
    when: ({ type }) => /^ExpiredToken(Exception)?$/.test(type),
    cause: 'the credentials have expired',
    hint: 'get new ones from where these came from, such as aws sso login, and run it again',
  },
  {
    name: 'stranger',
    when: /Deserialization error/,
    cause: 'something answered there that is not AWS',
    hint: 'look for a proxy that answers in its place, and check AWS_ENDPOINT_URL_IAM, _STS and _ROLESANYWHERE',
  },
  {
    name: 'clock',
    when: ({ type, text }) =>
      /^(RequestExpired|RequestTimeTooSkewed)$/.test(type) ||
      /Signature (expired|not yet current)/.test(text),
    cause: 'the clock of this machine is off',
    hint: 'set the clock (NTP), and run it again',
  },
  {
    name: 'bad-keys',
    when: ({ type }) =>
      /^(InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidSignatureException|IncompleteSignature)$/.test(
        type,
      ),
    cause: 'AWS does not know these credentials',
    hint: 'check which ones are taken: aws configure list; temporary ones need AWS_SESSION_TOKEN too',
  },
  {
    name: 'denied-by-others',
    when: ({ type, text }) =>
      DENIED.test(type) &&
      /explicit deny|service control policy|resource control policy|permissions boundary/i.test(text),
    cause: (facts) => `${denied(facts)} is denied by ${wallOf(facts.text)}`,
    hint: (facts) =>
      `ask those who keep it to let ${denied(facts)} through: an identity policy does not help here`,
  },
  {
    name: 'denied',
    when: ({ type, text }) => DENIED.test(type) || /is not authorized to perform/.test(text),
    cause: (facts) => `these credentials may not do ${denied(facts)}`,
    hint: (facts) =>
      `allow ${denied(facts)} in the operator's policy, or use credentials that may; what was done so far stays, and a further run goes on from there`,
  },
  {
    name: 'throttled',
    when: ({ type, status }) => isThrottling(type) || status === 429,
    cause: 'AWS asks to come back later',
    hint: 'run it again in a minute: it goes on from where it was',
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
    cause: 'the resource has as many tags as AWS allows',
    hint: 'a role has room for 50 tags, those of the organisation included: bind further workloads to a second role, or remove tags that nobody needs',
  },
  {
    name: 'quota',
    when: ({ type }) => /^(LimitExceeded|ServiceQuotaExceededException)$/.test(type),
    cause: 'a quota of the account is used up',
    hint: 'AWS names the quota: raise it in Service Quotas, or delete what is not used',
  },
  {
    name: 'cloudformation',
    when: /aws:cloudformation|keys starting with '?aws:/i,
    cause: 'CloudFormation owns it',
    hint: 'change it through its stack: iam-ra changes only what it has made itself',
  },
  {
    name: 'not-there',
    when: ({ type }) => /^(NoSuchEntity(Exception)?|ResourceNotFoundException)$/.test(type),
    cause: 'it is not there, or no longer',
    hint: 'look at what there is: iam-ra status; for a policy check the ARN',
  },
  {
    name: 'exists',
    when: ({ type }) => /^EntityAlreadyExists(Exception)?$/.test(type),
    cause: 'something else has this name',
    hint: 'choose another name: --iam-role-name for a role, --installation for all of it',
  },
  {
    name: 'in-use',
    when: ({ type }) => /^DeleteConflict(Exception)?$/.test(type),
    cause: 'something is still attached to it, by someone else meanwhile',
    hint: 'run it again: it looks for what is attached; an instance profile that holds the role is to be removed by hand',
  },
  {
    name: 'malformed',
    when: ({ type }) => /^MalformedPolicyDocument(Exception)?$/.test(type),
    cause: 'AWS cannot read the policy',
    hint: 'check the file with aws accessanalyzer validate-policy, or compare it with the IAM policy grammar',
  },
  {
    name: 'unable',
    when: ({ status }) => status >= 500,
    cause: 'AWS cannot answer now',
    hint: 'run it again in a moment: it goes on from where it was',
  },
  {
    name: 'unknown',
    when: otherwise,
    hint: "compare AWS's words with the request; --verbose shows the calls",
  },
]

/** What there is to do about a trust policy that is full. */
export function waysOut(quota: number): string {
  return `three ways out: raise the quota of ${quota} characters in Service Quotas (L-C07B4B0D, "Role trust policy length"); make a second role with the same policies for further workloads; or unbind workloads that are gone`
}

/** The action that AWS names, which may be another than that of the call. */
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

/** What the SDK throws, from its own classes or of sendPlain. */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
  readonly Code?: string
}

/** @param what the call is about, after its action: `of role iam-ra-admin` */
export function asAwsError(error: unknown, action: string, what: string, nowMs: number): unknown {
  if (error instanceof IamRaError || !(error instanceof Error)) return error
  const { $metadata, $response, Code, name, message } = error as SdkError
  const status = $metadata?.httpStatusCode ?? 0
  // What is no answer of AWS and none of the credentials' is a bug.
  if (status === 0 && !/Credential|Token|Provider|SSO/.test(name)) return error
  // moto's and old services' codes are no classes of the SDK.
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
    `AWS refused ${action}${what === '' ? '' : ` ${what}`}${cause === '' ? '' : `, ${cause}`} (${said})`,
    {
      ...{ hint, cause: error, retryable: later },
      ...(status === 0 ? {} : { status }),
      ...(later ? { retryAfterMs: retryAfterMs($response?.headers?.['retry-after'], nowMs) } : {}),
    },
  )
}

/** To an answer that lacks what every answer has: something else answered. */
export function noAnswer(action: string): IamRaError {
  const { cause, hint } = explain(AWS_RULES, { action, type: '', status: 200, text: 'Deserialization error' })
  return new IamRaError('ANSWER_INVALID', STAGE, `no answer to ${action}: ${cause}`, { hint })
}

/** Whether AWS said that it has no such thing. */
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
