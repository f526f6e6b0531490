/** A role that workloads can be bound to, with a profile of its own. */
import { roleName, rolePath } from '../names.ts'
import type { Difference } from '../plan/difference.ts'
import type { Plan, Step } from '../plan/step.ts'
import type { Account } from './account.ts'
import { tagsStep } from './added-tags.ts'
import { ownerOf, type BoundRole, type Installation } from './installation.ts'
import { isOwned, ownTags, refuseFault, ROLE } from './owned.ts'
import { profileSteps } from './plan-profile.ts'
import { isThereAlready } from './refusal.ts'
import { NO_POLICIES, readPolicies, type RolePolicies } from './role-policies.ts'
import { secondsOf, wishFaults, type RoleWishes, type Seconds } from './role-wishes.ts'
import { derivePolicy, samePolicy } from './trust-policy.ts'

/** Reads the policies of an existing role and looks up new ones; everything else is in the installation. */
export async function planRole(
  account: Account,
  installation: Installation,
  wishes: RoleWishes,
): Promise<Plan> {
  const found = installation.roles.find(({ role }) => role === wishes.role)
  const seconds = secondsOf(found, wishes)
  const problems = [...wishFaults(installation.name, wishes), ...faultsOf(installation, wishes, seconds)]
  if (problems.length > 0) return { steps: [], notes: [], problems }
  const policies = found === undefined ? NO_POLICIES : await readPolicies(account, found)
  const missing = await missingPolicies(account, policies, wishes)
  if (missing.length > 0) return { steps: [], notes: [], problems: missing }
  const name = found?.name ?? wishes.iamName ?? roleName(installation.name, wishes.role)
  const arn = found?.arn ?? arnOf(account, installation, name)
  const steps = [
    ...(found === undefined
      ? [createRole(account, installation, { ...wishes, ...seconds, name })]
      : changeRole(account, found, { ...wishes, ...seconds })),
    ...policySteps(account, name, policies, wishes),
    ...(await profileSteps(
      account,
      installation.name,
      { ...wishes, ...seconds },
      arn,
      found?.profiles ?? [],
    )),
  ]
  const more = [
    ...policies.attached.filter((one) => !wishes.policies.includes(one)),
    ...Object.keys(policies.inline).filter((one) => wishes.inline[one] === undefined),
  ]
  // A run without policies only restores what is missing.
  const isAsked = wishes.policies.length + Object.keys(wishes.inline).length > 0
  const notes = isAsked
    ? more.map((one) => `role ${name} also has the policy ${one}, which stays`)
    : found === undefined
      ? [`role ${name} has no policy, so it can do only what resource policies allow; add one with --policy`]
      : []
  return { steps, notes, problems }
}

function faultsOf(
  { name, anchor, roles }: Installation,
  wishes: RoleWishes,
  { maxSessionSeconds, sessionSeconds }: Seconds,
): readonly string[] {
  const found = roles.find(({ role }) => role === wishes.role)
  return [
    ...(anchor === undefined ? [`installation ${name} has no trust anchor; run iam-ra init`] : []),
    ...(found?.fault === undefined ? [] : [`role ${found.name} ${found.fault}`]),
    ...(found !== undefined && wishes.iamName !== undefined && found.name !== wishes.iamName
      ? [`role ${wishes.role} is ${found.name} in IAM, and IAM cannot rename it; omit --iam-role-name`]
      : []),
    ...(sessionSeconds > maxSessionSeconds
      ? [
          `sessions of ${sessionSeconds} seconds are longer than the role allows (${maxSessionSeconds}); raise --max-session or lower --session-duration`,
        ]
      : []),
  ]
}

async function missingPolicies(
  account: Account,
  { attached }: RolePolicies,
  { policies }: RoleWishes,
): Promise<readonly string[]> {
  const added = policies.filter((one) => !attached.includes(one))
  const exists = await Promise.all(added.map((one) => account.iam.hasPolicy(one)))
  return added
    .filter((_one, index) => exists[index] === false)
    .map((one) => `policy ${one} does not exist; check the ARN with aws iam get-policy --policy-arn ${one}`)
}

/** One change of a role. */
function roleStep(name: string, difference: Difference, run: () => Promise<void>): Step {
  return {
    shown: { verb: 'change', what: `iam role ${name}`, differences: [difference] },
    async apply() {
      await run()
      return `${difference.name} of iam role ${name}: ${difference.after}`
    },
  }
}

function changeRole({ iam }: Account, found: BoundRole, wishes: RoleWishes & Seconds): readonly Step[] {
  const { name } = found
  const { boundary, maxSessionSeconds } = wishes
  const longest = {
    ...{ name: 'longest session', before: `${found.maxSessionSeconds} s`, after: `${maxSessionSeconds} s` },
  }
  return [
    ...(found.maxSessionSeconds === maxSessionSeconds
      ? []
      : [roleStep(name, longest, () => iam.setMaxSession(name, maxSessionSeconds))]),
    ...(boundary === undefined || found.boundary === boundary
      ? []
      : [
          roleStep(
            name,
            {
              ...{ name: 'permissions boundary', after: boundary },
              ...(found.boundary === undefined ? {} : { before: found.boundary }),
            },
            () => iam.setBoundary(name, boundary),
          ),
        ]),
    ...tagsStep(`iam role ${name}`, wishes.tags, found.tags, (missing) => iam.tagRole(name, missing)),
  ]
}

function policySteps(
  { iam }: Account,
  name: string,
  { attached, inline }: RolePolicies,
  wishes: RoleWishes,
): readonly Step[] {
  return [
    ...wishes.policies
      .filter((one) => !attached.includes(one))
      .map((arn) => roleStep(name, { name: 'policy', after: arn }, () => iam.attach(name, arn))),
    ...Object.entries(wishes.inline)
      .filter(([policy, document]) => !samePolicy(inline[policy] ?? '', document))
      .map(([policy, document]) => {
        const before = inline[policy]
        const difference = {
          ...{ name: `inline policy ${policy}`, after: `${document.length} characters` },
          ...(before === undefined ? {} : { before: `${before.length} characters` }),
        }
        return roleStep(name, difference, () => iam.putInline(name, policy, document))
      }),
  ]
}

function arnOf({ partition, id }: Account, installation: Installation, name: string): string {
  return `arn:${partition}:iam::${id}:role${rolePath(installation.name)}${name}`
}

function createRole(
  account: Account,
  installation: Installation,
  wishes: RoleWishes & Seconds & { readonly name: string },
): Step {
  const { role, name, maxSessionSeconds, boundary, tags } = wishes
  const path = rolePath(installation.name)
  const owner = ownerOf(account, installation.name)
  return {
    shown: {
      ...{ verb: 'create', what: `iam role ${name}` },
      differences: [
        { name: 'path', after: path },
        { name: 'trust policy', after: 'nobody yet' },
        { name: 'longest session', after: `${maxSessionSeconds} s` },
        ...(boundary === undefined ? [] : [{ name: 'permissions boundary', after: boundary }]),
        ...tags.map(({ Key, Value }) => ({ name: `tag ${Key}`, after: Value })),
      ],
    },
    async apply() {
      try {
        await account.iam.createRole({
          ...{ name, path, maxSessionSeconds, boundary },
          policy: derivePolicy(owner, [], undefined) ?? '',
          tags: [...ownTags(installation.name, { [ROLE]: role }), ...tags],
          description: `Created by iam-ra for workloads of installation ${installation.name}`,
        })
      } catch (error) {
        if (!isThereAlready(error)) throw error
        // Created by a call whose answer was lost, or by another operator at the same time.
        const there = await account.iam.getRole(name)
        if (there?.path !== path || !isOwned(there.tags, installation.name)) throw error
        refuseFault(`role ${name}`, there.tags)
      }
      return `created iam role ${name}`
    },
  }
}
