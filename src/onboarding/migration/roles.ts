/** A role that annotations ask for: whether it can be had, who is trusted now, and what its owner has to add. */
import { shellWord } from '../../text/shell-word.ts'
import { thousands } from '../../text/thousands.ts'
import { isRecord } from '../../text/json.ts'
import type { RoleRecord } from '../aws/iam.ts'
import type { BoundRole, Installation } from '../aws/installation.ts'
import type { ProfileRecord } from '../aws/roles-anywhere.ts'
import {
  admissionKey,
  admissions,
  foreignStatements,
  ownStatements,
  policyFor,
  policySize,
  type Admission,
} from '../aws/trust-policy.ts'
import { profileName } from '../names.ts'
import { blocks, differs, type Finding } from './finding.ts'
import type { RoleArn } from './role-arn.ts'

/** What IAM says of the role's name; `denied` if this operator may not look. */
export type Looked = RoleRecord | 'missing' | 'denied'

export interface RoleFacts {
  readonly installation: Installation
  readonly region: string
  /** Of the account. */
  readonly profiles: readonly ProfileRecord[]
  readonly quota: number
}

export interface RolePlan {
  readonly arn: string
  readonly name: string
  /** As iam-ra knows it, if it is of this installation. */
  readonly role: string | undefined
  /** Principals that may assume it already, such as kiam's server. They stay. */
  readonly trusted: readonly string[]
  /** Names of certificates that it has to admit and does not. */
  readonly lacking: readonly string[]
  /** To be added for them; empty if nothing is. */
  readonly statements: readonly unknown[]
  readonly profile: string | undefined
  readonly findings: readonly Finding[]
  /** What its owner runs. iam-ra changes only roles that it made. */
  readonly commands: readonly string[]
}

/** @param wanted that its workloads need */
export function planRole(
  facts: RoleFacts,
  role: RoleArn,
  looked: Looked,
  wanted: readonly Admission[],
): RolePlan {
  const faults = roleFaults(facts, role, looked)
  const none = { trusted: [], lacking: [], statements: [], profile: undefined, commands: [] }
  const named = { arn: role.arn, name: role.name, role: undefined }
  if (typeof looked === 'string' || faults.length > 0) return { ...named, ...none, findings: faults }
  const own = facts.installation.roles.find(({ arn }) => arn === role.arn)
  return { ...named, ...(own === undefined ? foreign(facts, looked, wanted) : ours(facts, own, wanted)) }
}

function roleFaults({ installation }: RoleFacts, role: RoleArn, looked: Looked): readonly Finding[] {
  const { account, partition } = installation.owner
  if (role.account !== account || role.partition !== partition) {
    const text = `is in account ${role.account}: it needs a trust anchor and a profile there, with the same root. Then set iam-ra/anchor-arn and iam-ra/profile-arn on the namespace`
    return [
      blocks(
        'other-account',
        text,
        `iam-ra init --root FILE --installation ${installation.name} --profile PROFILE_OF_${role.account}`,
      ),
    ]
  }
  if (role.path.startsWith('/aws-service-role/'))
    return [
      blocks('service-linked', "is a service-linked role, whose trust policy only AWS's service can have"),
    ]
  if (looked === 'missing') return [blocks('role-missing', 'does not exist in this account')]
  if (looked === 'denied')
    return [
      blocks(
        'role-unread',
        'cannot be read with these credentials: allow iam:GetRole on it, as k8s/aws/onboarding-policy.json does',
      ),
    ]
  if (looked.arn !== role.arn)
    return [
      blocks(
        'role-path',
        `does not exist; ${looked.arn} does: the annotation needs its path, ${looked.path.slice(1)}${looked.name}`,
      ),
    ]
  return []
}

type Rest = Omit<RolePlan, 'arn' | 'name'>

function ours(facts: RoleFacts, own: BoundRole, wanted: readonly Admission[]): Rest {
  const { installation } = facts
  const profile = own.profiles.find(({ enabled }) => enabled) ?? own.profiles[0]
  const admitted = admissions(installation.owner, own.policy).map(admissionKey)
  const create = `iam-ra role create ${own.role}${installation.name === 'default' ? '' : ` --installation ${installation.name}`}`
  return {
    role: own.role,
    trusted: trustedBy(facts, own.policy),
    lacking: wanted.filter((one) => !admitted.includes(admissionKey(one))).map(({ name }) => name),
    statements: [],
    profile: profile?.arn,
    findings: [
      ...(own.fault === undefined ? [] : [blocks('role-fault', own.fault)]),
      ...profileFindings(own, profile, create),
    ],
    commands: [],
  }
}

function foreign(facts: RoleFacts, role: RoleRecord, wanted: readonly Admission[]): Rest {
  const { installation, profiles, quota } = facts
  const { owner } = installation
  const listing = profiles.filter(({ roleArns }) => roleArns.includes(role.arn))
  const profile = listing.find(({ enabled }) => enabled) ?? listing[0]
  const current = admissions(owner, role.policy)
  const keys = current.map(admissionKey)
  const lacking = wanted.filter((one) => !keys.includes(admissionKey(one)))
  const policy = policyFor(owner, [...current, ...lacking], role.policy) ?? role.policy
  const size = policySize(policy)
  const create = `aws rolesanywhere create-profile --region ${facts.region} --name ${shellWord(profileName(installation.name, role.name))} --role-arns ${shellWord(role.arn)} --enabled`
  const trust = `aws iam update-assume-role-policy --role-name ${shellWord(role.name)} --policy-document ${shellWord(policy)}`
  return {
    role: undefined,
    trusted: trustedBy(facts, role.policy),
    lacking: lacking.map(({ name }) => name),
    statements: lacking.length === 0 ? [] : ownStatements(owner, policy),
    profile: profile?.arn,
    findings: [
      ...(size > quota && lacking.length > 0
        ? [
            blocks(
              'no-room',
              `would have a trust policy of ${thousands(size)} characters, and ${thousands(quota)} fit: raise the quota, or give some of its workloads a second role`,
            ),
          ]
        : []),
      ...(profile === undefined ? [] : profileFindings(role, profile, create)),
    ],
    commands: [
      ...(lacking.length === 0 || size > quota ? [] : [trust]),
      ...(profile === undefined ? [create] : []),
    ],
  }
}

function profileFindings(
  role: RoleRecord,
  profile: ProfileRecord | undefined,
  create: string,
): readonly Finding[] {
  if (profile === undefined) return [blocks('profile-missing', 'has no profile', create)]
  if (!profile.enabled)
    return [
      blocks(
        'profile-disabled',
        `has a profile that is disabled, ${profile.arn}`,
        `aws rolesanywhere enable-profile --profile-id ${profile.id}`,
      ),
    ]
  if (profile.durationSeconds > role.maxSessionSeconds) {
    const text = `allows sessions of ${role.maxSessionSeconds} seconds, but its profile asks for ${profile.durationSeconds}`
    return [
      blocks(
        'session-too-long',
        text,
        `aws rolesanywhere update-profile --profile-id ${profile.id} --duration-seconds ${role.maxSessionSeconds}`,
      ),
    ]
  }
  return []
}

/** Of the statements that are not ours: who may assume it, `rolesanywhere.amazonaws.com` among them if someone wrote that. */
function trustedBy({ installation }: RoleFacts, policy: string): readonly string[] {
  const found = foreignStatements(installation.owner, policy).flatMap((one) => {
    if (!isRecord(one) || one['Effect'] !== 'Allow') return []
    const { Principal: principal } = one
    return isRecord(principal) ? Object.values(principal).flat() : [principal]
  })
  return [...new Set(found.filter((one) => typeof one === 'string'))]
}

/** That a pod of its own session name needs. */
export function sessionNameFindings(
  { profiles }: RoleFacts,
  { profile }: RolePlan,
  hasSessionName: boolean,
): readonly Finding[] {
  const found = profiles.find(({ arn }) => arn === profile)
  if (!hasSessionName || found === undefined || found.all['acceptRoleSessionName'] === true) return []
  const command = `aws rolesanywhere update-profile --profile-id ${found.id} --accept-role-session-name`
  return [blocks('session-name', "has a session name, which the role's profile does not accept", command)]
}

/** Whether somebody's statement may admit the workloads already, which is not evaluated. */
export function otherStatementFinding({ trusted, lacking }: RolePlan): readonly Finding[] {
  if (lacking.length === 0 || !trusted.includes('rolesanywhere.amazonaws.com')) return []
  return [
    differs(
      'other-statement',
      'has a statement of somebody else for rolesanywhere.amazonaws.com, which may admit these already',
    ),
  ]
}
