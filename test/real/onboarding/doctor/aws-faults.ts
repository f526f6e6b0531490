/** What can be wrong in AWS. */
import { createAuthority } from '../../../rig/emulators/authority.ts'
import { DEFAULT_MAPPINGS } from '../../../rig/emulators/session-tags.ts'
import { askIam } from '../../../rig/servers/moto.ts'
import { anchorTag, anchorWith, NO_KUBECTL, profileWith, type Fault, type Undo } from './fault.ts'
import type { WholeSetUp } from './set-up.ts'

const ROLE = 'iam-ra-admin'
const BINDING = 'iam-ra:default:workload/prod/shop/payment'
const DAY_MS = 86_400_000

function source(lifetimeMs: number, nowMs = Date.now()) {
  const { pem } = createAuthority({ commonName: 'Root', nowMs, lifetimeMs })
  return { sourceType: 'CERTIFICATE_BUNDLE', sourceData: { x509CertificateData: pem } } as const
}

/** Past everything: iam-ra itself would not write it. */
async function roleTag({ aws, account }: WholeSetUp, key: string, value?: string): Promise<Undo> {
  const before = (await account.iam.getRole(ROLE))?.tags.find(({ Key }) => Key === key)?.Value
  const write = (now: string | undefined) =>
    askIam(
      aws.motoUrl,
      now === undefined
        ? { Action: 'UntagRole', RoleName: ROLE, 'TagKeys.member.1': key }
        : {
            ...{ Action: 'TagRole', RoleName: ROLE },
            ...{ 'Tags.member.1.Key': key, 'Tags.member.1.Value': now },
          },
    )
  await write(value)
  return () => write(before)
}

/** @param change of its statements */
export async function trustPolicy(
  { account }: WholeSetUp,
  change: (statements: readonly object[]) => readonly object[],
): Promise<Undo> {
  const { policy = '' } = (await account.iam.getRole(ROLE)) ?? {}
  const read = JSON.parse(policy) as { readonly Statement: object[] }
  await account.iam.setTrustPolicy(ROLE, JSON.stringify({ ...read, Statement: change(read.Statement) }))
  return () => account.iam.setTrustPolicy(ROLE, policy)
}

function refusing(action: string): Pick<Fault, 'make'> {
  return {
    make: ({ aws }) => {
      aws.permissions.refused.add(action)
      return () => aws.permissions.refused.clear()
    },
  }
}

const DENY = { Sid: 'Break', Effect: 'Deny', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }
const failed = (sentence: RegExp, hint: RegExp) => ({ group: 'AWS', sentence, hint })
const warning = (sentence: RegExp, hint: RegExp) => ({ group: 'AWS', state: 'warning', sentence, hint })

const FAULTS: readonly Fault[] = [
  {
    name: 'a profile of the AWS configuration that is not there',
    env: { AWS_PROFILE: 'nowhere' },
    says: failed(
      /cannot get AWS credentials with profile nowhere: none were found/,
      /--profile or AWS_PROFILE/,
    ),
  },
  {
    name: 'no region',
    env: { AWS_REGION: '', AWS_DEFAULT_REGION: '' },
    says: failed(/^no AWS region is set$/, /--region/),
  },
  {
    name: 'an endpoint of AWS that is no URL',
    env: { AWS_ENDPOINT_URL_STS: 'moto' },
    says: failed(/AWS_ENDPOINT_URL_STS/, /set it to/),
  },
  {
    name: 'an installation that is not there',
    args: ['--installation', 'other'],
    says: failed(
      /^installation other has no trust anchor/,
      /iam-ra init .*--installation other, or name the account and region/,
    ),
  },
  {
    name: 'a trust anchor that lost its tags',
    make: anchorTag('iam-ra:installation', undefined),
    says: failed(/has the name of installation default, but not its tags/, /--installation/),
  },
  {
    name: 'a trust anchor that a newer version made',
    make: anchorTag('iam-ra:schema', '2'),
    says: failed(
      /was created by another version of iam-ra \(iam-ra:schema is 2\)/,
      /version of iam-ra that created it/,
    ),
  },
  {
    name: 'a trust anchor that is disabled',
    make: anchorWith({ enabled: false }),
    says: failed(/^trust anchor iam-ra-default is disabled$/, /^iam-ra init/),
  },
  {
    name: 'a root that has expired',
    make: anchorWith({ source: source(DAY_MS, Date.now() - 3 * DAY_MS) }),
    says: failed(/^the root of trust anchor iam-ra-default expired on 20/, /iam-ra init --installation/),
  },
  {
    name: 'a root that expires soon',
    make: anchorWith({ source: source(20 * DAY_MS) }),
    env: { VAULT_ADDR: '' },
    says: warning(/root of trust anchor iam-ra-default expires on 20.*, in (19|20) days/, /onboard/),
  },
  {
    name: 'a trust anchor with another kind of source',
    make: anchorWith({
      source: {
        sourceType: 'AWS_ACM_PCA',
        sourceData: { acmPcaArn: 'arn:aws:acm-pca:eu-central-1:111122223333:certificate-authority/1' },
      },
    }),
    says: failed(/no certificate as its source, though its certificates come from vault/, /get-trust-anchor/),
  },
  {
    name: 'two trust anchors',
    make: ({ aws: { account } }) => {
      const [first] = account.anchors.values()
      if (first === undefined) throw new Error('there is none')
      const double = { ...first, id: 'double', arn: `${first.arn}2`, createdAt: '2099-01-01T00:00:00Z' }
      account.anchors.set('double', double)
      account.tags.set(double.arn, new Map([['iam-ra:installation', 'default']]))
      return () => account.anchors.delete('double')
    },
    says: warning(/further trust anchors/, /iam-ra init .*deletes them/),
  },
  {
    name: 'a cluster that is not there',
    args: ['--cluster', 'prdo'],
    says: failed(/^installation default has no cluster prdo$/, /^did you mean prod\?$/),
  },
  {
    name: 'a workload that no role has',
    args: ['--workload', 'ghost'],
    says: failed(/^no role has a tag for ghost$/, /iam-ra k8s onboard ghost/),
  },
  {
    name: 'a workload of another namespace',
    args: ['--workload', 'payment', '--k8s-namespace', 'other'],
    says: failed(/payment of namespace other/, /--cluster prod --k8s-namespace shop/),
  },
  {
    name: 'a trust policy that somebody changed by hand',
    make: (it) => trustPolicy(it, () => [{ ...DENY, Effect: 'Allow' }]),
    says: failed(
      /^trust policy of iam-ra-admin lacks payment.shop.prod, which its tags have$/,
      /^iam-ra k8s onboard payment --cluster prod --k8s-namespace shop --role admin settles it/,
    ),
  },
  {
    name: 'a tag that somebody took away',
    make: (it) => roleTag(it, BINDING),
    says: failed(/lets in payment.shop.prod, which no tag names/, /onboard or offboard with role admin/),
  },
  {
    name: 'a statement that others wrote',
    make: (it) => trustPolicy(it, (all) => [...all, { ...DENY, Effect: 'Allow' }]),
    says: warning(/what iam-ra did not write \(Break\), and it may let in others/, /aws iam get-role/),
  },
  {
    name: 'a Deny that others wrote',
    make: (it) => trustPolicy(it, (all) => [...all, DENY]),
    says: warning(/what iam-ra did not write \(Break\), and it may refuse workloads/, /aws iam get-role/),
  },
  {
    name: 'a binding by another trust anchor',
    make: (it) =>
      roleTag(it, BINDING, 'payment eu-central-1/00000000-0000-0000-0000-000000000000 Pods of cluster prod'),
    args: ['--workload', 'payment'],
    says: failed(/trust policy of iam-ra-admin lacks payment.shop.prod/, /onboard payment/),
  },
  {
    name: 'a role that CloudFormation owns',
    make: (it) => roleTag(it, 'aws:cloudformation:stack-name', 'roles'),
    says: failed(/role iam-ra-admin belongs to the CloudFormation stack roles/, /through the stack roles/),
  },
  {
    name: 'a role with tags of a newer version',
    make: (it) => roleTag(it, 'iam-ra:schema', '2'),
    says: failed(/role iam-ra-admin was created by another version of iam-ra/, /version of iam-ra/),
  },
  {
    name: 'a role with a binding that cannot be read',
    make: (it) => roleTag(it, 'iam-ra:default:workload/prod/shop/odd', 'what'),
    says: failed(/tags that this version cannot read: iam-ra:default:workload\/prod\/shop\/odd/, /version/),
  },
  {
    name: 'a role that lost its tag',
    make: (it) => roleTag(it, 'iam-ra:installation'),
    says: failed(/^role iam-ra-admin is below \/iam-ra\/default\/ but has no tag/, /aws iam tag-role/),
  },
  {
    name: 'a trust policy that is nearly full',
    make: ({ aws }) => {
      aws.gate.trustPolicyQuota = 500
      return () => (aws.gate.trustPolicyQuota = 2048)
    },
    says: warning(/trust policy of iam-ra-admin has \d+ of 500 characters/, /L-C07B4B0D/),
  },
  {
    name: 'a profile that is not there',
    make: ({ aws: { account } }) => {
      const before = new Map(account.profiles)
      account.profiles.clear()
      return () => before.forEach((profile, id) => account.profiles.set(id, profile))
    },
    says: failed(/^role iam-ra-admin has no profile iam-ra-default-admin$/, /iam-ra role create admin/),
  },
  {
    name: 'a profile that does not list the role',
    make: profileWith({ roleArns: ['arn:aws:iam::111122223333:role/other'] }),
    says: failed(
      /^profile iam-ra-default-admin does not list role iam-ra-admin$/,
      /iam-ra role create admin/,
    ),
  },
  {
    name: 'a profile that is disabled',
    make: profileWith({ enabled: false }),
    says: failed(/^profile iam-ra-default-admin is disabled$/, /iam-ra role create admin enables it/),
  },
  {
    name: 'a profile that does not map the subject',
    make: profileWith({
      attributeMappings: DEFAULT_MAPPINGS.filter(({ certificateField: one }) => one !== 'x509Subject'),
    }),
    says: failed(/does not map x509Subject\/CN/, /put-attribute-mapping .* --certificate-field x509Subject/),
  },
  {
    name: 'a profile that does not map the issuer',
    make: profileWith({
      attributeMappings: DEFAULT_MAPPINGS.filter(({ certificateField: one }) => one !== 'x509Issuer'),
    }),
    says: failed(/does not map x509Issuer\/CN/, /--certificate-field x509Issuer/),
  },
  {
    name: 'a profile that requires instance properties',
    make: profileWith({ requireInstanceProperties: true }),
    says: failed(/requires instance properties, which pods do not send/, /delete-profile/),
  },
  {
    name: 'sessions longer than the role allows',
    make: profileWith({ durationSeconds: 43_200 }),
    says: failed(/gives sessions of 43200 s, and role iam-ra-admin allows 7200 s/, /--session-duration 7200/),
  },
  {
    name: 'two profiles',
    make: ({ aws: { account } }) => {
      const [first] = account.profiles.values()
      if (first === undefined) throw new Error('there is none')
      account.profiles.set('double', { ...first, id: 'double', arn: `${first.arn}2` })
      return () => account.profiles.delete('double')
    },
    says: warning(/^there are 2 profiles iam-ra-default-admin$/, /deletes/),
  },
  {
    name: 'a session policy',
    make: profileWith({ sessionPolicy: '{"Version":"2012-10-17","Statement":[]}' }),
    says: warning(/has a session policy, so sessions may do less/, /get-profile/),
  },
  {
    name: 'an operator who may not list trust anchors',
    ...refusing('rolesanywhere:ListTrustAnchors'),
    says: { group: 'AWS', state: 'unknown', sentence: /rolesanywhere:ListTrustAnchors/, hint: /./ },
  },
  {
    name: 'an operator who may not read roles',
    ...refusing('iam:GetRole'),
    says: { group: 'AWS', state: 'unknown', sentence: /iam:GetRole/, hint: /./ },
  },
]

export const AWS_FAULTS: readonly Fault[] = FAULTS.map((fault) => ({
  ...fault,
  env: { ...NO_KUBECTL, ...fault.env },
}))
