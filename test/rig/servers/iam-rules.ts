/** What IAM refuses and moto does not: actions that were taken away, long trust policies, too many tags on a role. */
import type { EmulatorResponse } from '../emulators/http.ts'
import { queryRefusal } from '../emulators/xml.ts'
import { isRefused, refusalText, tagContext, type Permissions } from '../emulators/permissions.ts'
import { tagsIn } from './iam-form.ts'

const NAMESPACES: Readonly<Record<string, string>> = {
  iam: 'https://iam.amazonaws.com/doc/2010-05-08/',
  sts: 'https://sts.amazonaws.com/doc/2011-06-15/',
}

/** Nobody can be refused this one: STS API Reference, "GetCallerIdentity". */
const FREE = 'sts:GetCallerIdentity'

interface Caller {
  readonly callerArn: string
  readonly account: string
  readonly permissions: Permissions
}

/** The role that a call names, if it is there. */
export interface NamedRole {
  readonly arn: string
  readonly boundary: string | undefined
}

export function permissionFault(
  action: string,
  form: URLSearchParams,
  { callerArn, account, permissions }: Caller,
  role: NamedRole | undefined,
): EmulatorResponse | undefined {
  const named = resourceOf(action, form, account)
  const resource = role?.arn ?? named.replace(/^(role|policy) /, `arn:aws:iam::${account}:$1/`)
  const tags = tagsIn(form).map(({ key, value }) => [key, value] as const)
  const keys = [...form].filter(([name]) => name.startsWith('TagKeys.member.')).map(([, key]) => key)
  const boundary = form.get('PermissionsBoundary') ?? role?.boundary
  const context = {
    ...tagContext(tags),
    ...(keys.length === 0 ? {} : { 'aws:TagKeys': keys }),
    ...(boundary === undefined ? {} : { 'iam:PermissionsBoundary': boundary }),
  }
  const refused = [action, ...parts(action, form)].find(
    (one) => one !== FREE && isRefused(permissions, { action: one, resource, context }),
  )
  if (refused === undefined) return undefined
  const namespace = NAMESPACES[action.split(':')[0] ?? ''] ?? ''
  return queryRefusal(namespace, 403, 'AccessDenied', refusalText(callerArn, refused, named))
}

/** Tags that stand in the call which makes something need the permission to tag it. */
function parts(action: string, form: URLSearchParams): readonly string[] {
  const created = /^iam:Create(Role|Policy)$/.exec(action)?.[1]
  return created !== undefined && tagsIn(form).length > 0 ? [`iam:Tag${created}`] : []
}

/** IAM names a thing that is there by its kind and name, since it looks up the path after the permission. */
function resourceOf(action: string, form: URLSearchParams, account: string): string {
  const arn = (kind: string, name: string): string => `arn:aws:iam::${account}:${kind}${name}`
  const role = form.get('RoleName')
  if (action === 'iam:CreateRole') return arn('role', `${form.get('Path') ?? '/'}${role ?? ''}`)
  if (action === 'iam:ListRoles') return arn('role', form.get('PathPrefix') ?? '/')
  if (action === 'iam:CreatePolicy')
    return arn('policy', `${form.get('Path') ?? '/'}${form.get('PolicyName') ?? ''}`)
  if (role !== null) return `role ${role}`
  const policy = form.get('PolicyArn')
  return policy === null ? '*' : `policy ${policy}`
}

/** White space does not count: IAM User Guide, "IAM and AWS STS quotas". */
export function sizeFault(form: URLSearchParams, quota: number): EmulatorResponse | undefined {
  const document = {
    CreateRole: form.get('AssumeRolePolicyDocument'),
    UpdateAssumeRolePolicy: form.get('PolicyDocument'),
  }[form.get('Action') ?? '']
  const size = (document ?? '').replace(/\s/g, '').length
  return size <= quota ? undefined : limitExceeded(`Cannot exceed quota for ACLSizePerRole: ${quota}`)
}

const MOST_TAGS = 50

/** @param present the keys that the role has; keys ignore case */
export function tagsFault(form: URLSearchParams, present: readonly string[]): EmulatorResponse | undefined {
  const keys = [...present, ...tagsIn(form).map(({ key }) => key)].map((key) => key.toLowerCase())
  // The words are not AWS's.
  return new Set(keys).size <= MOST_TAGS
    ? undefined
    : limitExceeded(`Cannot exceed quota for TagsPerRole: ${MOST_TAGS}`)
}

/** What a test may have IAM answer before it has done anything. IAM API Reference, "Common errors". */
export function throttling(): EmulatorResponse {
  return queryRefusal(NAMESPACES['iam'] ?? '', 400, 'Throttling', 'Rate exceeded')
}

export function serviceFailure(): EmulatorResponse {
  return queryRefusal(NAMESPACES['iam'] ?? '', 500, 'ServiceFailure', 'Service failure')
}

function limitExceeded(message: string): EmulatorResponse {
  return queryRefusal(NAMESPACES['iam'] ?? '', 409, 'LimitExceeded', message)
}

/** GetAccountSummary with the quota that the gate keeps to. */
export function withQuota(answer: EmulatorResponse, quota: number): EmulatorResponse {
  const body = answer.body.replace(
    /(<key>AssumeRolePolicySizeQuota<\/key>\s*<value>)\d+/,
    (_found, before: string) => `${before}${quota}`,
  )
  return { ...answer, body }
}
